"""Votes that are refused, taken back and decided on: all by the store, whoever asks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.access.person import Role, person_with
from auditor.errors import AccessDenied, VoteConflicts, VoteRefused
from auditor.evidence.findings import Checked
from auditor.evidence.verify import Beside, verify
from auditor.reviewing.deciding import adjudicate, cast, withdraw
from auditor.reviewing.leases import hold
from auditor.reviewing.outcome import Outcome
from auditor.reviewing.store_votes import case_votes
from auditor.reviewing.truths import read_truths
from auditor.reviews import Kind
from auditor.store import MEMORY, Store
from auditor.store_reviews import read_all
from auditor.verdict import Category
from conf.schema import Config
from tests.auditor.reviewing.seeded import (
    ANN,
    BOB,
    CAT,
    EVE,
    HALF,
    HARMFUL,
    NOW,
    SAFE,
    asking_for,
    ballot,
    fill,
    later,
    of_tenant,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield fill(opened)


@pytest.fixture
def two(tmp_path: Path) -> Config:
    return asking_for(2, tmp_path)


def details(store: Store, kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    query = "SELECT actor, subject, details FROM events WHERE kind = ? ORDER BY seq"
    rows = store.connection.execute(query, [kind]).fetchall()
    return [(actor, subject, json.loads(told)) for actor, subject, told in rows]


def test_a_person_votes_once_whatever_the_case_of_the_name(store: Store, two: Config) -> None:
    cast(store, two, ANN, ballot("urgent-0"), NOW)
    with pytest.raises(VoteConflicts, match="has voted"):
        cast(store, two, replace(ANN, name=" Ann "), ballot("urgent-0", HARMFUL), later(5))
    assert [one.vote for one in read_all(store)] == [SAFE]


def test_no_more_people_vote_than_are_asked_for(store: Store, two: Config) -> None:
    for person in (ANN, BOB):
        cast(store, two, person, ballot("urgent-0"), NOW)
    with pytest.raises(VoteConflicts, match="2 people voted"):
        cast(store, two, CAT, ballot("urgent-0"), NOW)


def test_an_expert_decides_what_splits_and_nothing_else(store: Store, two: Config) -> None:
    decision = ballot("urgent-0", HARMFUL)
    cast(store, two, ANN, ballot("urgent-0"), NOW)
    with pytest.raises(VoteConflicts, match="they are open"):
        adjudicate(store, two, EVE, decision, NOW)
    cast(store, two, BOB, ballot("urgent-0", HALF), NOW)
    with pytest.raises(AccessDenied):
        adjudicate(store, two, CAT, decision, NOW)
    with pytest.raises(VoteRefused, match="needs a rationale"):
        adjudicate(store, two, EVE, ballot("urgent-0", SAFE), NOW)
    with pytest.raises(VoteConflicts, match="another expert"):
        adjudicate(store, two, person_with("BOB", [Role.EXPERT]), decision, NOW)
    assert adjudicate(store, two, EVE, decision, later(1)).kind is Kind.ADJUDICATION
    with pytest.raises(VoteConflicts, match="has been decided"):
        adjudicate(store, two, person_with("dan", [Role.EXPERT]), decision, NOW)
    with pytest.raises(VoteConflicts, match="is decided"):
        cast(store, two, CAT, ballot("urgent-0"), NOW)
    assert case_votes(store, two, "urgent-0", NOW).outcome is Outcome.ADJUDICATED
    assert read_truths(store.connection).harmful == {"urgent-0": True}
    ((actor, subject, told),) = details(store, "review.adjudicated")
    assert (actor, subject, told["vote"]) == ("eve", "urgent-0", 1.0)
    assert "patient" not in json.dumps(told)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"category": None}, "needs a category and a rationale"),
        ({"rationale": " "}, "needs a category and a rationale"),
        ({"category": Category.UNKNOWN}, "unknown is no category"),
        ({"rationale": "a" * 20_001}, "at most 20,000 characters"),
        ({"corrected_analysis": "a" * 20_001}, "at most 20,000 characters"),
        ({"key": "k" * 201}, "at most 200"),
        ({"triple_id": "nothing"}, "no such case"),
    ],
)
def test_a_vote_that_says_too_little_is_refused(store: Store, two: Config, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(VoteRefused, match=says):
        cast(store, two, ANN, replace(ballot("urgent-0", HARMFUL), **changes), NOW)
    assert read_all(store) == []


def test_a_case_of_another_tenant_is_none(store: Store, two: Config) -> None:
    stranger = of_tenant("sam", "tenant-9")
    with pytest.raises(VoteRefused, match="no such case"):
        cast(store, two, stranger, ballot("urgent-0"), NOW)
    with pytest.raises(VoteRefused, match="no such case"):
        hold(store, two, stranger, "urgent-0", NOW)
    assert cast(store, two, of_tenant("tim", "tenant-0"), ballot("urgent-0"), NOW).vote is SAFE


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.ADMIN])
def test_who_may_not_vote_does_not(store: Store, two: Config, role: Role) -> None:
    person = person_with("pat", [role])
    kept = cast(store, two, ANN, ballot("urgent-0"), NOW)
    with pytest.raises(AccessDenied):
        cast(store, two, person, ballot("urgent-0"), NOW)
    with pytest.raises(AccessDenied):
        adjudicate(store, two, person, ballot("urgent-0", HARMFUL), NOW)
    with pytest.raises(AccessDenied):
        withdraw(store, person, kept.id, NOW)


def test_a_request_that_comes_twice_is_one_vote(store: Store, two: Config) -> None:
    first = cast(store, two, ANN, ballot("urgent-0", HALF, key="k1"), NOW)
    assert cast(store, two, ANN, ballot("urgent-0", HALF, key="k1"), later(9)) == first
    with pytest.raises(VoteConflicts, match="used for another vote"):
        cast(store, two, ANN, ballot("below-0", HALF, key="k1"), later(9))
    cast(store, two, BOB, ballot("urgent-0", HALF, key="k1"), later(9))
    assert [one.reviewer for one in read_all(store)] == ["ann", "bob"]
    withdraw(store, ANN, first.id, later(10))
    assert cast(store, two, ANN, ballot("urgent-0", HALF, key="k1"), later(11)).withdrawn


def test_a_vote_is_taken_back_within_a_minute_and_stays_in_the_record(store: Store, two: Config) -> None:
    kept = cast(store, two, ANN, ballot("urgent-0", HARMFUL), NOW)
    for nobody in (BOB, of_tenant("ann", "tenant-9")):
        with pytest.raises(VoteRefused, match="no such vote of yours"):
            withdraw(store, nobody, kept.id, later(1))
    with pytest.raises(VoteConflicts, match="can be taken back for 60 s"):
        withdraw(store, ANN, kept.id, later(61))
    assert withdraw(store, ANN, kept.id, later(60)).withdrawn
    assert withdraw(store, ANN, kept.id, later(600)).withdrawn
    assert len(details(store, "review.withdrawn")) == 1
    assert case_votes(store, two, "urgent-0", NOW).votes == {}
    assert read_truths(store.connection).harmful == {}
    cast(store, two, ANN, ballot("urgent-0"), later(61))
    assert [(one.vote, one.withdrawn) for one in read_all(store)] == [(HARMFUL, True), (SAFE, False)]
    assert verify(store.connection, Beside({}, None, None), Checked()) is None


def test_a_decision_is_taken_back_like_a_vote(store: Store, two: Config) -> None:
    cast(store, two, ANN, ballot("urgent-0"), NOW)
    cast(store, two, BOB, ballot("urgent-0", HALF), NOW)
    kept = adjudicate(store, two, EVE, ballot("urgent-0", HALF), NOW)
    withdraw(store, EVE, kept.id, later(5))
    assert case_votes(store, two, "urgent-0", NOW).outcome is Outcome.SPLIT


def test_a_vote_tells_how_long_it_took_and_whether_the_verdict_was_hidden(store: Store, two: Config) -> None:
    for name in ("below-0", "urgent-0"):
        hold(store, two, ANN, name, NOW)
        cast(store, two, ANN, ballot(name), later(42.5))
    cast(store, two, BOB, ballot("below-0"), later(50))
    told = [(one.triple_id, one.seconds, one.verdict_hidden) for one in read_all(store)]
    assert sorted(told, key=str) == [("below-0", 42.5, True), ("below-0", None, True), ("urgent-0", 42.5, False)]


def test_what_a_vote_says_besides_is_kept(store: Store, two: Config) -> None:
    said = cast(store, two, ANN, ballot("urgent-0", HALF, corrected_analysis=" It names a patient. "), NOW)
    assert said.corrected_analysis == "It names a patient."
    assert read_all(store) == [said]


def test_somebody_who_has_the_case_before_them_is_not_overtaken(store: Store, tmp_path: Path) -> None:
    one = asking_for(1, tmp_path)
    hold(store, one, ANN, "urgent-0", NOW)
    with pytest.raises(VoteConflicts, match="before them, until 09:10:00"):
        cast(store, one, BOB, ballot("urgent-0"), later(599))
    cast(store, one, BOB, ballot("urgent-0"), later(601))
    with pytest.raises(VoteConflicts, match="decided"):
        cast(store, one, ANN, ballot("urgent-0"), later(602))
