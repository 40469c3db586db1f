"""Reviews and calibrations in a real database: what is kept, what is fitted, and which verdicts it is for."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.answers import settle_dead_letters
from auditor.calibrate import calibrate, reviewed_groups
from auditor.calibration import IDENTITY, Method, Temperature
from auditor.pipeline import StoreKeeper
from auditor.ranges import JudgedRange
from auditor.reviewing.truths import read_truths
from auditor.reviews import Review
from auditor.sink import Sink
from auditor.store import MEMORY, Store
from auditor.store_backfill import StoreDesk
from auditor.store_calibrations import in_force, newest_risks
from auditor.store_reviews import add_reviews, read_all
from auditor.verdict import Judgment, Mode, Verdict
from auditor.verdict_rows import verdict_columns
from auditor.wire import encode
from conf.schema import load
from ingest.qta import Position, Record
from tests.factories import (
    KEY,
    NOW,
    make_batch,
    make_item,
    make_rejected,
    make_run,
    make_triple,
    make_unscorable,
    make_verdict,
)

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


def keep(store: Store, verdicts: Sequence[Verdict]) -> None:
    """Store the verdicts, each on a triple of its own that comes next, as a run does."""
    keeper = StoreKeeper(store, "run1", lambda: NOW)
    start = sum(store.positions().values())
    items = [make_item(start + n, make_triple(id=one.triple_id)) for n, one in enumerate(verdicts)]
    keeper.keep(make_batch(*items), verdicts)


def score(triple_id: str, harm: float, **changes: Any) -> Verdict:
    return make_verdict(triple_id, harm_score=harm, risk=harm, p_safe=1 - harm, **changes)


def vote(triple_id: str, *, harmful: bool, reviewer: str = "ann", at: datetime = NOW) -> Review:
    return Review(triple_id, reviewer, Judgment.HARMFUL if harmful else Judgment.SAFE, None, None, at)


def judged_and_reviewed(store: Store, **changes: Any) -> None:
    """40 triples at 0.9 and 40 at 0.1; reviewers find a quarter of either side wrong: a temperature of 2."""
    keep(store, [score(f"t{n}", 0.9 if n < 40 else 0.1, **changes) for n in range(80)])
    add_reviews(store, [vote(f"t{n}", harmful=(n < 40) == (n % 4 != 0)) for n in range(80)], NOW)


def stored(store: Store, triple_id: str) -> tuple[Any, str]:
    query = "SELECT risk, calibration FROM verdicts WHERE triple_id = ?"
    ((risk, calibration),) = store.connection.execute(query, [triple_id]).fetchall()
    return risk, calibration


def test_a_vote_is_kept_once_however_often_it_comes(store: Store) -> None:
    keep(store, [score("a", 0.9)])
    one, other = vote("a", harmful=True), vote("a", harmful=True, reviewer="bob")
    first, second = add_reviews(store, [one, one], NOW), add_reviews(store, [one, other], LATER)
    assert (first.new, first.known) == (1, 1)
    assert (second.new, second.known) == (1, 1)
    assert sorted(read_all(store), key=lambda review: review.reviewer) == [one, other]


def test_a_vote_on_a_triple_that_is_not_here_is_not_kept(store: Store) -> None:
    added = add_reviews(store, [vote("nowhere", harmful=True)], NOW)
    assert (added.new, added.strangers) == (0, frozenset({"nowhere"}))
    assert read_all(store) == []


def test_what_was_fitted_is_in_force_for_new_verdicts_and_leaves_old_ones_as_they_are(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.calibration
    keep(store, [score("new", 0.9), make_unscorable("odd"), score("cheap", 0.9, mode=Mode.TRIAGE)])
    assert stored(store, "new") == (pytest.approx(0.75, abs=1e-4), attempt.calibration.id)
    assert stored(store, "t0") == (0.9, IDENTITY)
    assert stored(store, "odd") == (None, IDENTITY)
    assert stored(store, "cheap") == (0.9, IDENTITY)
    assert newest_risks(store.connection, ["t0", "cheap", "odd"]) == {
        "t0": pytest.approx(0.75, abs=1e-4),
        "cheap": 0.9,
        "odd": None,
    }


def test_the_sink_gives_risks_too(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.calibration
    item = make_item(0, make_triple(id="far"), source="kafka:c/topic")
    said = score("far", 0.9, calibration="a worker cannot know")
    place = item.record.position
    sent = JudgedRange(place.source, 0, 0, 1, make_run("far"), items=(item,), verdicts=(said,))
    (message,) = encode(sent, 10**6, lambda data: hashlib.sha256(data).hexdigest())
    Sink(store, load().fleet, lambda: NOW).take([Record(Position("kafka:c/outcomes", 0, 0), message.value)])
    assert stored(store, "far") == (pytest.approx(0.75, abs=1e-4), attempt.calibration.id)


def test_letters_that_are_read_again_get_risks_too(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.calibration
    unread = make_rejected(sum(store.positions().values()))
    StoreKeeper(store, "run1", lambda: NOW).keep(make_batch(unread), [])
    read = make_item(unread.record.position.offset, make_triple(id="letter"))
    run, said = make_run("run2"), [score("letter", 0.9)]
    assert len(settle_dead_letters(store, load(), run, [read], said, NOW)) == 1
    assert settle_dead_letters(store, load(), run, [read], said, NOW) == []  # somebody else was faster
    assert stored(store, "letter")[1] == attempt.calibration.id


def test_a_backfill_gives_risks_too(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.calibration
    wider = replace(KEY, decoding="full/greedy/2000/low=0.2")
    run = replace(make_run("again"), scorer=wider, kind="backfill")
    assert StoreDesk(store).keep(run, [score("t0", 0.9, scorer=wider)]) == 1
    query = "SELECT calibration FROM verdicts WHERE triple_id = 't0' ORDER BY run_id"
    assert store.connection.execute(query).fetchall() == [(attempt.calibration.id,), (IDENTITY,)]


def test_the_same_reviews_give_no_second_calibration_and_others_do(store: Store) -> None:
    judged_and_reviewed(store)
    (first,), (again,) = calibrate(store, None, 50, NOW), calibrate(store, None, 50, LATER)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.calibration == again.calibration
    (other,) = calibrate(store, Method.ISOTONIC, 50, LATER)
    assert other.is_new
    assert list(in_force(store.connection).values()) == [other.calibration]
    (back,) = calibrate(store, Method.TEMPERATURE, 50, LATER + timedelta(hours=1))
    assert list(in_force(store.connection).values()) == [back.calibration]


def test_what_is_stored_of_a_calibration(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.fitted
    query = "SELECT method, n_reviews, n_harmful, parameters, diagram, metrics, fitted_at FROM calibrations"
    ((method, n, n_harmful, parameters, diagram, metrics, at),) = store.connection.execute(query).fetchall()
    assert (method, n, n_harmful, at) == ("temperature", 80, 40, NOW.replace(tzinfo=None))
    assert json.loads(parameters)["temperature"] == pytest.approx(2, rel=1e-4)
    (low, high) = json.loads(diagram)["before"]
    assert (low["mean"], low["observed"], low["n"]) == (pytest.approx(0.1), 0.25, 40)
    assert (high["mean"], high["observed"], high["n"]) == (pytest.approx(0.9), 0.75, 40)
    assert low["low"] < 0.25 < low["high"]
    assert json.loads(metrics)["before"]["ece"] == pytest.approx(0.15)
    assert json.loads(metrics)["after"]["log_loss"] == attempt.fitted.after.log_loss


def test_too_few_reviews_are_refused_and_nothing_is_in_force(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, None, 81, NOW)
    assert attempt.refused == "80 reviewed triples, and at least 81 are needed"
    assert in_force(store.connection) == {}


def test_ties_and_verdicts_without_a_score_are_left_out_and_counted(store: Store) -> None:
    keep(store, [score("a", 0.9), score("b", 0.5), make_unscorable("c")])
    add_reviews(store, [vote("a", harmful=True), vote("c", harmful=True), vote("b", harmful=True)], NOW)
    add_reviews(store, [vote("b", harmful=False, reviewer="bob")], NOW)
    (group,) = reviewed_groups(store, read_truths(store.connection))
    assert [case.score for case in group.cases] == [0.9]
    assert (group.unscored, group.tied) == (1, 1)


def test_each_way_to_ask_is_calibrated_apart(store: Store) -> None:
    first = replace(KEY, decoding="full/greedy/2000/judgment_first")
    keep(store, [score("a", 0.9), score("b", 0.8, scorer=first), score("c", 0.7, mode=Mode.TRIAGE)])
    add_reviews(store, [vote(name, harmful=True) for name in "abc"], NOW)
    groups = reviewed_groups(store, read_truths(store.connection))
    assert sorted((one.group.mode, one.cases[0].score) for one in groups) == [
        ("full", 0.9),
        ("full/judgment_first", 0.8),
        ("triage", 0.7),
    ]


def test_of_several_verdicts_of_a_group_the_last_one_counts(store: Store) -> None:
    keep(store, [score("a", 0.2, scored_at=LATER)])
    wider = replace(KEY, decoding="full/greedy/2000/8192+4x1003520")
    store.insert_columns("verdicts", verdict_columns([score("a", 0.9, scorer=wider, scored_at=NOW)], "run1"))
    add_reviews(store, [vote("a", harmful=True)], NOW)
    (group,) = reviewed_groups(store, read_truths(store.connection))
    assert [case.score for case in group.cases] == [0.2]


def test_a_triple_that_was_drawn_stands_for_those_that_were_not(store: Store) -> None:
    keep(store, [score("a", 0.9, inclusion=0.02), score("b", 0.1, inclusion=1.0), score("c", 0.5)])
    keep(store, [score("d", 0.01, inclusion=0.02, mode=Mode.TRIAGE)])
    add_reviews(store, [vote(name, harmful=True) for name in "abcd"], NOW)
    groups = reviewed_groups(store, read_truths(store.connection))
    weights = {case.score: case.weight for one in groups for case in one.cases}
    assert weights == pytest.approx({0.9: 50, 0.1: 1, 0.5: 1, 0.01: 1})


def test_another_model_is_not_touched(store: Store) -> None:
    judged_and_reviewed(store)
    (attempt,) = calibrate(store, Method.TEMPERATURE, 50, NOW)
    assert attempt.calibration
    assert isinstance(attempt.calibration.curve, Temperature)
    keep(store, [score("other", 0.9, scorer=replace(KEY, model_revision="r2"))])
    assert stored(store, "other") == (0.9, IDENTITY)
