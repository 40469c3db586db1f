"""Users are kept once, changed with an event, and sealed like all evidence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.access.person import Right, Role
from auditor.access.store_users import By, Change, NewUser, add_user, all_users, change_user, find_user, has_users
from auditor.errors import UserRefused
from auditor.evidence.answers import verify
from auditor.store import Store
from tests.auditor.access.people import BY, KEPT, add
from tests.auditor.evidence.filled import config_for
from tests.factories import NOW

OTHER = "$argon2id$other"
LATER = By("root", NOW + timedelta(hours=1))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


def events(store: Store, kind: str) -> list[tuple[str, str, dict[str, object]]]:
    rows = store.connection.execute(
        "SELECT actor, subject, details FROM events WHERE kind = ? ORDER BY seq", [kind]
    ).fetchall()
    return [(actor, subject, json.loads(details)) for actor, subject, details in rows]


def test_a_user_is_found_in_whatever_case_and_there_is_one_of_each(store: Store) -> None:
    assert not has_users(store.connection)
    added = add(store, " Ada Strauß ")
    assert added.name == "Ada Strauß"
    assert has_users(store.connection)
    assert find_user(store.connection, "ada STRAUSS") == added
    assert find_user(store.connection, "Ada") is None
    with pytest.raises(UserRefused, match="there is a user 'Ada Strauß'"):
        add(store, "ADA STRAUSS")
    assert [user.name for user in all_users(store.connection)] == ["Ada Strauß"]


@pytest.mark.parametrize("name", ["", "  ", "a\u202eb", "a\nb", "traceaudit", "TraceAudit ", "x" * 201, "a\x00b"])
def test_a_name_that_is_nobodys_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UserRefused):
        add(store, name)
    assert all_users(store.connection) == []


@pytest.mark.parametrize("change", [{"roles": ()}, {"tenants": ()}, {"tenants": ("*", "acme")}])
def test_a_user_who_may_do_or_see_nothing_is_a_mistake(store: Store, change: dict[str, Any]) -> None:
    new = NewUser("Ada", KEPT, (Role.VIEWER,), ("*",))
    with pytest.raises(UserRefused):
        add_user(store, replace(new, **change), BY)
    add(store)
    with pytest.raises(UserRefused):
        change_user(store, "Ada", Change(**change), BY)


def test_what_a_user_may_do_follows_from_roles_and_tenants(store: Store) -> None:
    person = add(store, "Ada", "viewer", "expert", tenants=("b", "a", "b")).person
    assert person.tenants == frozenset({"a", "b"})
    assert person.may(Right.ADJUDICATE)
    assert not person.may(Right.ADMINISTER)


def test_a_change_keeps_the_rest_and_tells_what_is_new(store: Store) -> None:
    before = add(store, "Ada", "reviewer", tenants=("acme",))
    after = change_user(store, "ada", Change(roles=(Role.EXPERT,)), LATER)
    assert after == replace(before, roles=(Role.EXPERT,), changed_at=LATER.at)
    assert change_user(store, "ada", Change(roles=(Role.EXPERT,), disabled=False), LATER) == after
    assert events(store, "user.added") == [
        ("root", "Ada", {"roles": ["reviewer"], "tenants": ["acme"], "has_password": True})
    ]
    assert events(store, "user.changed") == [("root", "Ada", {"roles": ["expert"]})]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Change(OTHER), {"other_password": True, "sessions_ended": True}),
        (Change(disabled=True), {"disabled": True, "sessions_ended": True}),
        (Change(end_sessions=True), {"sessions_ended": True}),
    ],
)
def test_what_ends_sessions_makes_another_epoch(store: Store, change: Change, told: dict[str, object]) -> None:
    before = add(store)
    assert change_user(store, "Ada", change, LATER).epoch == before.epoch + 1
    assert events(store, "user.changed") == [("root", "Ada", told)]


def test_no_hash_is_in_the_trail_and_none_is_shown(store: Store) -> None:
    user = add(store)
    change_user(store, "Ada", Change(OTHER), LATER)
    told = " ".join(map(str, store.connection.execute("SELECT * FROM events").fetchall()))
    assert "argon2" not in told + repr(user)


def test_users_are_evidence(tmp_path: Path) -> None:
    """Who gives themselves a role in the file is found by `traceaudit verify`; who is changed by us is not."""
    config = config_for(tmp_path / "a.duckdb")
    with Store.open(config.store.path) as store:
        add(store, "Ada", "viewer")
        change_user(store, "Ada", Change(roles=(Role.EXPERT,)), LATER)
        change_user(store, "Ada", Change(tenants=("acme",), disabled=True), LATER)
        assert verify(store, config, "", "", False).bad is None
        store.connection.execute("UPDATE users SET roles = ['admin'], disabled = false")
        bad = verify(store, config, "", "", False).bad
        assert bad
        assert "users" in str(bad)
