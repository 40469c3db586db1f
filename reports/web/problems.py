"""What goes back where something goes wrong: a page that says what to do, or JSON below /api/.

No words of a log, and nothing that a request brought, are in it.
"""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from auditor.errors import AccessDenied, NoSuchCase
from conf.errors import TraceauditError
from reports.web.view import view

logger = logging.getLogger(__name__)


class LoginNeeded(Exception):
    """Nobody has logged in."""


class Ending(Exception):
    """The service is about to end, or to go on with another file."""


def add_problems(app: FastAPI) -> None:
    """Let `app` answer errors."""
    app.add_exception_handler(LoginNeeded, login_needed)
    app.add_exception_handler(Ending, ending)
    app.add_exception_handler(AccessDenied, denied)
    app.add_exception_handler(NoSuchCase, no_case)
    app.add_exception_handler(TraceauditError, refused)
    app.add_exception_handler(RequestValidationError, misunderstood)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, broken)


def login_needed(request: Request, _: Exception) -> Response:
    """To the login and back; 401 for programs."""
    if for_programs(request):
        words = "log in, or send an API token as Authorization: Bearer …"
        return told(request, HTTPStatus.UNAUTHORIZED, "LoginNeeded", words)
    after = f"?next={quote(request.url.path)}" if request.method == "GET" and request.url.path != "/" else ""
    return RedirectResponse(f"/login{after}", HTTPStatus.SEE_OTHER)


def ending(request: Request, _: Exception) -> Response:
    """Come again."""
    return told(
        request, HTTPStatus.SERVICE_UNAVAILABLE, "Ending", "the service is about to stop; try again in a moment"
    )


def denied(request: Request, error: Exception) -> Response:
    """A right is missing."""
    return told(request, HTTPStatus.FORBIDDEN, type(error).__name__, str(error))


def no_case(request: Request, error: Exception) -> Response:
    """There is none, or none that this person may see."""
    return told(request, HTTPStatus.NOT_FOUND, type(error).__name__, str(error))


def refused(request: Request, error: Exception) -> Response:
    """What was asked for cannot be done; the words say why."""
    return told(request, HTTPStatus.CONFLICT, type(error).__name__, str(error))


def misunderstood(request: Request, error: Exception) -> Response:
    """Something in the request is missing or of a wrong shape."""
    places = error.errors() if isinstance(error, RequestValidationError) else ()
    words = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in places[:5])
    return told(request, HTTPStatus.UNPROCESSABLE_ENTITY, "Misunderstood", words or "this cannot be read")


def plain(request: Request, error: Exception) -> Response:
    """Such as a page that is not there."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    words = {404: "there is nothing here, or nothing that you may see"}.get(status, HTTPStatus(status).phrase.lower())
    headers = getattr(error, "headers", None)
    return told(request, HTTPStatus(status), "Refused", words, headers)


def broken(request: Request, error: Exception) -> Response:
    """A fault of ours."""
    kind = type(error).__name__
    logger.error("page failed", extra={"route": route_of(request), "error": kind})
    words = f"something broke in the service ({kind}); its log says where"
    return told(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Broken", words)


def told(request: Request, status: HTTPStatus, error: str, words: str, headers: Any = None) -> Response:
    """The answer: JSON for programs, else a page, or a piece of one where the page's script asks."""
    if for_programs(request):
        return JSONResponse({"error": error, "words": words}, status, headers=headers)
    part = request.headers.get("x-part") == "1"
    response = view(request, "web/problem_part.html.j2" if part else "web/problem.html.j2", status=status, words=words)
    response.headers.update(headers or {})
    return response


def for_programs(request: Request) -> bool:
    """Whether the answer is JSON."""
    return request.url.path.startswith("/api/")


def route_of(request: Request) -> str:
    """The route's pattern, which holds nothing that the request brought."""
    return str(getattr(request.scope.get("route"), "path", "?"))
