import json
import re
import runpy
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from conf.schema import load
from ingest.assembly import Assembler, assembled
from ingest.causes import CAUSES, NO_RECORDS, REQUESTS_ONLY, cause_of, causes, notes
from ingest.cli import doctor
from ingest.doctor import Summary, examine
from ingest.doctor_table import draw, rows_of
from ingest.normalize import joiner, normalizer
from ingest.qta import State
from tests.factories import make_record

SHARED = Path(__file__).parents[2] / ".." / "shared"
ROW: dict[str, Any] = {"qta": 1, "question": "How deep?", "answer": "Nine."}
OFF = {
    "resourceSpans": [
        {"scopeSpans": [{"spans": [{"attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}}]}]}
    ]
}


def states(*values: Any) -> list[State]:
    normalize = normalizer(load())
    records = (make_record(orjson.dumps(value), offset) for offset, value in enumerate(values))
    return [examined.outcome.state for examined in examine(map(normalize, records))]


def test_a_record_seen_before_is_a_duplicate() -> None:
    assert states(ROW, ROW | {"answer": "Ten."}, ROW) == [State.SCORED, State.SCORED, State.DUPLICATE]


def test_content_that_was_not_captured_is_unscorable_and_the_cause_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(OFF))
    assert doctor([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "state\tunscorable\tcontent_not_captured\t1\t100 %" in out
    assert CAUSES["content_not_captured"] in out


def test_json_has_one_line_a_record_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [orjson.dumps(ROW), b"{broken", orjson.dumps(ROW | {"images": ["https://example.org/a.png"]})]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    assert doctor([str(tmp_path / "a.jsonl"), "--json", "--limit", "3"]) == 0
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["state"], second["state"], second["reason"]) == ("scored", "rejected", "not_json")
    assert [first["position"]["offset"], third["position"]["offset"]] == [0, 2]
    (triple,) = third["triples"]
    assert triple["images"] == [{"ref_kind": "https", "origin": "user", "failure": "not_fetched_policy"}]
    assert triple["thinking"] is None


def test_the_limit_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}\n" * 9)
    doctor([str(tmp_path), "--json", "--limit", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(orjson.dumps(ROW))
    doctor([str(tmp_path), "--json"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def summed(*values: Any, masked: tuple[str, ...] = ()) -> Summary:
    """The summary of a source of these records, bytes as they are and all else as JSON."""
    raw = (value if isinstance(value, bytes) else orjson.dumps(value) for value in values)
    records = (make_record(value, at) for at, value in enumerate(raw))
    summary, config = Summary(masked=masked), load()
    assembler = Assembler(config.assembly, normalizer(config), joiner(config))
    for examined in examine(assembled(records, assembler)):
        summary.add(examined)
    return summary


def span(**attributes: str) -> dict[str, Any]:
    listed = [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "GET /", "attributes": listed}]}]}]}


def test_a_source_with_something_to_score_needs_no_cause() -> None:
    assert causes(summed(ROW, b"{")) == []


ASKED = {"model": "m", "messages": [{"role": "user", "content": "Why?"}]}
CIPHER = {
    "request": ASKED | {"max_tokens": 9},
    "response": {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "redacted_thinking", "data": "Ab=="}, {"type": "text", "text": "So."}],
    },
}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((), NO_RECORDS),
        ((span(http__request__method="GET"),) * 3, CAUSES["no_model_turn"]),
        ((OFF, OFF, OFF), CAUSES["content_not_captured"]),
        ((ASKED, ASKED), REQUESTS_ONLY),
        (({"request": ASKED, "response": None},), REQUESTS_ONLY),
        (({"level": "info", "msg": "x"},), CAUSES["unknown_format"]),
        ((b"plain text",), CAUSES["not_json"]),
        ((b"",), CAUSES["tombstone"]),
    ],
    ids=["empty", "http_spans", "capture_off", "requests", "half_logged", "other_logs", "text", "tombstones"],
)
def test_a_source_with_nothing_to_score_is_told_why(values: tuple[Any, ...], says: str) -> None:
    (cause,) = causes(summed(*values))
    assert cause.endswith(says)


