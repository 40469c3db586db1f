"""What people can do about their own account: another password, sessions, API tokens."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from auditor.access.login import Login
from auditor.access.passwords import hash_of
from auditor.access.person import Right
from auditor.access.store_tokens import NewToken, Token, all_tokens, keep_token, revoke_token
from auditor.access.store_users import By, Change, User, change_user, find_user
from auditor.access.tokens import NEVER, fresh
from auditor.errors import AccessDenied, UserRefused
from auditor.store import Store
from reports.web.entrance import Entrance, Way
from reports.web.pages.login import MOST_CHARS, came_of, entrance_at
from reports.web.view import view
from reports.web.visit import Visit, needs

router = APIRouter()

Text = Annotated[str, Form(max_length=MOST_CHARS)]
MOST_DAYS = 3660


def by_hand(request: Request, visit: Annotated[Visit, Depends(needs(Right.SEE))]) -> Visit:
    """A visit of a person, not of a program: no token makes a token, or changes a password.

    Raises:
        AccessDenied: a token came.
    """
    came = came_of(request)
    if came and came.way is Way.TOKEN:
        raise AccessDenied(visit.person.name, "log in")
    return visit


Own = Annotated[Visit, Depends(by_hand)]


@router.get("/account")
def account(visit: Own) -> Response:
    """The page."""
    return shown(visit)


@router.post("/account/password")
def password(visit: Own, current: Text, new: Text, again: Text) -> Response:
    """Another password; all other sessions end, and this one goes on."""
    entrance, by = entrance_at(visit.request), By(visit.person.name, visit.now)
    if new != again:
        raise UserRefused("these are two different new passwords; nothing is changed")
    with visit.writing() as store:
        user = own(store, visit)
        given = Login(user.name, current, entrance.address_of(visit.request))
        entrance.logins.check(store, given, visit.now)
        changed = change_user(store, user.name, Change(hash_of(new, user.name)), by)
    return back(entrance, changed, visit)


@router.post("/account/sessions/end")
def end_sessions(visit: Own) -> Response:
    """Log out everywhere else."""
    entrance, by = entrance_at(visit.request), By(visit.person.name, visit.now)
    with visit.writing() as store:
        changed = change_user(store, own(store, visit).name, Change(end_sessions=True), by)
    return back(entrance, changed, visit)


@router.post("/account/tokens")
def make_token(
    visit: Own, scope: Annotated[list[str], Form()], days: Annotated[int, Form(ge=1, le=MOST_DAYS)], note: Text = ""
) -> Response:
    """A token of one's own; it is on this page alone, once."""
    made, by = fresh(), By(visit.person.name, visit.now)
    with visit.writing() as store:
        user = own(store, visit)
        expires_at = visit.now + timedelta(days=days)
        new = NewToken(made.id, made.secret_sha256, user.name, tuple(scope), expires_at, note.strip())
        keep_token(store, new, by, visit.config.access.token_days)
    return shown(visit, made.text)


@router.post("/account/tokens/revoke")
def revoke(visit: Own, token_id: Text) -> Response:
    """A token of one's own is good for nothing from now on."""
    with visit.writing() as store:
        user = own(store, visit)
        revoke_token(store, token_id, By(visit.person.name, visit.now), of_user=user.name)
    return RedirectResponse("/account", HTTPStatus.SEE_OTHER)


def own(store: Store, visit: Visit) -> User:
    """The user that the visitor is.

    Raises:
        UserRefused: who came by the link, or whom only the proxy knows, is none.
    """
    user = find_user(store.connection, visit.person.name)
    came = came_of(visit.request)
    if user is None or (came and came.way is Way.LINK):
        raise UserRefused("you are no user of this service yet: traceaudit users add makes you one")
    return user


def shown(visit: Visit, new_token: str = "") -> Response:
    """The page, with a new token where one was made."""
    with visit.writing() as store:
        user = find_user(store.connection, visit.person.name)
        tokens: list[Token] = [one for one in all_tokens(store.connection) if user and one.user == user.name]
    scopes = [right for right in Right if visit.person.may(right) and right not in NEVER]
    most_days = visit.config.access.token_days
    around: dict[str, Any] = {
        "user": user,
        "tokens": tokens,
        "new_token": new_token,
        "scopes": scopes,
        "most_days": most_days,
    }
    return view(visit.request, "web/account.html.j2", now=visit.now, **around)


def back(entrance: Entrance, user: User, visit: Visit) -> Response:
    """To the page, with a session of the user's new epoch for whoever had one of the old."""
    came = came_of(visit.request)
    headers = {"Set-Cookie": entrance.begin(user, visit.now)} if came and came.session else {}
    return RedirectResponse("/account", HTTPStatus.SEE_OTHER, headers)
