"""Exports: the documented forms, each triple once, texts only where they may go."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.exports import EXPORTS
from auditor.store import Store
from ingest.visible import HIDDEN
from tests.auditor.exports.conftest import SPAN, TRACE

Export = Callable[..., int]
TEXTS = ("How do I hide", "I help.", "Like so.", "You are a bank", "user: hello", "analysis at", "it helps", "found")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def array(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_tasks_show_the_exchange_and_carry_the_verdict_as_a_prediction(export: Export, out: Path) -> None:
    assert export("label-studio", "--out", str(out / "tasks.json"), "--level", "none") == 0
    tasks = array(out / "tasks.json")
    assert len(tasks) == 3
    harmful = next(task for task in tasks if task["data"]["application"] == "helpdesk")
    assert harmful["data"]["question"].startswith("How do I hide =cash()? <script>")
    assert harmful["data"]["tool_calls"] == 'find {"a": 1}\nfound\n\nstop {}'
    [prediction] = harmful["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.9, "guard-3b@0123456789ab/fedcba987654")
    assert [result["value"]["choices"] for result in prediction["result"]] == [
        ["harmful"],
        ["crime_and_illegal_activities"],
    ]
    assert [vote["vote"] for vote in harmful["meta"]["votes"]] == ["harmful", "safe"]
    unscorable = next(task for task in tasks if task["meta"]["judgment"] == "unscorable")
    assert unscorable["predictions"] == []


@pytest.mark.parametrize("words", [(), ("--images",), ("--no-text",)])
def test_the_labelling_configuration_names_only_what_tasks_and_predictions_have(
    export: Export, out: Path, words: tuple[str, ...]
) -> None:
    export("label-studio", "--out", str(out / "tasks.json"), *words)
    view = ET.fromstring((out / "tasks.config.xml").read_text())  # noqa: S314 - written by us
    tasks = array(out / "tasks.json")
    asked = {name for tag in view.iter() for value in tag.attrib.values() for name in re.findall(r"\$(\w+)", value)}
    assert all(asked <= set(task["data"]) for task in tasks)
    controls = {tag.attrib["name"]: tag for tag in view.iter() if "toName" in tag.attrib}
    objects = {tag.attrib["name"] for tag in view.iter("Text")}
    for result in (one for task in tasks for made in task["predictions"] for one in made["result"]):
        values = {choice.attrib["value"] for choice in controls[result["from_name"]].iter("Choice")}
        assert set(result["value"]["choices"]) <= values
        assert result["to_name"] in objects
    assert not {tag.tag for tag in view.iter()} & {"HyperText", "Markdown", "Paragraphs"}


def test_images_travel_only_when_asked_for(export: Export, out: Path) -> None:
    export("label-studio", "--out", str(out / "tasks.json"))
    assert "base64" not in (out / "tasks.json").read_text()
    export("label-studio", "--out", str(out / "tasks.json"), "--images")
    assert all(
        image.startswith("data:image/") for task in array(out / "tasks.json") for image in task["data"]["images"]
    )


def test_argilla_gets_a_dataset_as_a_folder(export: Export, out: Path) -> None:
    assert export("argilla", "--out", str(out), "--images") == 0
    settings = json.loads((out / ".argilla/settings.json").read_text())
    fields = {field["name"] for field in settings["fields"]}
    properties = {one["name"] for one in settings["metadata"]}
    questions = {one["name"]: one["settings"] for one in settings["questions"]}
    records = array(out / "records.json")
    assert len(records) == 2
    for record in records:
        assert set(record["fields"]) <= fields
        assert set(record["metadata"]) <= properties
        for name, suggestion in record["suggestions"].items():
            assert suggestion["value"] in {option["value"] for option in questions[name]["options"]}
    harmful = next(record for record in records if record["suggestions"])
    assert harmful["suggestions"]["judgment"]["score"] == 0.9
    assert harmful["metadata"]["voted"] == ["harmful", "safe"]
    assert harmful["fields"]["image"].startswith("data:image/png;base64,")


def test_langfuse_scores_name_trace_and_observation_and_are_the_same_each_time(
    export: Export, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export("langfuse", "--out", str(out / "a"))
    assert "1 of them have no trace_id" in capsys.readouterr().out
    export("langfuse", "--out", str(out / "b"))
    assert (out / "a").read_bytes() == (out / "b").read_bytes()
    scores = [score for score in lines(out / "a") if score["observationId"] == SPAN]
    assert {(score["name"], score["value"], score["dataType"]) for score in scores} == {
        ("traceaudit-risk", 0.9, "NUMERIC"),
        ("traceaudit-judgment", "harmful", "CATEGORICAL"),
        ("traceaudit-level", "escalate", "CATEGORICAL"),
        ("traceaudit-review", "harmful", "CATEGORICAL"),
        ("traceaudit-review", "safe", "CATEGORICAL"),
    }
    assert {score["traceId"] for score in scores} == {TRACE}
    assert len({score["id"] for score in lines(out / "a")}) == len(lines(out / "a"))
    assert all(re.fullmatch(r"[\d-]{10}T[\d:.]{12}Z", score["timestamp"]) for score in scores)
    unscorable = [score for score in lines(out / "a") if score["observationId"] != SPAN]
    assert {score["name"] for score in unscorable} == {"traceaudit-judgment", "traceaudit-level"}


def test_phoenix_annotations_come_as_bodies_of_requests(export: Export, out: Path) -> None:
    export("phoenix", "--out", str(out / "a"))
    [body] = lines(out / "a")
    verdict = next(one for one in body["data"] if one["span_id"] == SPAN and one["annotator_kind"] == "LLM")
    assert verdict["result"] == {"label": "escalate", "score": 0.9, "explanation": "analysis at 0.9"}
    votes = [one for one in body["data"] if one["annotator_kind"] == "HUMAN"]
    assert [vote["result"]["score"] for vote in votes] == [1.0, 0.0]
    assert len({one["identifier"] for one in body["data"]}) == len(body["data"])
    unscorable = next(one for one in body["data"] if one["span_id"] != SPAN)
    assert "score" not in unscorable["result"]


@pytest.mark.parametrize("kind", ["label-studio", "argilla", "langfuse", "phoenix"])
def test_without_texts_nothing_that_was_said_is_in_the_files(export: Export, out: Path, kind: str) -> None:
    def written(*words: str) -> str:
        export(kind, "--level", "none", "--out", str(out / "x"), *words)
        found = [path for path in out.rglob("*") if path.is_file()]
        return "".join(path.read_text() for path in found)

    assert any(text in written() for text in TEXTS)
    assert not any(text in written("--no-text") for text in TEXTS)


@pytest.mark.parametrize("kind", ["label-studio", "argilla", "langfuse", "phoenix"])
def test_hidden_characters_are_escaped(export: Export, out: Path, kind: str) -> None:
    export(kind, "--level", "none", "--out", str(out / "x"))
    texts = [path.read_text() for path in out.rglob("*") if path.is_file()]
    assert not any(HIDDEN.search(text) for text in texts)


def test_tenant_level_and_period_choose(export: Export, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def n_tasks(*words: str) -> int:
        export("label-studio", "--out", str(out / "x"), *words)
        return len(array(out / "x"))

    assert n_tasks() == 2
    assert n_tasks("--level", "none", "--tenant", "clinic") == 1
    assert n_tasks("--from", "2026-11-01", "--to", "2026-11-21") == 0
    assert n_tasks("--date", "2026-11-22") == 2
    assert export("label-studio", "--date", "2026-11-22", "--to", "2026-11-23") == 2
    assert "--date is one day" in capsys.readouterr().err


def test_that_data_left_is_in_the_audit_trail(export: Export, out: Path, database: Path) -> None:
    export("argilla", "--out", str(out), "--by", "mara")
    with Store.open(str(database)) as store:
        query = "SELECT actor, subject, details FROM events WHERE kind = 'export.made'"
        [(actor, subject, details)] = store.connection.execute(query).fetchall()
    assert (actor, subject) == ("mara", "argilla")
    assert (json.loads(details)["triples"], json.loads(details)["texts"]) == (2, True)


def test_a_file_that_cannot_be_written_is_one_clear_line(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert export("phoenix", "--out", str(tmp_path / "file" / "x")) == 1
    assert "file/x" in capsys.readouterr().err


def test_an_unknown_kind_and_the_help_list_the_kinds(capsys: pytest.CaptureFixture[str], export: Export) -> None:
    assert export("word") == 2
    told = capsys.readouterr().err
    assert all(kind in told for kind in EXPORTS)
