"""Mapping files: what they find, and what they say when they are wrong."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.errors import ConfigError
from conf.schema import load
from ingest.cli import doctor
from ingest.mapping import FIELDS, load_mapping
from ingest.normalize import normalizer
from ingest.qta import ImageFailure, Normalized, Status, ThinkingKind
from tests.factories import make_record

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "mapping.toml"
TURN: dict[str, Any] = {
    "event": "chat.turn",
    "id": "turn-000000000017",
    "at": 1767225600123,
    "customer": {"name": "harbour", "member": "ada"},
    "llm": {"name": "deepseek-r1", "system": "Be brief."},
    "in": [
        {"kind": "text", "value": "How wide is the weir?"},
        {"kind": "picture", "value": "https://example.org/w.png"},
    ],
    "out": {"reasoning": "It was measured.", "text": "Forty metres.", "state": "complete"},
    "tools": [{"fn": "measure", "args": {"what": "weir"}, "gave": "40"}],
}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(text: str) -> Path:
        path = tmp_path / "house.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def become(value: Any, mapping: Path) -> Normalized:
    config = load(overrides={"ingest.mapping": str(mapping)})
    return normalizer(config)(make_record(orjson.dumps(value)))


def test_the_example_in_the_docs_reads_its_record() -> None:
    (triple,) = become(TURN, EXAMPLE).triples
    assert (triple.question, triple.thinking, triple.answer) == (
        "How wide is the weir?",
        "It was measured.",
        "Forty metres.",
    )
    assert triple.thinking_kind is ThinkingKind.RAW
    assert (triple.tenant, triple.model, triple.system_prompt) == ("harbour", "deepseek-r1", "Be brief.")
    assert triple.occurred_at == datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    assert [(call.name, call.arguments, call.result) for call in triple.tool_calls] == [
        ("measure", '{"what":"weir"}', "40")
    ]
    assert [type(image) for image in triple.images] == [ImageFailure]
    assert triple.user not in (None, "ada")
    assert triple.status is Status.COMPLETE


def test_each_field_is_in_the_docs_table() -> None:
    page = (ROOT / "docs" / "data-engineers.md").read_text(encoding="utf-8")
    section = page.split("\n### Mapping files\n")[1].split("\n## ")[0]
    assert [name for name in (*FIELDS, "when", "skip") if f"`{name}`" not in section] == []


def test_what_the_mapping_does_not_take_is_told_by_its_marks() -> None:
    assert become({"qta": 1, "question": "How?", "answer": "So."}, EXAMPLE).format == "qta"
    assert become(TURN, EXAMPLE).format == "mapping"


def test_records_that_skip_names_are_empty() -> None:
    item = become({"event": "heartbeat"}, EXAMPLE)
    assert (item.triples, item.empty_reason) == ((), "skipped_by_mapping")


def test_messages_with_an_answer_are_a_request_and_without_one_a_conversation(write: Any) -> None:
    talk = [{"role": "user", "content": "How wide?"}, {"role": "assistant", "content": "Forty."}]
    talk.append({"role": "user", "content": "And deep?"})
    value = {"talk": talk, "reply": "Three."}
    (last,) = become(value, write('[fields]\nmessages = "talk"\nanswer = "reply"')).triples
    assert (last.question, last.answer) == ("And deep?", "Three.")
    whole = become(value, write('[fields]\nmessages = "talk"')).triples
    assert [triple.question for triple in whole] == ["How wide?", "And deep?"]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"a": None, "q": None}, "question, answer, tool_calls: nothing found"),
        ({"a": "x", "s": "perhaps"}, "status"),
        ({"a": "x", "n": -1}, "turn"),
        ({"a": "x", "t": 7}, "tool_calls.0"),
        ({"a": "x", "k": "loud"}, "thinking_kind"),
        ({"a": "x", "words": 7}, "JMESPathTypeError"),
    ],
)
def test_a_record_that_the_fields_do_not_fit_is_rejected_by_name(write: Any, value: Any, detail: str) -> None:
    fields = {"question": "q", "answer": "a", "status": "s", "turn": "n", "tool_calls": "t", "thinking_kind": "k"}
    text = "[fields]\n" + "\n".join(f'{name} = "{expression}"' for name, expression in fields.items())
    item = become(value, write(f"{text}\nmodel = \"words && join(' ', words)\""))
    assert item.rejection is not None
    assert (item.rejection.reason, item.rejection.detail) == ("malformed_mapping", detail)


def test_a_provider_that_failed_leaves_the_record_empty(write: Any) -> None:
    item = become({"q": "How?", "s": "error"}, write('[fields]\nquestion = "q"\nanswer = "a"\nstatus = "s"'))
    assert item.empty_reason == "provider_error"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[fields]\nquestion = "a."', r"house\.toml, line 2: question = 'a\.': "),
        ('when = "a"\n\n[fields]\nanswer = "b"\nmodle = "c"', r"line 5: modle: unknown key; allowed here: question, "),
        ('whne = "a"\n[fields]\nanswer = "b"', r"line 1: whne: unknown key; allowed here: when, skip, fields"),
        ('[fields]\nanswer = "shout(b)"', r"line 2: answer = 'shout\(b\)': there is no function shout\(\)"),
        ("[fields]\nanswer = 7", "line 2: answer: write the JMESPath expression as a string"),
        ('[fields]\nmodel = "b"', "needs one of question, "),
        ('when = "a"', r"\[fields\] is missing"),
        ("[fields\n", "line 1"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_where(write: Any, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_mapping(write(text))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_the_doctor_shows_what_a_mapping_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "turns.jsonl"
    log.write_bytes(orjson.dumps(TURN) + b"\n")
    assert doctor([str(log), "--mapping", str(EXAMPLE), "--json"]) == 0
    (line,) = map(orjson.loads, capsys.readouterr().out.splitlines())
    assert (line["format"], line["because"]) == ("mapping", "mapped by mapping.toml")
    assert line["triples"][0]["answer"] == "Forty metres."
    assert doctor([str(log), "--mapping", str(EXAMPLE)]) == 0
    assert re.search(r"^known by\tmapped by mapping.toml\t", capsys.readouterr().out, re.MULTILINE)
