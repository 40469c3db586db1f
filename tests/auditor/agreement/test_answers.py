"""Which votes count, beside which verdict, and what is told of the parts of the cases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from auditor.agreement.answers import agreement
from auditor.agreement.apart import BESIDE_GUARD, SPLIT
from auditor.agreement.found import Found
from auditor.agreement.queries import Chosen, standing_votes
from auditor.store import MEMORY, Store
from auditor.verdict import Category
from conf.schema import load
from tests.auditor.agreement.seed import AT, case, draw, judge, seed, vote
from tests.factories import KEY

CONFIG = load()
WEEK = timedelta(days=7)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        seed(opened)
        yield opened


def found(store: Store, since: date | None = None, tenant: str | None = None, most: int = 20) -> Found:
    return agreement(store, CONFIG, since, tenant, most, 50)


def told_votes(store: Store) -> dict[str, dict[str, float]]:
    votes = standing_votes(store.connection, Chosen())
    return {
        one.triple_id: {name: level / 2 for name, level in zip(votes.reviewers, row, strict=True) if level >= 0}
        for one, row in zip(votes.cases, votes.levels, strict=True)
    }


def test_a_database_without_votes_says_so_without_a_crash(store: Store) -> None:
    told = found(store)
    assert (told.cases, told.votes, told.to_discuss) == (0, 0, 0)
    assert told.whole.people.harmful.figures["ac1"].value is None
    assert [part.lines for part in told.parts] == [[], [], [], [], []]


def test_the_last_vote_of_a_person_counts_whatever_the_case_of_the_name(store: Store) -> None:
    case(store, "t1")
    vote(store, "t1", {"Ann": 0, "bob": 0})
    vote(store, "t1", {"ANN": 1}, AT + timedelta(hours=1))
    assert told_votes(store) == {"t1": {"ANN": 1, "bob": 0}}


def test_since_goes_by_the_last_vote_on_a_case_and_keeps_the_earlier_ones_on_it(store: Store) -> None:
    case(store, "old")
    case(store, "new")
    vote(store, "old", {"ann": 0, "bob": 0})
    vote(store, "new", {"ann": 0})
    vote(store, "new", {"bob": 0}, AT + WEEK)
    told = found(store, since=(AT + WEEK).date())
    assert (told.cases, told.votes) == (1, 2)


def test_a_tenant_sees_its_own_cases_only(store: Store) -> None:
    case(store, "t1", tenant="a")
    case(store, "t2", tenant="b")
    for name in ("t1", "t2"):
        vote(store, name, {"ann": 0, "bob": 1})
    told = found(store, tenant="b")
    assert (told.cases, [one.case.triple_id for one in told.apart]) == (1, ["t2"])


def test_the_guard_is_the_verdict_by_which_a_case_was_drawn_else_the_latest(store: Store) -> None:
    newer = replace(KEY, model_revision="r2")
    for name in ("drawn", "searched"):
        case(store, name, 0)
        judge(store, name, 1, newer, scored_at=AT)
        vote(store, name, {"ann": 1, "bob": 1})
    draw(store, "drawn", "below")
    votes = standing_votes(store.connection, Chosen())
    assert [(one.triple_id, one.guard, one.model, one.drawn) for one in votes.cases] == [
        ("drawn", 0, "r1", "below"),
        ("searched", 1, "r2", "not drawn"),
    ]
    assert found(store).models == {"r1": 1, "r2": 1}


def test_no_judgment_is_never_taken_for_safe(store: Store) -> None:
    case(store, "t1", None)
    case(store, "t2", 0)
    for name in ("t1", "t2"):
        vote(store, name, {"ann": 0, "bob": 0})
    told = found(store)
    assert told.no_judgment == 1
    assert told.whole.guard.harmful.cases == 1
    assert told.whole.people.harmful.cases == 2


def test_half_counts_as_harmful_beside_safe_and_apart_from_one_on_three_levels(store: Store) -> None:
    for at in range(4):
        case(store, f"t{at}", 0.5)
        vote(store, f"t{at}", {"ann": 0.5, "bob": 1})
    told = found(store).whole.people
    assert told.harmful.figures["observed"].value == 1
    assert told.levels.figures["observed"].value == 0


def test_parts_are_by_category_of_the_verdict_by_draw_tenant_and_week(store: Store) -> None:
    case(store, "t1", tenant="a", category=Category.HATE)
    case(store, "t2", tenant="b")
    case(store, "t3", tenant="b")
    draw(store, "t1", "urgent")
    for name in ("t1", "t2"):
        vote(store, name, {"ann": 0, "bob": 0})
    vote(store, "t3", {"ann": 0, "bob": 0}, AT + WEEK)
    told = {part.by: [(line.name, line.people.harmful.cases) for line in part.lines] for part in found(store).parts}
    assert told == {
        "category": [("unknown", 2), ("hate_speech", 1)],
        "drawn": [("not drawn", 2), ("urgent", 1)],
        "verdict": [("unknown", 3)],
        "tenant": [("b", 2), ("a", 1)],
        "week": [("2026-03-09", 1), ("2026-03-02", 2)],
    }


def test_each_reviewer_is_set_beside_the_others_and_left_out_of_them(store: Store) -> None:
    """Ann and bob agree on all four; cy says the opposite of both on the two on which he voted."""
    for at in range(4):
        case(store, f"t{at}", at % 2)
        vote(store, f"t{at}", {"ann": at % 2, "bob": at % 2})
    for at in range(2):
        vote(store, f"t{at}", {"cy": 1 - at})
    told = {one.name: one for one in found(store).reviewers}
    assert list(told) == ["ann", "bob", "cy"]
    assert (told["cy"].votes, told["cy"].harmful, told["cy"].others.harmful.cases) == (2, 1, 2)
    assert told["cy"].others.harmful.figures["observed"].value == 0
    assert told["cy"].guard.harmful.figures["observed"].value == 0
    assert told["cy"].without.harmful.figures["observed"].value == 1
    assert told["ann"].others.harmful.figures["observed"].value == pytest.approx((0.5 + 0.5 + 1 + 1) / 4)
    pairs = {(one.one, one.other): one.agreement.harmful for one in found(store).pairs}
    assert {two: told.cases for two, told in pairs.items()} == {("ann", "bob"): 4, ("ann", "cy"): 2, ("bob", "cy"): 2}
    assert pairs["ann", "bob"].figures["cohen"].value == 1


def test_cases_to_talk_about_come_with_the_most_even_split_first(store: Store) -> None:
    votes: dict[str, tuple[float, dict[str, float]]] = {
        "agreed": (0, {"ann": 0, "bob": 0}),
        "by a level": (0.5, {"ann": 0.5, "bob": 1}),
        "even": (0, {"ann": 0, "bob": 1}),
        "guard alone": (1, {"ann": 0, "bob": 0}),
        "one alone": (0, {"ann": 0, "bob": 0, "cy": 1}),
        "single": (1, {"ann": 0}),
    }
    for name, (guard, said) in votes.items():
        case(store, name, guard)
        vote(store, name, said)
    told = found(store)
    assert [(one.case.triple_id, one.what) for one in told.apart] == [
        ("even", SPLIT),
        ("one alone", SPLIT),
        ("by a level", SPLIT),
        ("guard alone", BESIDE_GUARD),
    ]
    assert told.apart[1].votes == {"ann": 0, "bob": 0, "cy": 1}
    assert (found(store, most=1).to_discuss, len(found(store, most=1).apart)) == (4, 1)


def test_votes_that_were_taken_back_and_adjudications_do_not_count(store: Store) -> None:
    for name in ("taken", "judged"):
        case(store, name)
        vote(store, name, {"ann": 0, "bob": 1})
    ((review_id,),) = store.connection.execute(
        "SELECT id FROM reviews WHERE triple_id = 'taken' AND reviewer = 'bob'"
    ).fetchall()
    taken = {"review_id": review_id, "triple_id": "taken", "by": "bob", "at": AT.replace(tzinfo=None)}
    store.insert("withdrawals", [taken])
    decided = {"id": "a", "triple_id": "judged", "reviewer": "eve", "vote": 1.0, "kind": "adjudication"}
    moment = AT.replace(tzinfo=None)
    store.insert("reviews", [decided | {"at": moment, "stored_at": moment}])
    assert told_votes(store) == {"judged": {"ann": 0, "bob": 1}, "taken": {"ann": 0}}


def test_cases_are_told_apart_by_whether_the_verdict_was_kept_from_all_who_voted(store: Store) -> None:
    moment = AT.replace(tzinfo=None)
    seen: dict[str, list[bool | None]] = {"hidden": [True, True], "shown": [True, False], "mixed": [True, None]}
    for name, known in seen.items():
        case(store, name)
        rows = [
            {"id": f"{name}{at}", "triple_id": name, "reviewer": f"r{at}", "vote": 0.0, "verdict_hidden": hidden}
            for at, hidden in enumerate(known)
        ]
        store.insert("reviews", [row | {"at": moment, "stored_at": moment} for row in rows])
    told = {part.by: [line.name for line in part.lines] for part in found(store).parts}
    assert told["verdict"] == ["hidden", "shown", "unknown"]
