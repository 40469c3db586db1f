"""Users, for who administers them: who there is, what they may do, and their tokens."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query
from fastapi.responses import RedirectResponse, Response

from auditor.access.passwords import hash_of
from auditor.access.person import Role, same_person
from auditor.access.store_tokens import all_tokens, revoke_token
from auditor.access.store_users import EVERYBODYS, By, Change, NewUser, add_user, all_users, change_user, find_user
from auditor.errors import UserRefused
from reports.web.pages.login import MOST_CHARS
from reports.web.view import view
from reports.web.visit import Administering, Visit

router = APIRouter()

Text = Annotated[str, Form(max_length=MOST_CHARS)]
Lines = Annotated[str, Form(max_length=100_000)]
Roles = Annotated[list[Role], Form()]


@router.get("/users")
def users(visit: Administering) -> Response:
    """All of them, and a form for another one."""
    with visit.reading() as store:
        found = all_users(store.connection)
    return view(visit.request, "web/users.html.j2", users=found, roles=list(Role))


@router.post("/users")
def add(visit: Administering, name: Text, role: Roles, tenants: Lines, password: Text = "") -> Response:
    """Another one; without a password it is somebody whom the proxy brings."""
    new = NewUser(name, hash_of(password, name) if password else None, tuple(role), lines_of(tenants))
    with visit.writing() as store:
        add_user(store, new, by(visit))
    return RedirectResponse("/users", HTTPStatus.SEE_OTHER)


@router.get("/users/one")
def user(visit: Administering, name: Annotated[str, Query(max_length=MOST_CHARS)]) -> Response:
    """One, and forms that change what there is to change."""
    with visit.reading() as store:
        found = find_user(store.connection, name)
        tokens = [one for one in all_tokens(store.connection) if found and one.user == found.name]
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    around = {"tokens": tokens, "roles": list(Role), "now": visit.now}
    return view(visit.request, "web/user.html.j2", user=found, **around)  # type: ignore[arg-type]


@router.post("/users/rights")
def change_rights(
    visit: Administering, name: Text, role: Roles, tenants: Lines, disabled: Annotated[bool, Form()] = False
) -> Response:
    """Other roles or tenants; out, or in again. Nobody shuts themselves out.

    Raises:
        UserRefused: it is the administrator's own account, and they could not undo it.
    """
    wanted = Change(roles=tuple(role), tenants=lines_of(tenants), disabled=disabled)
    keeps = not disabled and Role.ADMIN in role and wanted.tenants == (EVERYBODYS,)
    if same_person(name, visit.person.name) and not keeps:
        raise UserRefused("you could not undo this yourself; another administrator does it")
    return changed(visit, name, wanted)


@router.post("/users/password")
def change_password(visit: Administering, name: Text, password: Text) -> Response:
    """Another password, such as for who forgot theirs; all their sessions end."""
    return changed(visit, name, Change(hash_of(password, name)))


@router.post("/users/sessions/end")
def end_sessions(visit: Administering, name: Text) -> Response:
    """Logged out everywhere."""
    return changed(visit, name, Change(end_sessions=True))


@router.post("/users/tokens/revoke")
def revoke(visit: Administering, token_id: Text) -> Response:
    """A token is good for nothing from now on."""
    with visit.writing() as store:
        revoked = revoke_token(store, token_id, by(visit))
    return RedirectResponse(address_of(revoked.user), HTTPStatus.SEE_OTHER)


def changed(visit: Visit, name: str, wanted: Change) -> Response:
    """To the user's page, once they are changed."""
    with visit.writing() as store:
        user = change_user(store, name, wanted, by(visit))
    return RedirectResponse(address_of(user.name), HTTPStatus.SEE_OTHER)


def address_of(name: str) -> str:
    """A user's page."""
    return f"/users/one?{urlencode({'name': name})}"


def by(visit: Visit) -> By:
    """Who does it."""
    return By(visit.person.name, visit.now)


def lines_of(text: str) -> tuple[str, ...]:
    """The lines that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
