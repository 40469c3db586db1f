"""The demo: the whole flow on the sample logs, and what a second run finds."""

import json
from pathlib import Path

import pytest

from auditor.__main__ import main

SCRIPTED = ["--set", "auditor.backend=scripted"]


def test_the_demo_ends_with_a_report_that_reconciles_and_a_second_run_finds_nothing_new(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "demo"
    assert main(["demo", "--dir", str(home), *SCRIPTED]) == 0
    first = capfd.readouterr().out
    report = json.loads(next((home / "reports").glob("*.json")).read_text())
    assert f"Open the report: {next((home / 'reports').glob('*.html'))}" in first
    assert (report["totals"]["difference"], report["totals"]["unbalanced"]) == (0, 0)
    assert {line["name"] for line in report["by_tenant"]} == {"harbor-bank", "linden-clinic", "kestrel-software"}
    assert {line["name"] for line in report["by_thinking"]} == {"raw", "summary", "redacted", "absent", "unknown"}
    assert report["totals"]["states"]["duplicate"] == 1

    assert main(["demo", "--dir", str(home), *SCRIPTED]) == 0
    assert "0 records" in capfd.readouterr().out


def test_every_sample_ends_as_its_table_says(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--dir", str(tmp_path), *SCRIPTED])
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
