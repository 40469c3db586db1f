"""Policies are proposed by one person, approved by another, and hold from a day on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from auditor.errors import PolicyRefused
from auditor.policies.changes import changes
from auditor.policies.file import configured_policy, read_policy
from auditor.policies.store import Act, Version, decide, history, in_force, policies_by_day, propose
from auditor.store import MEMORY, Store
from conf.schema import load

CONFIGURED = configured_policy(load().policy)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield opened


def text(version: str, escalate: float = 0.4, approvers: str = "[]") -> str:
    changed = CONFIGURED.text.replace('"built-in"', f'"{version}"').replace("escalate = 0.5 ", f"escalate = {escalate}")
    return changed.replace("approvers = []", f"approvers = {approvers}")


def proposed(store: Store, version: str = "v1", by: str = "ana", start: date = TODAY, **how: str | float) -> Version:
    return propose(store, text(version, **how), "f.toml", start, Act(by, NOW))  # type: ignore[arg-type]


def approve(store: Store, number: int, by: str = "ben", now: datetime = NOW) -> Version:
    return decide(store, number, Act(by, now), CONFIGURED, approve=True)


def test_until_one_is_approved_the_configured_policy_holds(store: Store) -> None:
    proposed(store)
    assert in_force(store.connection, TODAY, CONFIGURED).number == 0


def test_what_is_approved_holds_from_its_day(store: Store) -> None:
    proposed(store, start=TODAY + timedelta(days=3))
    approve(store, 1)
    days = policies_by_day(store.connection, TODAY, TODAY + timedelta(days=4), CONFIGURED)
    assert [one.number for one in days.values()] == [0, 0, 0, 1, 1]
    last = days[TODAY + timedelta(days=4)]
    assert (last.policy.default.escalate, last.proposed_by, last.approved_by) == (0.4, "ana", "ben")


def test_an_approval_that_comes_late_changes_no_day_before_it(store: Store) -> None:
    proposed(store)
    approve(store, 1, now=NOW + timedelta(days=2))
    days = policies_by_day(store.connection, TODAY, TODAY + timedelta(days=2), CONFIGURED)
    assert [one.number for one in days.values()] == [0, 0, 1]


def test_the_later_day_wins_and_of_one_day_the_later_approval(store: Store) -> None:
    for at, version in enumerate(("v1", "v2", "v3")):
        proposed(store, version, start=TODAY + timedelta(days=(1, 0, 1)[at]))
    for number in (3, 1, 2):
        approve(store, number, now=NOW + timedelta(minutes=(2, 3, 1)[number - 1]))
    days = policies_by_day(store.connection, TODAY, TODAY + timedelta(days=1), CONFIGURED)
    assert [one.number for one in days.values()] == [2, 1]


@pytest.mark.parametrize("by", ["ana", " ANA "])
def test_nobody_approves_their_own_proposal(store: Store, by: str) -> None:
    proposed(store)
    with pytest.raises(PolicyRefused, match="another person"):
        approve(store, 1, by)
    assert history(store.connection)[0].decision is None


def test_the_approvers_of_the_policy_in_force_approve_the_next(store: Store) -> None:
    proposed(store, approvers='["cleo"]')
    approve(store, 1, "ben")
    proposed(store, "v2", approvers='["ben"]')
    with pytest.raises(PolicyRefused, match="ben may not approve a policy; cleo may"):
        approve(store, 2, "ben")
    assert approve(store, 2, "Cleo").decision == "approved"


def test_a_decision_stands(store: Store) -> None:
    proposed(store)
    decide(store, 1, Act("ben", NOW, "too low"), CONFIGURED, approve=False)
    with pytest.raises(PolicyRefused, match="was rejected by ben"):
        approve(store, 1, "cleo")
    with pytest.raises(PolicyRefused, match="no policy 2"):
        approve(store, 2, "cleo")
    assert in_force(store.connection, TODAY, CONFIGURED).number == 0


def test_what_cannot_be_taken_leaves_nothing_behind(store: Store) -> None:
    proposed(store)
    for told, day, by in (
        ("version = 1", TODAY, "ana"),
        (text("v9"), TODAY - timedelta(days=1), "ana"),
        (text("v1", 0.6), TODAY, "ana"),
        (text("v9"), TODAY, " "),
    ):
        with pytest.raises(PolicyRefused):
            propose(store, told, "f.toml", day, Act(by, NOW))
    assert len(history(store.connection)) == 1
    assert store.connection.execute("SELECT count(*) FROM events WHERE kind LIKE 'policy.%'").fetchone() == (1,)


def test_each_step_is_an_event(store: Store) -> None:
    proposed(store)
    approve(store, 1)
    proposed(store, "v2")
    decide(store, 2, Act("ben", NOW), CONFIGURED, approve=False)
    query = "SELECT actor, kind, subject FROM events WHERE kind LIKE 'policy.%' ORDER BY seq"
    assert store.connection.execute(query).fetchall() == [
        ("ana", "policy.proposed", "1"),
        ("ben", "policy.approved", "1"),
        ("ana", "policy.proposed", "2"),
        ("ben", "policy.rejected", "2"),
    ]


def test_changes_are_sentences() -> None:
    rule = '\n[[rule]]\ntenant = "a"\nescalate = {}\n'
    old = read_policy(text("v1", 0.5) + rule.format(0.4), "old")
    new = read_policy(
        text("v2", 0.45, '["ben"]') + rule.format(0.3) + '[[rule]]\nthinking = "absent"\nwatch = 0.1\n', "new"
    )
    assert changes(old, new) == (
        "default: escalate 0.5 becomes 0.45",
        "tenant a: escalate 0.4 becomes 0.3",
        "new rule for thinking absent: watch 0.1",
        "approvers: anyone but the proposer becomes ben",
    )
    assert changes(old, old) == ()
