"""Whoever is refused hears the same, and what happened is in the trail without a secret."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from auditor.access import login
from auditor.access.login import Login, Logins
from auditor.access.passwords import is_outdated, matches
from auditor.access.rate import Attempts, Limits
from auditor.access.store_users import By, Change, change_user, find_user
from auditor.errors import LoginRefused, TooManyLogins
from auditor.store import Store
from tests.auditor.access.people import PASSWORD, add
from tests.factories import NOW

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("password")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


@pytest.fixture
def logins() -> Logins:
    return Logins(Attempts(Limits(per_name=3, per_address=9, window_s=60)), clock=lambda: 5.0)


def given(name: str = "ada", password: str = PASSWORD) -> Login:
    return Login(name, password, "10.0.0.1")


def trail(store: Store) -> list[tuple[str, str, str, str]]:
    query = "SELECT actor, kind, subject, details FROM events WHERE kind LIKE 'login.%' ORDER BY seq"
    return store.connection.execute(query).fetchall()


def test_who_knows_the_password_is_let_in(store: Store, logins: Logins) -> None:
    user = add(store, "Ada")
    assert logins.log_in(store, given(), NOW) == user
    assert trail(store) == [("Ada", "login.succeeded", "Ada", '{"by":"password"}')]


def test_all_others_hear_the_same_and_a_password_takes_as_long(
    store: Store, logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "Ada")
    add(store, "Dis")
    change_user(store, "Dis", Change(disabled=True), By("root", NOW))
    add(store, "Pro", password_hash=None)
    compared: list[bool] = []

    def compare(password: str, kept: str | None) -> bool:
        compared.append(matches(password, kept))
        return compared[-1]

    monkeypatch.setattr(login, "matches", compare)
    words = set()
    for one in (given(password="wrong one"), given("Nobody"), given("Dis"), given("Pro"), given("Ada\x00"), given("")):  # noqa: S106
        with pytest.raises(LoginRefused) as caught:
            logins.log_in(store, one, NOW)
        words.add((type(caught.value), str(caught.value)))
    assert words == {(LoginRefused, "this name and password do not belong together")}
    assert compared == [False, False, True, False, False, False]  # always asked


def test_a_name_that_is_nobodys_is_not_kept(store: Store, logins: Logins) -> None:
    """Who types the password into the field for the name must not find it in the trail."""
    add(store, "Ada")
    for one in (given(PASSWORD, "ada"), given("ADA", "wrong one")):
        with pytest.raises(LoginRefused):
            logins.log_in(store, one, NOW)
    assert trail(store) == [
        ("unknown", "login.failed", "", '{"known":false}'),
        ("Ada", "login.failed", "Ada", '{"known":true}'),
    ]
    assert PASSWORD not in repr(given()) + str(store.connection.execute("SELECT * FROM events").fetchall())


def test_after_some_failures_nothing_is_looked_at_for_a_while(
    store: Store, logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "Ada")
    for _ in range(3):
        with pytest.raises(LoginRefused):
            logins.log_in(store, given(password="wrong one"), NOW)  # noqa: S106
    monkeypatch.setattr(login, "matches", None)
    for name in ("ada", "ADA "):
        with pytest.raises(TooManyLogins, match="in 1 min") as caught:
            logins.log_in(store, given(name), NOW)
        assert caught.value.wait_s == 60
    assert len(trail(store)) == 3


def test_a_hash_of_weaker_parameters_is_made_anew_and_sessions_go_on(store: Store, logins: Logins) -> None:
    user = add(store, "Ada", password_hash=WEAK)
    assert is_outdated(WEAK)
    logins.log_in(store, given(password="password"), NOW)  # noqa: S106
    after = find_user(store.connection, "Ada")
    assert after
    assert after.password_hash
    assert not is_outdated(after.password_hash)
    assert after.epoch == user.epoch
    logins.log_in(store, given(password="password"), NOW)  # noqa: S106
