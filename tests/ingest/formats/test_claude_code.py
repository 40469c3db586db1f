"""Sessions whose lines come one at a time: what they become together, and that it stays the same as they grow."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.schema import load
from ingest.formats.claude_code import fragments
from ingest.formats.envelope import open_envelope
from ingest.normalize import joiner, normalize
from ingest.qta import QTATriple
from tests.factories import make_record

CONFIG = load()
CASES = (Path(__file__).parent / "claude_code" / "in.jsonl").read_bytes().splitlines()
SESSIONS = [lines for lines in map(orjson.loads, CASES) if isinstance(lines, list)]


def joined(lines: list[dict[str, Any]]) -> list[QTATriple]:
    """The triples of lines that come a record each."""
    payloads: dict[str, list[Any]] = {}
    for line in lines:
        for fragment in fragments(open_envelope(line)):
            payloads.setdefault(fragment.key, []).append(fragment.payload)
    join = joiner(CONFIG)
    return [triple for held in payloads.values() for triple in join("claude_code", held, make_record()).triples]


@pytest.mark.parametrize("lines", SESSIONS)
def test_lines_one_by_one_are_what_they_are_together(lines: list[dict[str, Any]]) -> None:
    together = normalize(make_record(orjson.dumps(lines)), CONFIG.ingest, CONFIG.images).triples
    assert {triple.id for triple in joined(lines)} == {triple.id for triple in together}


def spoken(number: int, role: str, content: Any, **message: Any) -> dict[str, Any]:
    """A line of a session."""
    own = {"uuid": f"line-{number}", "parentUuid": None, "sessionId": "session-of-the-dock"}
    return {**own, "type": role, "message": {"role": role, "content": content, **message}}


GROWING = [
    spoken(1, "user", "Which dock?"),
    spoken(2, "assistant", [{"type": "text", "text": "The old one."}], id="msg_growing_000001"),
    spoken(3, "user", "Open it."),
    spoken(4, "assistant", [{"type": "tool_use", "id": "t", "name": "open", "input": {}}], id="msg_growing_000002"),
    spoken(5, "user", [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]),
    spoken(6, "assistant", [{"type": "text", "text": "It is open."}], id="msg_growing_000003"),
]


def test_turns_keep_their_ids_when_the_session_grows() -> None:
    before, after = joined(GROWING[:2]), joined(GROWING)
    assert [triple.id for triple in before] == [triple.id for triple in after[:1]]
    assert [triple.turn for triple in after] == [0, 1]


def test_a_turn_that_went_on_after_it_was_read_is_judged_again() -> None:
    unfinished, whole = joined(GROWING[:4])[-1], joined(GROWING)[-1]
    assert (unfinished.answer, whole.answer) == (None, "It is open.")
    assert unfinished.id != whole.id


def test_a_copy_of_a_session_under_another_name_is_known() -> None:
    copy = [{**line, "sessionId": "session-resumed"} for line in GROWING]
    assert [triple.id for triple in joined(copy)] == [triple.id for triple in joined(GROWING)]


def test_a_line_that_comes_twice_counts_once() -> None:
    assert joined([*GROWING[:2], *GROWING]) == joined(GROWING)


def test_the_end_of_a_stream_closes_its_session() -> None:
    line = {"type": "result", "subtype": "success", "session_id": "session-sdk", "result": "done"}
    (fragment,) = fragments(open_envelope(line))
    assert (fragment.key, fragment.closes) == ("session-sdk", True)


def test_the_answer_has_the_id_of_the_gateways_record_of_it() -> None:
    request = {"messages": [{"role": "user", "content": "Which dock?"}]}
    content = [{"type": "text", "text": "The old one."}]
    response = {"id": "msg_growing_000001", "type": "message", "role": "assistant", "content": content}
    value = orjson.dumps({"request": request, "response": response})
    (triple,) = normalize(make_record(value), CONFIG.ingest, CONFIG.images).triples
    assert triple.id == joined(GROWING)[0].id
