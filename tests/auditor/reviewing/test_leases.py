"""Who is given which case next, and for how long it is kept from others."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.access.person import Person, Role, person_with
from auditor.errors import AccessDenied
from auditor.reviewing.deciding import adjudicate, cast, withdraw
from auditor.reviewing.filters import Filters
from auditor.reviewing.leases import Taken, Wish, hold, put_back, take_next
from auditor.reviewing.votes import Lease
from auditor.store import MEMORY, Store
from conf.schema import Config
from tests.auditor.reviewing.seeded import (
    ANN,
    BOB,
    CAT,
    EVE,
    HALF,
    NOW,
    SAFE,
    asking_for,
    ballot,
    fill,
    later,
    of_tenant,
)
from tests.auditor.sampling.seed import DAY


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield fill(opened)


@pytest.fixture
def one(tmp_path: Path) -> Config:
    return asking_for(1, tmp_path)


@pytest.fixture
def two(tmp_path: Path) -> Config:
    return asking_for(2, tmp_path)


def given(store: Store, config: Config, person: Person, seconds: float = 0, **wish: Any) -> str | None:
    taken = take_next(store, config, person, Wish(**wish), later(seconds))
    return taken.due.triple_id if taken else None


def test_each_gets_a_case_of_their_own_urgent_ones_first(store: Store, one: Config) -> None:
    assert [given(store, one, person) for person in (ANN, BOB, CAT)] == ["urgent-0", "escalated-0", "below-0"]
    assert given(store, one, EVE) is None


def test_a_case_that_two_are_to_vote_on_goes_to_two(store: Store, two: Config) -> None:
    assert [given(store, two, person) for person in (ANN, BOB, CAT)] == ["urgent-0", "urgent-0", "escalated-0"]


def test_a_reviewer_gets_the_same_case_until_it_is_voted_on(store: Store, two: Config) -> None:
    assert given(store, two, ANN) == "urgent-0"
    assert given(store, two, ANN, 500) == "urgent-0"
    cast(store, two, ANN, ballot("urgent-0"), later(501))
    assert given(store, two, ANN, 502) == "escalated-0"


def test_a_lease_is_renewed_by_asking_and_frees_the_case_when_it_expires(store: Store, one: Config) -> None:
    taken = take_next(store, one, ANN, Wish(), NOW)
    assert isinstance(taken, Taken)
    assert taken.expires_at == NOW + timedelta(seconds=600)
    given(store, one, ANN, 500)
    assert given(store, one, BOB, 1099) == "escalated-0"
    assert given(store, one, CAT, 1101) == "urgent-0"
    assert given(store, one, ANN, 1102) == "below-0"


def test_what_is_passed_over_or_put_back_goes_to_others(store: Store, one: Config) -> None:
    assert given(store, one, ANN) == "urgent-0"
    assert given(store, one, ANN, passed=["urgent-0"]) == "escalated-0"
    assert given(store, one, BOB) == "urgent-0"
    put_back(store, BOB, "urgent-0")
    assert given(store, one, CAT) == "urgent-0"


def test_a_vote_taken_back_makes_the_case_due_again(store: Store, one: Config) -> None:
    kept = cast(store, one, ANN, ballot("urgent-0"), NOW)
    assert given(store, one, BOB) == "escalated-0"
    withdraw(store, ANN, kept.id, later(9))
    assert given(store, one, CAT, 10) == "urgent-0"


def test_a_decided_case_is_not_given(store: Store, two: Config, tmp_path: Path) -> None:
    cast(store, two, ANN, ballot("urgent-0"), NOW)
    cast(store, two, BOB, ballot("urgent-0", HALF), NOW)
    assert given(store, two, CAT) == "escalated-0"
    adjudicate(store, two, EVE, ballot("urgent-0", HALF), NOW)
    assert given(store, asking_for(3, tmp_path), CAT) == "escalated-0"


def test_only_cases_in_sight_are_given(store: Store, one: Config) -> None:
    assert given(store, one, of_tenant("sam", "tenant-9")) is None
    assert given(store, one, of_tenant("tim", "tenant-9", "tenant-0")) == "urgent-0"


@pytest.mark.parametrize(
    ("filters", "finds"),
    [
        (Filters(tenant="tenant-9"), None),
        (Filters(tenant="tenant-0"), "urgent-0"),
        (Filters(max_risk=0.9), "escalated-0"),
        (Filters(max_risk=0.5), None),  # the verdict on the case below the line is hidden, and so is its risk
        (Filters(category="unknown", max_risk=0.7), "escalated-0"),
        (Filters(category="data_privacy"), None),
        (Filters(first=DAY, last=DAY), "urgent-0"),
        (Filters(first=DAY + timedelta(days=1)), None),
    ],
)
def test_a_reviewer_may_ask_for_some_cases_only(store: Store, one: Config, filters: Filters, finds: str | None) -> None:
    assert given(store, one, ANN, filters=filters) == finds


def test_a_case_that_is_opened_is_kept_like_one_that_was_given(store: Store, one: Config) -> None:
    assert isinstance(hold(store, one, ANN, "below-0", NOW), Lease)
    assert "before them" in str(hold(store, one, BOB, "below-0", NOW))
    assert given(store, one, ANN) == "below-0"
    cast(store, one, ANN, ballot("below-0", SAFE), NOW)
    assert "has voted" in str(hold(store, one, ANN, "below-0", NOW))
    assert "is decided" in str(hold(store, one, BOB, "below-0", NOW))
    assert "does not vote" in str(hold(store, one, person_with("val", [Role.VIEWER]), "urgent-0", NOW))


def test_who_does_not_vote_is_given_nothing(store: Store, one: Config) -> None:
    with pytest.raises(AccessDenied):
        given(store, one, person_with("val", [Role.VIEWER]))


def test_leases_do_not_pile_up(store: Store, one: Config) -> None:
    given(store, one, ANN)
    given(store, one, BOB, 3 * 86_400)
    assert store.connection.execute("SELECT count(*) FROM leases").fetchall() == [(1,)]
