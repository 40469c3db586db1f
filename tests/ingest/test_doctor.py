import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.schema import load
from ingest.cli import doctor
from ingest.doctor import CAUSES, Summary, examine
from ingest.normalize import normalizer
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


def test_a_source_with_something_to_score_needs_no_cause() -> None:
    summary = Summary()
    for examined in examine(map(normalizer(load()), [make_record(orjson.dumps(ROW)), make_record(b"{", 1)])):
        summary.add(examined)
    assert summary.likely_cause is None
    assert Summary().likely_cause == "the source holds no records"


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