def test_several_causes_are_told_by_how_often_they_hold() -> None:
    found = causes(summed(b"{", b"", b"", b"", ASKED))
    assert [line.partition(" of ")[0] for line in found] == ["3", "1", "1"]


def test_ciphertext_in_place_of_thinking_is_worth_a_note() -> None:
    found = summed(CIPHER)
    assert causes(found) == []
    assert [note for note in notes(found) if "ciphertext" in note]
    assert [note for note in notes(summed(ROW)) if "no thinking in these logs" in note]
    assert list(notes(summed(ROW | {"thinking": "Deep.", "thinking_kind": "raw"}))) == []


def test_what_was_masked_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [ROW | {"question": f"Mail {name}@harbour.example", "answer": name} for name in ("alice", "bob")]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, [*rows, ROW])))
    assert doctor([str(tmp_path), "--set", "masking.enabled=true"]) == 0
    out = capsys.readouterr().out
    assert "masked\tEMAIL_ADDRESS\t\t2\t67 %" in out
    assert "harbour" not in out


def test_each_reason_that_the_code_gives_has_its_cause() -> None:
    source = "\n".join(
        file.read_text(encoding="utf-8") for file in (Path(__file__).parents[2] / "ingest").rglob("*.py")
    )
    given = set(re.findall(r"(?:Nothing|Unreadable)\(\s*\"([a-z_]+)\"", source))
    given |= set(re.findall(r"rejected\([^()]*?\"([a-z]+_[a-z_]+)\"", source))
    assert len(given) > 10
    assert [reason for reason in given if cause_of(reason) == reason] == []


def test_the_logs_own_words_cannot_write_to_the_terminal() -> None:
    said = Summary(records=1, triples=1)
    said.fields["not understood", "\x1b[2Jgone\ttab\n"] = 1
    (row,) = rows_of(said)
    assert row[1].isprintable()


def test_on_a_terminal_it_is_one_table_with_what_to_do_below() -> None:
    found = summed(OFF, OFF)
    console = Console(record=True, width=120, file=StringIO(), force_terminal=True)
    draw(found, list(rows_of(found)), console)
    shown = console.export_text()
    assert "2 records, 2 triples; nothing was written" in shown
    assert "Nothing would be scored" in shown
    assert max(map(len, shown.splitlines())) <= 120


FORMATS = (
    "openai.chat_completions",
    "anthropic.messages",
    "otel.genai",
    "llamafactory",
    "mistral",
)
NOT_READ_YET = {"otel_genai/otlp_proto_reasoning_multiturn.pb": "protobuf"}


@pytest.fixture
def shared() -> Path:
    if not SHARED.exists():
        pytest.skip("shared samples are not beside this checkout")
    return SHARED


def test_real_logs_become_what_their_manifest_says(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The comparison is the samples' own; in one process, since each start of Python costs more than the reading."""
    checker = runpy.run_path(str(shared / "tools" / "check_samples.py"))
    logs = shared / "samples" / "logs"
    samples = json.loads((logs / "manifest.json").read_text(encoding="utf-8"))["samples"]
    chosen = [s for s in samples if s["format"].startswith(FORMATS) and s["file"] not in NOT_READ_YET]
    assert len(chosen) > 20
    problems: dict[str, Any] = {}
    for sample in chosen:
        doctor([str(logs / sample["file"]), "--json"])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        if found := checker["check"](sample, lines):
            problems[sample["file"]] = found
    assert not problems


def test_the_samples_own_tool_agrees_when_it_runs_the_command(shared: Path) -> None:
    tool = [sys.executable, str(shared / "tools" / "check_samples.py"), "--only", "mistral"]
    run = subprocess.run(
        [*tool, "--command", f"{sys.executable} -m auditor"], capture_output=True, text=True, check=False
    )
    assert run.stdout == "agree 1 of 1 files (1.000)\n"
