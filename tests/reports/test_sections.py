"""Sections behind the first page: what they count adds up, and comes from where it says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

import pytest

from auditor.agreement.figures import FEW_RARE
from auditor.reviews import Review
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from ingest.qta import GuardSignal, ImageFailure, ImageReason, RefKind, Status, ThinkingKind
from reports.night.drift import EDGES, ENOUGH, psi
from reports.night.room import MAX_BYTES, SHORT, Room, html_bytes
from reports.nightly import read_report
from reports.render import render
from reports.report import EscalationReport
from tests.reports.full_report import full_report
from tests.reports.seed import EDITION, NOW, Judged, config, judged, picture, seed

BEFORE = NOW - timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def report_of(store: Store, at: datetime = NOW) -> EscalationReport:
    return read_report(store.connection.cursor(), config(), at.date(), EDITION)


def said(number: int, risk: float | None, *words: str, **changes: Any) -> Judged:
    signals = tuple(GuardSignal("openai.moderation", "output", word) for word in words)
    return judged(number, risk, guards=signals, **changes)


def test_psi_is_the_sum_over_bins() -> None:
    """Two bins, 8 of 10 before and 5 of 10 now, each count half higher: shares 8.5/11, 2.5/11 and 5.5/11, 5.5/11."""
    wanted = (5.5 - 8.5) / 11 * log(5.5 / 8.5) + (5.5 - 2.5) / 11 * log(5.5 / 2.5)
    assert psi([8, 2], [5, 5]) == pytest.approx(wanted)
    assert psi([8, 2], [80, 20]) < 0.01
    assert psi([100, 0], [0, 100]) > 5


def test_drift_is_told_by_tenant_and_model_where_there_are_enough_scores(store: Store) -> None:
    old = [judged(n, 0.02 if n % 2 else 0.3, BEFORE, model="m") for n in range(ENOUGH)]
    new = [judged(ENOUGH + n, 0.9, model="m") for n in range(ENOUGH)]
    few = [judged(9_000 + n, 0.3, tenant="small") for n in range(3)]
    seed(store, old, now=BEFORE)
    seed(store, [*new, *few], start=len(old))
    drift = report_of(store).drift
    whole, moved, small = drift.lines
    assert (whole.tenant, whole.n, whole.reading) == (None, ENOUGH + 3, "shifted")
    assert (moved.tenant, moved.model, moved.n_before, moved.same_guard) == ("harbor-bank", "m", ENOUGH, True)
    assert moved.now[EDGES.index(0.85)] == 1.0
    assert [sum(moved.before), sum(moved.now)] == pytest.approx([1.0, 1.0])
    assert (small.tenant, small.psi, small.reading, small.before) == ("small", None, "too_few", ())


def test_the_three_layers_stand_side_by_side_and_add_up(store: Store) -> None:
    night = [
        said(0, 0.9, "passed"),
        said(1, 0.1, "blocked", "passed"),
        said(2, 0.1, "flagged"),
        said(3, None, "passed"),
        said(4, 0.97, "refused"),
        said(5, 0.1, "failed"),
        judged(6, 0.35),
        judged(7, 0.8),
    ]
    seed(store, night)
    report = report_of(store)
    lines = {line.said: line for line in report.layers.lines}
    assert list(lines) == ["stopped", "flagged", "passed", "failed", "nothing"]
    for line in lines.values():
        assert line.none + line.watch + line.escalated + line.urgent + line.unscorable == line.exchanges
    assert sum(line.exchanges for line in lines.values()) == report.verdicts.triples == 8
    assert (lines["passed"].escalated, lines["passed"].unscorable, lines["stopped"].urgent) == (1, 1, 1)
    apart = {one.kind: one for one in report.layers.disagreements}
    assert {kind: one.exchanges for kind, one in apart.items()} == {
        "passed_escalated": 1,
        "stopped_safe": 1,
        "flagged_safe": 1,
    }
    assert apart["stopped_safe"].examples == (night[1][0].id,)
    assert apart["stopped_safe"].by_tenant == {"harbor-bank": 1}
    assert (report.layers.trajectory.passed, report.layers.trajectory.silent) == (1, 1)
    assert {(line.verdict, line.exchanges) for line in report.layers.signals} == {
        ("passed", 3),
        ("blocked", 1),
        ("flagged", 1),
        ("refused", 1),
        ("failed", 1),
    }


def test_what_the_image_adds_is_counted(store: Store) -> None:
    def seen(number: int, risk: float, stage: str, *flags: str) -> Judged:
        triple, verdict = said(number, risk, "passed", images=(picture(),))
        return triple, replace(verdict, stage=stage, flags=flags, images_seen=1)

    night = [seen(0, 0.9, "image", "needs_image"), seen(1, 0.8, "image+question"), seen(2, 0.1, "")]
    seed(store, [*night, judged(3, 0.9)])
    image = report_of(store).layers.image
    assert (image.exchanges, image.seen, image.escalated) == (3, 3, 2)
    assert (image.image_in_stage, image.image_alone, image.needs_image, image.passed_and_needs_image) == (2, 1, 1, 1)
    parts = {line.stage: line.triples for line in report_of(store).by_part}
    assert parts == {"image": 2, "question": 1, "thinking": 0, "answer": 0}


def test_degraded_coverage_counts_an_exchange_once_in_the_sum_and_in_each_lack(store: Store) -> None:
    lost = ImageFailure(ImageReason.TRUNCATED_BY_LOGGER, RefKind.DATA)
    night = [
        judged(0, 0.9, thinking=None, thinking_kind=ThinkingKind.REDACTED, images=(lost,)),
        judged(1, 0.1, thinking_kind=ThinkingKind.SUMMARY, tenant="b"),
        judged(2, 0.1, status=Status.INCOMPLETE),
        judged(3, 0.1),
    ]
    seed(store, night, rejected=2, gaps=5)
    degraded = report_of(store).degraded
    assert (degraded.exchanges, degraded.escalated, degraded.statuses) == (3, 1, {"incomplete": 1})
    tenants = [(line.name, line.exchanges, line.degraded) for line in degraded.by_tenant]
    assert tenants == [("harbor-bank", 3, 2), ("b", 1, 1)]
    assert degraded.traces
    assert (degraded.traces.gap_offsets, degraded.traces.unreadable, degraded.traces.held) == (5, 2, 0)
    assert [(line.reason, line.ranges, line.offsets) for line in degraded.traces.gaps] == [("compacted", 1, 5)]


def vote(store: Store, triple_id: str, reviewer: str, judgment: Judgment, at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    add_reviews(store, [Review(triple_id, reviewer, judgment, None, None, now)], now)


def test_review_work_is_what_was_drawn_and_voted_on_by_the_end_of_the_period(store: Store) -> None:
    old = NOW - timedelta(days=10)
    first = [judged(n, risk, old) for n, risk in enumerate((0.99, 0.7, 0.6, 0.1, 0.2))]
    seed(store, first, now=old)
    draw(store, config(), old.date(), (old + timedelta(hours=3)).replace(tzinfo=UTC))
    seed(store, [judged(10, 0.9), judged(11, 0.1)], start=len(first))
    draw(store, config(), NOW.date(), NOW.replace(tzinfo=UTC), early=True)
    vote(store, first[0][0].id, "Ada", Judgment.HARMFUL, NOW)
    vote(store, first[0][0].id, "ada", Judgment.HARMFUL, NOW)
    vote(store, first[1][0].id, "bob", Judgment.SAFE, NOW + timedelta(days=1))
    report = report_of(store)
    work = report.reviews
    assert (work.drawn, work.due, work.done, work.overdue) == (2, 6, 1, 4)
    assert [(day.day, day.drawn, day.done) for day in work.days] == [(NOW.date(), 2, 0), (old.date(), 5, 1)]
    assert {line.reviewer for line in work.reviewers} == {"Ada", "ada"}
    assert work.outcomes == {"harmful": 2}
    ages = {line.low: line for line in report.open_cases.ages}
    assert (ages[0].drawn, ages[8].drawn, report.open_cases.not_drawn) == (2, 4, 0)
    assert report.open_cases.oldest[0].day == old.date()
    store.connection.execute("DELETE FROM draws WHERE reason <> 'below'")
    assert {line.low: line.not_drawn for line in report_of(store).open_cases.ages if line.not_drawn} == {0: 1, 8: 2}


def test_misses_below_the_line_are_estimated_once_there_are_reviews(store: Store) -> None:
    night = [judged(n, (n % 10) / 25) for n in range(400)]
    seed(store, night)
    assert report_of(store).missed.why_not == "no_sample"
    draw(store, config(), NOW.date(), NOW.replace(tzinfo=UTC), early=True)
    assert report_of(store).missed.why_not == "no_reviews"
    query = "SELECT triple_id FROM draws WHERE reason = 'below'"
    drawn = [one for (one,) in store.connection.execute(query).fetchall()]
    for place, one in enumerate(drawn):
        vote(store, one, "ada", Judgment.HARMFUL if place % 3 == 0 else Judgment.SAFE, NOW)
    missed = report_of(store).missed
    assert (missed.population, missed.drawn, missed.reviewed) == (400, len(drawn), len(drawn))
    assert missed.harmful == -(-len(drawn) // 3)
    if missed.why_not:
        assert (missed.why_not, missed.missed) == ("too_few", None)
    else:
        assert missed.low is not None
        assert missed.high is not None
        assert missed.missed is not None
        assert 0 < missed.low < missed.missed < missed.high < 400
        assert missed.per_day == missed.missed


def test_a_case_has_its_history(store: Store) -> None:

    def talk(number: int, risk: float, now: datetime) -> Judged:
        return judged(number, risk, now, conversation_id="c1", user="u1")

    seed(store, [talk(0, 0.9, BEFORE), judged(1, 0.9, BEFORE, user="u1"), talk(2, 0.1, BEFORE)], now=BEFORE)
    seed(store, [talk(3, 0.9, NOW), judged(4, 0.9)], start=3)
    draw(store, config(), NOW.date(), NOW.replace(tzinfo=UTC), early=True)
    vote(store, judged(3, 0.9)[0].id, "ada", Judgment.HARMFUL, NOW)
    cases = {case.triple_id: case.history for case in report_of(store).cases}
    known, lone = cases[judged(3, 0.9)[0].id], cases[judged(4, 0.9)[0].id]
    assert (known.same_conversation, known.same_user) == (1, 2)
    assert [(one.reviewer, one.vote) for one in known.votes] == [("ada", "harmful")]
    assert [one.reason for one in known.draws] == ["escalated"]
    assert (lone.same_conversation, lone.same_user, lone.votes) == (None, None, ())


def test_names_beyond_the_first_are_one_line_and_the_sum_stays(store: Store) -> None:
    seed(store, [judged(n, 0.1, application=f"app-{n:03}") for n in range(230)])
    report = report_of(store)
    assert len(report.by_application) == 201
    assert (report.by_application[-1].name, report.by_application[-1].names) == ("", 30)
    assert sum(line.triples for line in report.by_application) == report.verdicts.triples == 230


def test_texts_are_cut_where_a_page_has_no_more_room() -> None:
    room = Room(left=5_000)
    room.next_case()
    first, second = room.take("x" * 4_000, 10_000), room.take("<" * 4_000, 10_000)
    assert first
    assert second
    assert (len(first.shown), first.left_out) == (4_000, 0)
    assert (len(second.shown), second.left_out) == (SHORT, 4_000 - SHORT)
    assert room.take(None, 10) is None
    assert html_bytes("<\u202e") == len("&lt;") + len("⟦U+202E⟧".encode())
    assert MAX_BYTES < 5_000_000 / 2


def vote_of(name: str, triple_id: str, vote: float, at: datetime) -> Review:
    harmful = {"category": Category.OTHER, "rationale": "so"} if vote else {"category": None, "rationale": None}
    return Review(triple_id, name, Judgment(vote), at=at.replace(tzinfo=UTC), **harmful)


def test_agreement_is_of_four_weeks_and_of_what_was_there_by_the_end_of_the_night(store: Store) -> None:
    """30 cases of two people, who differ on three; a third vote of the day after is of the next report."""
    night = [judged(n, 0.9 if n < 6 else 0.1) for n in range(30)]
    seed(store, night)
    ids = [triple.id for triple, _ in night]
    votes = [vote_of("ann", one, float(at < 6), NOW) for at, one in enumerate(ids)]
    votes += [vote_of("bob", one, float(at < 3), NOW) for at, one in enumerate(ids)]
    add_reviews(store, votes, NOW.replace(tzinfo=UTC))
    tomorrow = NOW + timedelta(days=1)
    add_reviews(store, [vote_of("cy", ids[0], 0, NOW)], tomorrow.replace(tzinfo=UTC))
    told = report_of(store).agreement
    assert (told.first, told.last) == (date(2026, 10, 26), date(2026, 11, 22))
    assert (told.cases, told.people.cases, told.guard.cases) == (30, 30, 30)
    assert told.people.same.value == pytest.approx(27 / 30)
    assert told.guard.same.value == pytest.approx(28.5 / 30)
    assert told.people.ac1.low is not None
    assert told.people.both_harmful.why_not == FEW_RARE
    later = report_of(store, tomorrow).agreement.people.same.value
    assert later is not None
    assert later < 27 / 30


def test_a_report_without_votes_says_so(store: Store) -> None:
    seed(store, [judged(0, 0.9)])
    page = render(report_of(store), {})
    assert "Nobody voted in the days from 2026-10-26 to 2026-11-22." in page


def test_the_page_tells_agreement_with_intervals_and_too_few_plainly() -> None:
    page = render(full_report(), {})
    assert "On 93 of 100 cases two people say the same: harmful, or not. It may be 88 to 96." in page
    assert "People agree more with each other than with the guard, by 0.04 (AC1; 0.01 to 0.08)." in page
    assert "0.71 (too few to tell how sure)" in page
