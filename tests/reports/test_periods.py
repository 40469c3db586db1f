"""Weeks and months are counted by the same code as nights, and all files tell the same numbers."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from auditor.store import Store
from auditor.verdict_rows import verdict_columns
from reports.night.period import before, period_of
from reports.nightly import read_report, write_nightly
from tests.factories import make_verdict
from tests.reports.seed import EDITION, NOW, SCORER, config, judged, odds, seed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def nights(store: Store, days: int, last: datetime = NOW) -> None:
    """A night for each day: as many escalations as its number, and one harmless exchange."""
    for at in range(days):
        now, start = last - timedelta(days=days - 1 - at), at * (at + 1) // 2
        seed(store, [judged(start + n, 0.9 if n else 0.1, now) for n in range(at + 1)], now=now, start=start)


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "name"),
    [
        ("day", date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 22), "2026-11-22"),
        ("week", date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 22), "2026-W47"),
        ("week", date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3), "2026-W53"),
        ("month", date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 28), "2026-02"),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31), "2026-12"),
    ],
)
def test_a_period_is_named_and_has_its_days(kind: str, day: date, first: date, last: date, name: str) -> None:
    period = period_of(kind, day)
    assert (period.first, period.last, period.name) == (first, last, name)
    assert before(period).last == first - timedelta(days=1)


def test_a_week_is_the_sum_of_its_days_and_files_are_named_after_it(store: Store, tmp_path: Path) -> None:
    nights(store, 10)
    settings = config(report__out_dir=json.dumps(str(tmp_path)))
    written = write_nightly(store, settings, None, EDITION, period="week")
    week = period_of("week", NOW.date())
    days = [read_report(store.connection.cursor(), settings, week.first + timedelta(days=n), EDITION) for n in range(7)]
    report = written.report
    assert written.files[0].name == "audit-2026-W47.html"
    assert report.escalations.total == sum(day.escalations.total for day in days) == 3 + 4 + 5 + 6 + 7 + 8 + 9
    assert report.totals.offsets == report.totals.records == sum(day.totals.offsets for day in days) == 49
    assert [line.escalated for line in report.trend if line.in_period] == [day.escalations.total for day in days]
    (escalated,) = [line for line in report.compared if line.name == "escalated"]
    assert (escalated.now, escalated.before, escalated.per_day) == (42, 0 + 1 + 2, 6.0)


def test_an_exchange_that_was_judged_on_two_days_counts_on_both_and_once_in_the_week(store: Store) -> None:
    seed(store, [judged(0, 0.9, NOW - timedelta(days=1)), judged(1, 0.1, NOW - timedelta(days=1))])
    again = make_verdict(judged(0, 0.9)[0].id, scorer=replace(SCORER, model_revision="r2"), scored_at=NOW, **odds(0.2))
    store.insert_columns("verdicts", verdict_columns([again], "run-0"))
    report = read_report(store.connection.cursor(), config(), NOW.date(), EDITION, period="week")
    assert (report.verdicts.triples, report.escalations.total) == (2, 0)
    assert [(line.exchanges, line.escalated) for line in report.trend[-2:]] == [(2, 1), (1, 0)]
    yesterday = read_report(store.connection.cursor(), config(), NOW.date() - timedelta(days=1), EDITION)
    assert (yesterday.verdicts.triples, yesterday.escalations.total) == (2, 1)


def test_the_band_is_of_the_days_that_exist_and_there_is_none_of_too_few(store: Store) -> None:
    """9 days with 0 to 8 escalations before one with 9: median 4, 10th percentile 0.8, 90th 7.2."""
    nights(store, 10)
    report = read_report(store.connection.cursor(), config(), None, EDITION)
    (escalated,) = [line for line in report.compared if line.name == "escalated"]
    assert (escalated.now, escalated.before, escalated.days, escalated.outside) == (9, 8, 9, "above")
    assert [escalated.median, escalated.low, escalated.high] == pytest.approx([4.0, 0.8, 7.2])
    early = read_report(store.connection.cursor(), config(), NOW.date() - timedelta(days=4), EDITION)
    assert {(line.days, line.median, line.outside) for line in early.compared} == {(5, None, "")}


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_every_file_tells_the_same_numbers(store: Store, tmp_path: Path, period: str) -> None:
    nights(store, 6)
    settings = config(report__out_dir=json.dumps(str(tmp_path)), report__max_listed="4", report__max_cases="2")
    written = write_nightly(store, settings, None, EDITION, period=period)
    html, data, as_csv, as_parquet = written.files
    told, counts = json.loads(data.read_text()), written.report.escalations
    rows = list(csv.DictReader(as_csv.open(encoding="utf-8", newline="")))
    typed = pq.read_table(as_parquet).to_pylist()
    assert told["escalations"]["total"] == len(rows) == len(typed) == counts.total
    assert len(told["escalated"]) == counts.listed == min(4, counts.total)
    assert len(told["cases"]) == counts.shown == 2
    ids = [row["triple_id"] for row in typed]
    assert [row["triple_id"] for row in rows] == ids
    assert [line["triple_id"] for line in told["escalated"]] == ids[:4]
    assert [float(row["risk"]) for row in rows] == [row["risk"] for row in typed]
    for name in ("urgent", "escalate"):
        assert sum(row["level"] == name for row in rows) == sum(row["level"] == name for row in typed)
    page = " ".join(html.read_text().split())
    assert f"{counts.total} of {written.report.verdicts.triples} exchanges" in page
