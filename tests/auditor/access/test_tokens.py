"""API tokens: what they may do, when they end, and that no secret of theirs is anywhere."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from auditor.access.person import Right, Role
from auditor.access.store_tokens import all_tokens, bearer_of, note_use, revoke_token
from auditor.access.store_users import Change, change_user
from auditor.access.tokens import fresh, parts_of
from auditor.errors import UserRefused
from auditor.store import Store
from tests.auditor.access.people import BY, add, add_token
from tests.factories import NOW


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        add(opened, "Ada", "expert", tenants=("acme",))
        yield opened


def test_a_token_is_of_its_user_with_the_rights_that_both_have(store: Store) -> None:
    bearer = bearer_of(store.connection, add_token(store, "ada", "see", "vote", "approve"), NOW)
    assert bearer
    assert (bearer.person.name, bearer.person.tenants) == ("Ada", frozenset({"acme"}))
    assert bearer.person.rights == {Right.SEE, Right.VOTE}


def test_it_follows_its_user(store: Store) -> None:
    text = add_token(store, "ada", "vote", "see")
    change_user(store, "ada", Change(roles=(Role.VIEWER,), tenants=("*",)), BY)
    bearer = bearer_of(store.connection, text, NOW)
    assert bearer
    assert bearer.person.rights == {Right.SEE}
    assert bearer.person.tenants is None
    change_user(store, "ada", Change(disabled=True), BY)
    assert bearer_of(store.connection, text, NOW) is None


def test_it_ends_when_it_expires_and_when_it_is_revoked(store: Store) -> None:
    text = add_token(store, "ada", expires_at=NOW + timedelta(days=1))
    assert bearer_of(store.connection, text, NOW + timedelta(days=1, seconds=-1))
    assert bearer_of(store.connection, text, NOW + timedelta(days=1)) is None
    (token,) = all_tokens(store.connection)
    assert [token.state(NOW), token.state(NOW + timedelta(days=2))] == ["good", "expired"]
    assert revoke_token(store, token.id, BY).state(NOW) == "revoked"
    assert bearer_of(store.connection, text, NOW) is None
    assert revoke_token(store, token.id, BY).revoked_at == NOW.replace(microsecond=0)


def test_what_is_nearly_a_token_is_none(store: Store) -> None:
    text = add_token(store, "ada")
    other = add_token(store, "ada")
    mixed = text[:15] + other[15:]
    swapped = text[:-1] + ("A" if text[-1] != "A" else "B")
    for wrong in (
        "",
        "ta_",
        text[:-1],
        text + "A",
        text.upper(),
        f" {text}",
        f"{text}\n",
        mixed,
        swapped,
        fresh().text,
    ):
        assert bearer_of(store.connection, wrong, NOW) is None
    assert bearer_of(store.connection, text, NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ("administer",)},
        {"scopes": ("see", "nothing")},
        {"expires_at": NOW},
        {"expires_at": NOW + timedelta(days=367)},
        {"note": "x" * 201},
        {"user": "Nobody"},
    ],
)
def test_a_token_that_may_too_much_or_for_too_long_is_refused(store: Store, wrong: dict[str, object]) -> None:
    given = {"user": "Ada", "scopes": ("see",)} | wrong
    with pytest.raises(UserRefused):
        add_token(store, str(given.pop("user")), *given.pop("scopes"), **given)  # type: ignore[misc]
    assert all_tokens(store.connection) == []


def test_a_token_of_another_is_not_there(store: Store) -> None:
    add(store, "Bob")
    add_token(store, "Ada")
    (token,) = all_tokens(store.connection)
    with pytest.raises(UserRefused):
        revoke_token(store, token.id, BY, of_user="Bob")
    with pytest.raises(UserRefused):
        revoke_token(store, "no such", BY)
    assert revoke_token(store, token.id, BY, of_user="Ada").revoked_at


def test_its_secret_is_nowhere(store: Store) -> None:
    text = add_token(store, "ada")
    secret = text.split("_", 2)[2]
    found = parts_of(text)
    assert found
    for table in ("api_tokens", "events"):
        told = str(store.connection.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608
        assert secret not in told
    assert found[1] not in str(store.connection.execute("SELECT * FROM events").fetchall())
    assert secret not in repr(fresh())
    kinds = store.connection.execute("SELECT kind, actor FROM events WHERE kind LIKE 'token.%'").fetchall()
    assert kinds == [("token.made", "root")]


def test_the_last_day_of_its_use_is_kept(store: Store) -> None:
    text = add_token(store, "ada")
    bearer = bearer_of(store.connection, text, NOW)
    assert bearer
    assert bearer.is_first_today
    note_use(store, bearer.token_id, NOW)
    again = bearer_of(store.connection, text, NOW + timedelta(hours=1))
    assert again
    assert not again.is_first_today
    tomorrow = bearer_of(store.connection, text, NOW + timedelta(days=1))
    assert tomorrow
    assert tomorrow.is_first_today
    assert [one.last_used for one in all_tokens(store.connection)] == [NOW.date()]
