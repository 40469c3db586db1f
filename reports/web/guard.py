"""Stands before all routes: refuses what is not meant for us, and tells browsers what pages of ours may do.

What breaks behind it is answered here as well, so that no answer goes out without these headers, and no traceback is
printed, which may quote a log.
"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditor.questions import MAX_BODY_BYTES, PATH
from conf.schema import Access
from reports.web.origin import is_for_us, is_foreign
from reports.web.problems import Ending, broken, ending, told

logger = logging.getLogger(__name__)

# Everything is ours: no script, style or frame from elsewhere, none written into a page, and forms lead to us alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # With "no-referrer" browsers would also call the origin of our own forms null.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000"
STATIC = "/static/"


class CutOff(Exception):
    """An answer that had begun when something broke."""


class Guard:
    """The outermost of our middlewares.

    Args:
        app: what is behind it.
        access: whom it lets through.
        host: where the service listens, which is also a name of it.
    """

    def __init__(self, app: ASGIApp, access: Access, host: str) -> None:
        self.app = app
        self.access = access
        self.names = tuple(name for name in (host, *access.hosts) if name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; there are no web sockets here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self.guarded(scope, receive, send)

    async def guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request goes in, or a refusal goes out."""
        out = Outgoing(scope, send, https=self.access.https)
        try:
            if refusal := self.refusal(scope):
                await refusal(scope, receive, out.send)
            else:
                await self.app(scope, limited(receive, self.most_bytes(scope)), out.send)
        except Exception as error:  # noqa: BLE001 - one request that breaks is no reason for others to
            if out.has_begun:
                logger.error("answer broke off", extra={"error": type(error).__name__})  # noqa: TRY400 - may quote rows
                raise CutOff from None
            failed = ending if isinstance(error, Ending) else broken
            await failed(Request(scope), error)(scope, receive, out.send)

    def refusal(self, scope: Scope) -> Response | None:
        """Why a request is not let through; None where it is."""
        headers, here = Headers(scope=scope), (scope.get("server") or ("", 0))[0]
        if not is_for_us(headers.getlist("host"), here, self.names):
            words = "this service has another name; whoever runs it can add this one to access.hosts"
            return told(Request(scope), HTTPStatus.MISDIRECTED_REQUEST, "WrongHost", words)
        if is_foreign(scope["method"], headers, https=self.access.https):
            words = "this was not sent by a page of this service; a program sends an API token: Authorization: Bearer …"
            return told(Request(scope), HTTPStatus.FORBIDDEN, "ForeignOrigin", words)
        if declared_bytes(headers) > self.most_bytes(scope):
            return told(Request(scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "TooLarge", "this is too much at once")
        return None

    def most_bytes(self, scope: Scope) -> int:
        """How long the body may be."""
        return MAX_BODY_BYTES if scope["path"].startswith(PATH) else self.access.max_body_bytes


class Outgoing:
    """An answer on its way, with the headers that all have."""

    def __init__(self, scope: Scope, send: Send, *, https: bool) -> None:
        self.scope = scope
        self.forward = send
        self.https = https
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """See ASGI."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            self.add_to(headers)
            message = {**message, "headers": headers.raw}
        await self.forward(message)

    def add_to(self, headers: MutableHeaders) -> None:
        """The headers that all answers have, and the cookie that is due."""
        headers.update(HEADERS)
        headers.setdefault("Cache-Control", "no-store")
        if self.https:
            headers["Strict-Transport-Security"] = HSTS
        cookie = getattr(self.scope.get("came"), "cookie", None)
        if cookie and "set-cookie" not in headers and not self.scope["path"].startswith(STATIC):
            headers.append("set-cookie", cookie)


def declared_bytes(headers: Headers) -> int:
    """How long the body is said to be; 0 where nothing is said, and more than anything where it makes no sense."""
    given = headers.get("content-length", "0")
    return int(given) if given.isdecimal() and len(given) < 16 else 2**62


def limited(receive: Receive, most: int) -> Callable[[], Awaitable[Any]]:
    """The same, which breaks off a body that is longer than that, whatever it was said to be."""
    n_bytes = 0

    async def counted() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return counted
