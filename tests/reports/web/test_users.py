"""Users administered in the page."""

from collections.abc import Iterator
from typing import Any

import pytest

from auditor.access.passwords import matches
from auditor.access.person import Role
from auditor.access.store_users import User, find_user
from auditor.store import Store
from tests.reports.web.served import OURS, Served, served

GIVEN = "a lamp in an orchard"
NEW: dict[str, Any] = {
    "name": "Bob/<b>",
    "role": ["viewer", "expert"],
    "tenants": "acme\n other \n",
    "password": GIVEN,
}


@pytest.fixture
def site() -> Iterator[Served]:
    with Store.open(":memory:") as store, served(store) as made:
        made.client.headers |= made.session_of(made.user("Root", "admin")) | OURS
        yield made


def post(site: Served, path: str, **data: Any) -> int:
    return site.client.post(f"/users{path}", data=data).status_code


def known(site: Served, name: str = "bob/<B>") -> User:
    found = find_user(site.store.connection, name)
    assert found
    return found


def test_somebody_is_added_and_may_what_is_said(site: Served) -> None:
    assert post(site, "", **NEW) == 303
    bob = known(site)
    assert (bob.roles, bob.tenants) == ((Role.VIEWER, Role.EXPERT), ("acme", "other"))
    assert matches(GIVEN, bob.password_hash)
    page = site.client.get("/users").text
    assert "Bob/&lt;b&gt;" in page
    assert "<b>" not in page
    one = site.client.get(page.split('<a href="/users/one')[1].split('"')[0].join(("/users/one", "")))
    assert (one.status_code, "acme\nother" in one.text) == (200, True)


def test_what_is_added_can_come_in_and_is_told_in_the_trail(site: Served) -> None:
    post(site, "", **NEW)
    assert site.client.post("/login", data={"name": "BOB/<b>", "password": GIVEN}).status_code == 303
    rows = site.store.connection.execute("SELECT actor, subject FROM events WHERE kind = 'user.added'").fetchall()
    assert ("Root", "Bob/<b>") in rows


def test_rights_are_changed(site: Served) -> None:
    post(site, "", **NEW)
    assert post(site, "/rights", name=NEW["name"], role="admin", tenants="*", disabled="true") == 303
    assert (known(site).roles, known(site).tenants, known(site).disabled) == ((Role.ADMIN,), None, True)
    assert post(site, "/rights", name=NEW["name"], role="admin", tenants="*") == 303
    assert not known(site).disabled


@pytest.mark.parametrize(
    "wanted",
    [
        {"role": "viewer", "tenants": "*"},
        {"role": "admin", "tenants": "acme"},
        {"role": "admin", "tenants": "*", "disabled": "true"},
    ],
)
def test_nobody_shuts_themselves_out(site: Served, wanted: dict[str, str]) -> None:
    before = known(site, "root")
    assert post(site, "/rights", name=" ROOT ", **wanted) == 409
    assert known(site, "root") == before
    assert post(site, "/rights", name="root", role=["admin", "viewer"], tenants="*") == 303


def test_a_password_is_set_anew_and_sessions_end(site: Served) -> None:
    post(site, "", **NEW)
    epoch = known(site).epoch
    assert post(site, "/password", name=NEW["name"], password="short") == 409  # noqa: S106
    assert post(site, "/password", name=NEW["name"], password="another lamp entirely") == 303  # noqa: S106
    assert matches("another lamp entirely", known(site).password_hash)
    assert post(site, "/sessions/end", name=NEW["name"]) == 303
    assert known(site).epoch == epoch + 2


def test_a_token_of_theirs_is_revoked(site: Served) -> None:
    post(site, "", **NEW)
    headers = site.token_of(known(site), "see")
    token_id = headers["Authorization"].split("_")[1]
    assert token_id in site.client.get("/users/one", params={"name": NEW["name"]}).text
    assert post(site, "/tokens/revoke", token_id=token_id) == 303
    site.client.headers.pop("Cookie")
    assert site.client.get("/help", headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("", NEW | {"name": "ROOT"}, 409),
        ("", NEW | {"tenants": " "}, 409),
        ("", {key: value for key, value in NEW.items() if key != "role"}, 422),
        ("", NEW | {"role": "king"}, 422),
        ("/rights", {"name": "Nobody", "role": "viewer", "tenants": "*"}, 409),
        ("/tokens/revoke", {"token_id": "0123456789ab"}, 409),
    ],
)
def test_a_mistake_changes_nothing(site: Served, path: str, data: dict[str, Any], status: int) -> None:
    assert post(site, path, **data) == status
    rows = site.store.connection.execute("SELECT name FROM users").fetchall()
    assert rows == [("Root",)]
    assert site.client.get("/users/one?name=Nobody").status_code == 404


def test_the_first_user_is_made_by_whoever_has_the_link() -> None:
    with Store.open(":memory:") as store, served(store) as site:
        link = site.entrance.way_in(store, "http://localhost")
        assert link
        site.client.get(link)
        assert "make yourself an administrator first" in site.client.get("/users").text
        first = {"name": "Ada", "role": "admin", "tenants": "*", "password": GIVEN}
        assert site.client.post("/users", data=first, headers=OURS).status_code == 303
        assert site.client.get("/users").headers["location"].startswith("/login")
        given = {"name": "ada", "password": GIVEN}
        assert site.client.post("/login", data=given, headers=OURS).status_code == 303
        assert site.client.get("/users").status_code == 200
