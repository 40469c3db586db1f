"""The page of a what-if: whole in one file, nothing in it can run, and it says what the numbers say."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.policies.policy import Rule
from auditor.store import Store
from conf.schema import load as config
from reports.what_if.comparison import WhatIf, compare
from reports.what_if.load import load
from reports.what_if.page import page
from tests.reports.what_if.seed import draw_and_review, fill

NOW = datetime(2026, 11, 29, tzinfo=UTC)
NASTY = '<script>alert(1)</script> "><img src=x onerror=alert(1)> $x$ \u202e'


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("what-if") / "audit.duckdb"
    with Store.open(str(path), str(path.parent / "blobs")) as store:
        fill(store, 10_000)
        draw_and_review(store)
        store.connection.execute("UPDATE triples SET tenant = ? WHERE tenant = 'ornata-shop'", [NASTY])
    return path


@pytest.fixture(scope="module")
def told(database: Path) -> WhatIf:
    with Store.open(str(database), str(database.parent / "blobs")) as store:
        loaded = load(store, config((), {}), None, None)
    current = loaded.current.policy
    proposed = replace(current, version=NASTY, rules=(Rule(tenant=NASTY, escalate=0.3),))
    return compare(loaded.material, loaded.period, current, proposed, 0.8)


@pytest.fixture(scope="module")
def html(told: WhatIf) -> str:
    return page(told, [f"new rule for {NASTY}"], NOW)


def test_nothing_in_it_can_run_or_fetch(html: str) -> None:
    assert "default-src &#39;none&#39;" in html
    assert not re.search(r"<script|<img|onerror=(?!alert)|style=|<link|<iframe", html)
    assert "\u202e" not in html
    assert "⟦U+202E⟧" in html


def test_ids_are_unique_and_references_lead_somewhere(html: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"', html) + re.findall(r"url\(#([^)]+)\)", html)
    used += [name for names in re.findall(r'aria-labelledby="([^"]+)"', html) for name in names.split()]
    assert set(used) <= set(ids)


def test_every_table_has_a_caption_and_every_chart_a_name(html: str) -> None:
    assert html.count("<table") == html.count("<caption")
    assert html.count("<svg") == html.count('role="img"') >= 4


def test_the_same_numbers_give_the_same_page(told: WhatIf, html: str) -> None:
    assert page(told, [f"new rule for {NASTY}"], NOW) == html


def test_the_command_writes_it(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "what-if.html"
    assert main(["policy", "what-if", "--db", str(database), "--escalate", "0.4", "--html", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    shown = capsys.readouterr().out
    assert "Alerts a day go from" in shown
    assert "\u202e" not in shown


def test_a_wrong_file_is_refused_with_its_line(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "mine.toml"
    wrong.write_text("version = 'x'\n[default]\nwatch = 2\n", encoding="utf-8")
    assert main(["policy", "what-if", str(wrong), "--db", str(database)]) != 0
    assert "mine.toml" in capsys.readouterr().err
