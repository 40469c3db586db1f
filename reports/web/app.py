"""The routes of pages, API and static files on the service's application."""

import mimetypes
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, HTTPException
from fastapi.responses import Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.access.person import Person
from auditor.questions import PATH
from conf.cli import named
from reports.web.api import API
from reports.web.authentication import Authenticator
from reports.web.guard import Guard
from reports.web.pages import OTHERS, PAGES
from reports.web.problems import add_problems
from reports.web.site import Authenticate, Site
from reports.web.view import static_file
from reports.web.visit import Seeing

API_PATH = "/api/v1"
FOR_EVER = "public, max-age=31536000, immutable"


# Answered whoever asks, and with nothing that is anybody's; nobody is looked up for them.
OPEN = frozenset({"/livez", "/readyz", "/metrics"})
NOBODYS = ("/static/", PATH)


class Authenticated:
    """Says of each request who sends it: `scope["person"]`, None where that cannot be told."""

    def __init__(self, app: ASGIApp, authenticate: Authenticate) -> None:
        self.app = app
        self.authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; who sends it is looked up in a thread, since that asks the database."""
        if scope["type"] == "http":
            of_nobody = scope["path"] in OPEN or scope["path"].startswith(NOBODYS)
            request = HTTPConnection(scope)
            scope["person"] = None if of_nobody else await to_thread.run_sync(self.authenticate, request)
        await self.app(scope, receive, send)


def add_site(app: FastAPI, site: Site, authenticate: Authenticate | None = None) -> None:
    """Serve the pages and the API, with a guard before them and before all that `app` answers besides.

    Args:
        app: the service's.
        site: what they share.
        authenticate: says who sends a request; by default who came in by the entrance of the site.
    """
    app.state.site = site
    known = authenticate or (Authenticator(site.entrance, site) if site.entrance else nobody)
    app.add_middleware(Authenticated, authenticate=known)
    app.add_middleware(Guard, access=site.config.access, host=site.config.serve.host)
    for router in (*(page.router for page in PAGES), *OTHERS):
        app.include_router(named(router), include_in_schema=False)
    for router in API:
        app.include_router(named(router), prefix=API_PATH)
    add_problems(app)

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        """Style and script."""
        content = static_file(name)
        if content is None:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(content, media_type=kind, headers={"Cache-Control": FOR_EVER})

    @app.get("/api/openapi.json", include_in_schema=False)
    def document(_: Seeing) -> dict[str, Any]:
        """What the API offers."""
        return described(app)


def described(app: FastAPI) -> dict[str, Any]:
    """What the API offers, and how a program comes in."""
    told = app.openapi()
    token = {"type": "http", "scheme": "bearer", "description": "An API token: traceaudit users token NAME"}
    components = told.get("components", {}) | {"securitySchemes": {"token": token}}
    return told | {"components": components, "security": [{"token": []}]}


def nobody(_: HTTPConnection) -> Person | None:
    """Who sends a request where nobody can come in."""
    return None
