"""The demo: the whole flow on the sample logs, and what a second run finds."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from auditor.__main__ import main
from auditor.registry.places import open_registry
from conf.schema import load

SCRIPTED = ["--set", "auditor.backend=scripted"]


def test_the_demo_goes_from_logs_to_a_candidate_and_a_second_run_finds_nothing_new(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The gate is the real one; that guards are asked for probabilities alone is quick, and leaves less to learn."""
    home = tmp_path / "demo"
    quick = {"gate.backend": "transformers", "auditor.mode": "triage", "hygiene.min_items": "12"}
    changes = [word for pair in quick.items() for word in ("--set", "=".join(pair))]
    words = ["demo", "--dir", str(home), *SCRIPTED, *changes]
    assert main(words) == 0
    first = capfd.readouterr().out
    report = json.loads(next((home / "reports").glob("*.json")).read_text())
    assert f"Open the report: {next((home / 'reports').glob('*.html'))}" in first
    assert (report["totals"]["difference"], report["totals"]["unbalanced"]) == (0, 0)
    assert {line["name"] for line in report["by_tenant"]} == {"harbor-bank", "linden-clinic", "kestrel-software"}
    assert {line["name"] for line in report["by_thinking"]} == {"raw", "summary", "redacted", "absent", "unknown"}
    assert report["totals"]["states"]["duplicate"] == 1
    assert_trained(home, first)

    assert main(words) == 0
    second = capfd.readouterr().out
    assert "0 records" in second
    assert "0 new votes, 160 known ones" in second
    assert "traceaudit train" not in second


def assert_trained(home: Path, told: str) -> None:
    """What people said was taken whole, and the candidate serves if the gate let it pass, else its reasons are told."""
    registry = open_registry(load(overrides={"store.path": f'"{home / "traceaudit.duckdb"}"'}))
    (version,) = registry.versions()
    registry.check(version)
    assert "160 new votes, 0 known ones" in told
    assert "PASSED" in told
    assert version.manifest.gate
    serving = registry.serving()
    if version.manifest.gate.passed:
        assert serving
        assert (serving.revision, serving.by) == (version.revision, "Ruth Bergmann")
        assert "What was trained serves from now on" in told
    else:
        assert serving is None
        assert "the gate refuses it" in told
        assert "The gate refused what was trained" in told
    assert told.rstrip().endswith(f"traceaudit serve --db {home / 'traceaudit.duckdb'}")
    assert not list((home / "traceaudit.duckdb.training").glob("2*"))


def test_reviews_of_the_demo_are_of_several_people_some_at_odds_some_with_better_words() -> None:
    lines = [json.loads(line) for line in files("reports.samples").joinpath("reviews.jsonl").read_text().splitlines()]
    by_case: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_case.setdefault(line["triple_id"], []).append(line)
    votes = [[one["vote"] for one in said if one.get("kind") != "adjudication"] for said in by_case.values()]
    assert len({line["reviewer"] for line in lines}) >= 4
    assert {len(said) for said in votes} == {1, 2, 3}
    assert sum(len(set(said)) > 1 for said in votes) >= 4
    assert sum(bool(line.get("corrected_analysis")) for line in lines) >= 20
    assert any(line.get("kind") == "adjudication" for line in lines)


def test_every_sample_ends_as_its_table_says(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--dir", str(tmp_path), "--without-training", *SCRIPTED])
    capfd.readouterr()
    report = json.loads(next((tmp_path / "reports").glob("*.json")).read_text())
    states = {(row["state"], row["reason"]): row["records"] for row in report["unjudged"]}
    assert states == {
        ("rejected", "not_json"): 3,
        ("rejected", "unknown_format"): 3,
        ("rejected", "malformed_qta"): 1,
        ("empty", "tombstone"): 1,
        ("empty", "provider_error"): 1,
        ("empty", "blocked"): 1,
        ("unscorable", "content_not_captured"): 1,
    }
    lost = {row["reason"] for row in report["degraded"]["image_failures"]}
    assert lost == {
        "decompression_bomb",
        "truncated_by_logger",
        "not_fetched_policy",
        "not_an_image",
        "provider_file_id",
    }


def test_a_wrong_option_stops_the_demo_before_anything_is_done(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    assert main(["demo", "--dir", str(home), "--set", "auditor.backend=unheard"]) == 2
    assert not home.exists()
