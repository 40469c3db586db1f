"""With `ingest.granularity = "step"` each call of the model in a turn is a triple of its own, whatever the format."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.schema import Config, load
from ingest.formats import FORMATS
from ingest.normalize import normalize
from ingest.qta import QTATriple, Status
from tests.factories import make_record

HERE = Path(__file__).parent
TURN, STEP = load(), load(overrides={"ingest.granularity": "step"})
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAFElEQVR4nGM8ISfHwMDAxMDAgKAAFEoBCqHkTQMAAAAASUVORK5CYII="
LINES = [line for name in FORMATS for line in (HERE / "formats" / name / "in.jsonl").read_bytes().splitlines()]


def read(value: Any, config: Config = STEP) -> tuple[QTATriple, ...]:
    return normalize(make_record(orjson.dumps(value)), config.ingest, config.images).triples


def said(number: int, *blocks: Any) -> dict[str, Any]:
    message = {"id": f"msg_step_{number:010d}", "role": "assistant", "content": list(blocks)}
    return line("assistant", f"a{number}", message)


def line(kind: str, uuid: str, message: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "uuid": uuid, "parentUuid": None, "sessionId": "session-steps", "message": message}


def returned(call_id: str, *content: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": list(content)}
    return line("user", f"r{call_id}", {"role": "user", "content": [block]})


SHOT = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
SESSION = [
    line("user", "u1", {"role": "user", "content": "Open the gate."}),
    said(1, {"type": "thinking", "thinking": "Look."}, {"type": "tool_use", "id": "c1", "name": "look", "input": {}}),
    returned("c1", {"type": "text", "text": "closed"}, SHOT),
    said(2, {"type": "text", "text": "I open it."}, {"type": "tool_use", "id": "c2", "name": "open", "input": {}}),
    returned("c2", {"type": "text", "text": "opened"}),
    said(3, {"type": "thinking", "thinking": "Done."}, {"type": "text", "text": "It is open."}),
]


def test_each_call_of_a_transcript_is_a_triple() -> None:
    first, second, third = read(SESSION)
    assert {triple.question for triple in (first, second, third)} == {"Open the gate."}
    assert [triple.answer for triple in (first, second, third)] == [None, "I open it.", "It is open."]
    assert [triple.thinking for triple in (first, second, third)] == ["Look.", None, "Done."]
    assert [[call.name for call in triple.tool_calls] for triple in (first, second, third)] == [["look"], ["open"], []]
    assert [triple.status for triple in (first, second, third)] == [Status.COMPLETE] * 3


def test_a_step_has_the_results_of_its_calls_and_the_steps_before_as_context() -> None:
    first, second, third = read(SESSION)
    assert [call.result for call in (*first.tool_calls, *second.tool_calls)] == ["closed", "opened"]
    assert first.context == ""
    assert second.context == "tool: closed"
    assert third.context == "tool: closed\nassistant: I open it.\ntool: opened"


def test_an_image_that_a_tool_gave_back_goes_with_the_step_that_saw_it() -> None:
    assert [len(triple.images) for triple in read(SESSION)] == [0, 1, 0]


def test_steps_have_ids_of_their_own_that_stay_when_the_log_grows() -> None:
    ids = [triple.id for triple in read(SESSION)]
    assert len({*ids, *(triple.id for triple in read(SESSION, TURN))}) == 4
    assert [triple.id for triple in read(SESSION[:3])] == ids[:1]


def test_a_request_repeats_steps_that_had_records_of_their_own() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": "{}"}}]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "closed"}
    request = {"messages": [{"role": "user", "content": "Is it open?"}, call, result]}
    response = {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "No."}}]}
    (triple,) = read({"request": request, "response": response})
    assert (triple.answer, triple.tool_calls, triple.context) == ("No.", (), "tool: closed")


def test_a_turn_of_one_call_is_one_step() -> None:
    row = {"conversations": [{"from": "human", "value": "How deep?"}, {"from": "gpt", "value": "Nine."}]}
    (triple,) = read(row)
    assert triple.answer == "Nine."


@pytest.mark.parametrize("line", LINES)
def test_no_format_loses_what_was_said(line: bytes) -> None:
    """All thinking, calls and answers of the turns are in the steps; for requests, those that are not repeats."""
    turns, steps = (normalize(make_record(line), c.ingest, c.images) for c in (TURN, STEP))
    assert bool(turns.triples) == bool(steps.triples)
    assert {t.answer for t in turns.triples if t.answer} <= {t.answer for t in steps.triples}
