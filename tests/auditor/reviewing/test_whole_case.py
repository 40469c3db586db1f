"""A case whole, with the policy's line and its history, as far as a person may know them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import NoSuchCase
from auditor.reviewing.case_history import history, trail_of
from auditor.reviewing.deciding import cast, withdraw
from auditor.reviewing.leases import Wish
from auditor.reviewing.progress import progress, said_lately
from auditor.reviewing.reads import note_image, note_read, note_search
from auditor.reviewing.store_votes import plan
from auditor.reviewing.whole_case import whole_case
from auditor.store import MEMORY, Store
from auditor.store_reviews import reviews_of
from auditor.verdict_rows import verdict_columns
from conf.schema import load
from tests.auditor.reviewing.seeded import ANN, BOB, HARMFUL, NOW, asking_for, ballot, fill, later, of_tenant
from tests.auditor.sampling.seed import AT
from tests.factories import make_run, make_verdict

CONFIG = load()


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield fill(opened)


@pytest.mark.parametrize(("name", "level"), [("urgent-0", "urgent"), ("escalated-0", "escalate"), ("below-0", "none")])
def test_the_policy_of_the_day_says_what_became_of_a_verdict(store: Store, name: str, level: str) -> None:
    whole = whole_case(store.connection, CONFIG, name, hidden=False)
    assert whole.line
    assert (whole.line.level, whole.line.escalate, whole.line.source) == (level, 0.5, "default")
    assert (whole.line.policy, whole.line.day) == ("built-in", AT.date())


def test_a_hidden_verdict_is_not_read(store: Store) -> None:
    whole = whole_case(store.connection, CONFIG, "below-0", hidden=True)
    assert (whole.verdict, whole.line, whole.earlier) == (None, None, ())
    told = history(whole, [], trail_of(store.connection, "below-0"))
    assert [(one.kind, one.words) for one in told] == [("stored", ""), ("drawn", "")]


def test_the_verdict_by_which_it_was_drawn_comes_before_later_ones(store: Store) -> None:
    other = make_verdict("urgent-0", scorer=replace(make_verdict().scorer, model_revision="r2"), scored_at=later(0))
    store.begin_run(replace(make_run("again"), kind="backfill"))
    store.insert_columns("verdicts", verdict_columns([other], "again"))
    whole = whole_case(store.connection, CONFIG, "urgent-0", hidden=False)
    assert whole.verdict
    assert (whole.verdict.model_revision, whole.verdict.kind) == ("r1", "live")
    assert [(one.model_revision, one.kind) for one in whole.earlier] == [("r2", "backfill")]


def test_no_case_is_no_case(store: Store) -> None:
    with pytest.raises(NoSuchCase):
        whole_case(store.connection, CONFIG, "nothing", hidden=False)


def test_all_that_happened_is_told_in_order(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    for at, person in enumerate((ANN, ANN, BOB, ANN)):
        note_read(store, person, "urgent-0", "page", later(at))
    kept = cast(store, two, ANN, ballot("urgent-0", HARMFUL), later(10))
    withdraw(store, ANN, kept.id, later(20))
    whole = whole_case(store.connection, two, "urgent-0", hidden=False)
    told = history(whole, reviews_of(store, "urgent-0"), trail_of(store.connection, "urgent-0"))
    assert [(one.kind, one.by, one.words, one.times) for one in told[-5:]] == [
        ("drawn", "traceaudit", "urgent", 1),
        ("read", "ann", "", 2),
        ("read", "bob", "", 1),
        ("read", "ann", "", 1),
        ("taken back", "ann", "1 data_privacy", 1),
    ]
    assert told[-1].text == "names a patient"


def test_reads_are_noted_of_cases_in_sight_and_images_with_their_case(store: Store) -> None:
    with pytest.raises(NoSuchCase):
        note_read(store, of_tenant("sam", "tenant-9"), "urgent-0", "page", NOW)
    note_image(store, ANN, "urgent-0", NOW)
    note_image(store, ANN, "urgent-0", later(60))
    note_image(store, ANN, "urgent-0", later(3600))
    note_search(store, ANN, ["text", "state"], 3, NOW)
    query = "SELECT kind, subject, details FROM events WHERE kind LIKE 'case%' ORDER BY seq"
    assert store.connection.execute(query).fetchall() == [
        ("case.read", "urgent-0", '{"where":"image"}'),
        ("case.read", "urgent-0", '{"where":"image"}'),
        ("cases.searched", "cases", '{"cases":3,"filters":["state","text"]}'),
    ]


def test_a_share_is_what_all_can_decide_by_those_at_work(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    review = replace(plan(store, two, NOW.date()), cases_per_day=2)
    assert progress(store, ANN, Wish(), NOW, review).share == 3  # of 2 x 2 votes: no more are due
    cast(store, two, ANN, ballot("urgent-0"), NOW)
    cast(store, two, BOB, ballot("urgent-0"), later(-3 * 86_400))
    for person, told in ((ANN, (1, 2, 2)), (BOB, (0, 2, 2))):
        found = progress(store, person, Wish(), NOW, review)
        assert (found.voted, found.share, found.due) == told


def test_what_one_said_last_can_be_taken_back_for_a_minute(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    kept = cast(store, two, ANN, ballot("urgent-0"), NOW)
    (said,) = said_lately(store, ANN, later(60), 2)
    assert (said.review_id, said.vote, said.outcome, said.until) == (kept.id, 0.0, "open", later(60))
    assert [one.until for one in said_lately(store, ANN, later(61), 2)] == [None]
    assert said_lately(store, BOB, NOW, 2) == []
