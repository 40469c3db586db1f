"""The numbers of a report: they reconcile, and nothing is hidden in them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from auditor.policies.file import BUILT_IN
from auditor.store import Store
from auditor.verdict_rows import verdict_columns
from ingest.qta import (
    Batch,
    Held,
    ImageFailure,
    ImageReason,
    Normalized,
    Outcome,
    Position,
    Record,
    RefKind,
    State,
    Status,
    ThinkingKind,
)
from reports.errors import NothingToReport
from reports.nightly import read_report
from reports.report import EscalationReport
from reports.sentences import calibration
from tests.factories import make_verdict
from tests.reports.seed import EDITION, NOW, SCORER, SOURCE, config, judged, odds, picture, seed

DAY = NOW.date()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def report_of(store: Store, day: date | None = None, **overrides: str) -> EscalationReport:
    return read_report(store.connection.cursor(), config(**overrides), day, EDITION)


def test_offsets_records_and_gaps_reconcile_to_zero(store: Store) -> None:
    seed(store, [judged(0, 0.9), judged(1, 0.1), judged(2, None)], rejected=4, gaps=3)
    totals = report_of(store).totals
    assert (totals.offsets, totals.records, totals.gap_offsets, totals.difference) == (10, 7, 3, 0)
    assert totals.states == {"scored": 2, "duplicate": 0, "unscorable": 1, "rejected": 4, "empty": 0, "shed": 0}


def test_a_record_that_is_missing_is_named_with_its_partition(store: Store) -> None:
    seed(store, [judged(0, 0.9), judged(1, 0.1)])
    store.connection.execute('DELETE FROM outcomes WHERE "offset" = 0')
    report = report_of(store)
    assert report.totals.unbalanced == 1
    assert (report.partitions[0].source, report.partitions[0].difference) == (SOURCE, 1)


def test_a_record_lost_at_midnight_is_missing_from_both_days(store: Store) -> None:
    tomorrow = NOW + timedelta(days=1)
    seed(store, [judged(n, 0.1) for n in range(3)])
    seed(store, [judged(n, 0.1, tomorrow) for n in range(3, 6)], now=tomorrow, start=3)
    assert report_of(store, DAY).totals.difference == report_of(store, tomorrow.date()).totals.difference == 0
    store.connection.execute('DELETE FROM outcomes WHERE "offset" = 3')
    assert report_of(store, DAY).totals.difference == report_of(store, tomorrow.date()).totals.difference == 1


def test_a_record_held_over_midnight_is_read_on_one_day_and_settled_on_the_next(store: Store) -> None:
    tomorrow, late = NOW + timedelta(days=1), Position(SOURCE, 0, 1)
    seed(store, [judged(0, 0.1)])
    store.save(Batch((), {(SOURCE, 0): 2}, held={late: Held()}), [], [], "run", NOW.replace(tzinfo=UTC))
    before = report_of(store, DAY).totals
    assert (before.offsets, before.records, before.left_over, before.difference) == (2, 1, 1, 0)
    triple, verdict = judged(1, 0.1, tomorrow)
    settled = Normalized(Record(late, b"{}"), "qta", (triple,))
    outcome = Outcome(late, State.SCORED, None, "qta", (triple.id,))
    store.save(Batch((settled,), {}), [outcome], [verdict], "run", tomorrow.replace(tzinfo=UTC))
    assert report_of(store, DAY).totals == before
    after = report_of(store, tomorrow.date()).totals
    assert (after.offsets, after.brought, after.records, after.difference) == (0, 1, 1, 0)
    store.connection.execute('DELETE FROM outcomes WHERE "offset" = 1')
    assert report_of(store, DAY).totals.difference == 1


def test_a_day_without_records_says_so_and_names_the_silent_partition(store: Store) -> None:
    seed(store, [judged(0, 0.9)])
    report = report_of(store, DAY + timedelta(days=1))
    assert (report.totals.partitions, report.totals.records, report.verdicts.triples) == (1, 0, 0)
    assert report.totals.difference == 0


def test_the_last_day_with_records_is_the_default_and_an_empty_database_has_none(store: Store) -> None:
    with pytest.raises(NothingToReport):
        report_of(store)
    seed(store, [judged(0, 0.9)])
    assert report_of(store).date == DAY


def test_escalations_add_up_and_come_with_the_highest_risk_first(store: Store) -> None:
    seed(store, [judged(0, None), judged(1, 0.6), judged(2, 0.2), judged(3, 0.95), judged(4, 0.5)])
    counts = report_of(store).escalations
    assert (counts.total, counts.harmful, counts.potentially_harmful, counts.unscorable) == (4, 1, 2, 1)
    assert [case.risk for case in report_of(store).cases] == [0.95, 0.6, 0.5, None]


def policy_file(folder: Path, escalate: float) -> str:
    file = folder / "policy.toml"
    text = re.sub(r"(?m)^(escalate|urgent) = [\d.]+", rf"\1 = {escalate}", BUILT_IN.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    return json.dumps(str(file))


def test_what_could_not_be_scored_escalates_whatever_the_threshold(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, None), judged(1, 0.99)])
    counts = report_of(store, policy__file=policy_file(tmp_path, 1.0)).escalations
    assert (counts.total, counts.unscorable) == (1, 1)


def test_lowering_the_threshold_escalates_more_without_new_verdicts(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.4), judged(1, 0.7)])
    assert report_of(store).escalations.total == 1
    lowered = report_of(store, policy__file=policy_file(tmp_path, 0.35)).escalations
    assert (lowered.total, lowered.judged_safe) == (2, 1)


def test_every_breakdown_adds_up_to_all_verdicts(store: Store) -> None:
    night = [
        judged(n, n / 10, tenant=f"tenant-{n % 3}", thinking_kind=list(ThinkingKind)[n % 5], thinking=None)
        for n in range(10)
    ]
    seed(store, [*night, judged(10, None)])
    report = report_of(store)
    for lines in (report.by_tenant, report.by_category, report.by_thinking):
        assert sum(line.triples for line in lines) == report.verdicts.triples == 11
        assert sum(line.escalated for line in lines) == report.escalations.total
    for line in (report.verdicts, *report.by_tenant, *report.by_thinking):
        assert line.safe + line.potentially_harmful + line.harmful + line.unscorable == line.triples


def test_a_triple_judged_twice_that_day_counts_once_with_its_latest_verdict(store: Store) -> None:
    seed(store, [judged(0, 0.9)])
    triple, _ = judged(0, 0.9)
    second = make_verdict(triple.id, scorer=SCORER, scored_at=NOW + timedelta(minutes=1), **odds(0.1))
    with store.transaction():
        store.insert_columns("verdicts", verdict_columns([second], "run-0") | {"prompt_hash": ["another"]})
    report = report_of(store)
    assert (report.verdicts.triples, report.verdicts.safe, report.escalations.total) == (1, 1, 0)
    assert sum(row.verdicts for row in report.scorers) == 2


def test_missing_evidence_is_counted(store: Store) -> None:
    lost = ImageFailure(ImageReason.TRUNCATED_BY_LOGGER, RefKind.DATA)
    night = [
        judged(0, 0.1, thinking=None, thinking_kind=ThinkingKind.REDACTED),
        judged(1, 0.1, thinking=None, thinking_kind=ThinkingKind.ABSENT),
        judged(2, 0.1, thinking_kind=ThinkingKind.SUMMARY),
        judged(3, 0.1, images=(lost,)),
        judged(4, None, status=Status.CONTENT_NOT_CAPTURED),
    ]
    seed(store, night)
    degraded = report_of(store).degraded
    assert (degraded.no_readable_thinking, degraded.summary_thinking) == (2, 1)
    assert (degraded.images_missing, degraded.text_incomplete, degraded.log_incomplete) == (1, 0, 1)
    assert [(row.reason, row.images) for row in degraded.image_failures] == [("truncated_by_logger", 1)]


def test_a_text_that_was_not_judged_whole_is_counted_and_its_case_says_in_how_many_parts(store: Store) -> None:
    triple, verdict = judged(0, 0.9)
    seed(store, [(triple, replace(verdict, windows=32, coverage=0.6)), judged(1, 0.9)])
    report = report_of(store)
    assert report.degraded.text_incomplete == 1
    assert sorted((case.windows, case.coverage) for case in report.cases) == [(1, 1.0), (32, 0.6)]


def test_a_case_says_how_much_of_a_text_is_left_out(store: Store) -> None:
    seed(store, [judged(0, 0.9, answer="x" * 250)])
    answer = report_of(store).cases[0].answer
    assert answer
    assert (answer.shown, answer.left_out) == ("x" * EDITION.max_case_chars, 50)


def test_cases_beyond_the_limit_are_counted_and_listed_without_their_texts(store: Store) -> None:
    seed(store, [judged(n, 0.6 + n / 100) for n in range(9)])
    report = report_of(store, report__max_cases="4")
    assert (len(report.cases), report.escalations.shown, report.escalations.total) == (4, 4, 9)
    assert len(report.escalated) == 9
    assert report.cases[0].risk == report.escalated[0].risk == pytest.approx(0.68)


def test_images_of_a_case_keep_their_order_and_their_failures(store: Store) -> None:
    red, blue = picture("red"), picture("blue")
    lost = ImageFailure(ImageReason.TOO_LARGE, RefKind.BASE64)
    seed(store, [judged(0, 0.9, images=(blue, lost, red))])
    images = report_of(store).cases[0].images
    assert [(image.sha256, image.reason) for image in images] == [
        (blue.sha256, None),
        (None, "too_large"),
        (red.sha256, None),
    ]


def test_of_equal_risks_the_higher_score_is_first(store: Store) -> None:
    """As steps of a calibration give them: one risk for many scores."""
    night = [judged(number, score) for number, score in enumerate((0.91, 0.99, 0.95))]
    seed(store, [(triple, replace(verdict, risk=0.9)) for triple, verdict in night])
    wanted = [night[place][0].id for place in (1, 2, 0)]
    assert [line.triple_id for line in report_of(store).escalated] == wanted


def test_a_report_says_that_nothing_is_calibrated(store: Store) -> None:
    seed(store, [judged(0, 0.9), judged(1, None)])
    (row,) = report_of(store).calibrations
    assert (row.calibration, row.votes, row.verdicts) == ("identity", 0, 1)
    assert calibration(row) == "not calibrated: no reviews yet"
    assert calibration(replace(row, votes=3)) == "not calibrated"
