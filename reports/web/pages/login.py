"""Coming in and going out."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from auditor.access.login import Login
from auditor.errors import LoginRefused, TooManyLogins
from auditor.store import Store
from reports.web.entrance import Came, Entrance
from reports.web.problems import Ending
from reports.web.site import Site
from reports.web.view import view

router = APIRouter()

MOST_CHARS = 1000
Text = Annotated[str, Form(max_length=MOST_CHARS)]
After = Annotated[str, Query(alias="next", max_length=MOST_CHARS)]


@router.get("/login")
def form(request: Request, after: After = "/") -> Response:
    """Asks for name and password."""
    words = ""
    if stranger := request.scope.get("stranger"):
        words = f"the proxy calls you {stranger}, and there is no such user here, or not any more; ask an administrator"
    return view(request, "web/login.html.j2", words=words, after=within(after), name="")


@router.post("/login")
def log_in(request: Request, name: Text = "", password: Text = "", after: Text = "/") -> Response:
    """Lets in who knows the password."""
    entrance, site = entrance_at(request), site_of(request)
    given, headers = Login(name, password, entrance.address_of(request)), {}
    try:
        with whole(site) as store:
            _, cookie = entrance.log_in(store, given, site.now())
    except LoginRefused as error:
        status = HTTPStatus.UNAUTHORIZED
        if isinstance(error, TooManyLogins):
            status, headers = HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(int(error.wait_s) + 1)}
        words = {"words": str(error), "after": within(after), "name": name}
        response: Response = view(request, "web/login.html.j2", status=status, **words)
        response.headers.update(headers)
        return response
    return RedirectResponse(within(after), HTTPStatus.SEE_OTHER, {"Set-Cookie": cookie})


@router.get("/login/link")
def by_link(request: Request, code: Annotated[str, Query(max_length=MOST_CHARS)] = "") -> Response:
    """Lets in whoever has the link that the service printed, once."""
    entrance, site = entrance_at(request), site_of(request)
    try:
        with whole(site) as store:
            cookie = entrance.by_link(store, code, site.now())
    except LoginRefused:
        words = "this link is good no more: it lets in once, and only while there are no users; start the service anew"
        return view(request, "web/login.html.j2", status=HTTPStatus.UNAUTHORIZED, words=words, after="/", name="")
    return RedirectResponse("/", HTTPStatus.SEE_OTHER, {"Set-Cookie": cookie})


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session, also for whoever else has its cookie."""
    entrance, site, came = entrance_at(request), site_of(request), came_of(request)
    if came and came.session and request.scope["person"]:
        with whole(site) as store:
            entrance.log_out(store, request.scope["person"], came.session, site.now())
    return RedirectResponse("/login", HTTPStatus.SEE_OTHER, {"Set-Cookie": entrance.unset_cookie})


def entrance_at(request: Request) -> Entrance:
    """What lets people in.

    Raises:
        HTTPException: nothing does, here.
    """
    entrance = site_of(request).entrance
    if entrance is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return entrance


def site_of(request: Request) -> Site:
    """What the pages share."""
    site: Site = request.app.state.site
    return site


def came_of(request: Request) -> Came | None:
    """How whoever sends this came in."""
    came: Came | None = request.scope.get("came")
    return came


@contextmanager
def whole(site: Site) -> Iterator[Store]:
    """A connection, before anybody is known for whom it could be narrowed."""
    with site.owner.connection() as store:
        if store is None:
            raise Ending
        yield store


def within(after: str) -> str:
    """Where to go on: a path of ours, or the first page; never somebody else's address."""
    good = after.startswith("/") and not after.startswith(("//", "/\\")) and after.isprintable()
    return after if good and "\\" not in after else "/"
