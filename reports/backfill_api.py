"""What the service answers a backfill: stored triples to be judged, and verdicts that are kept.

Only to processes of this machine that can read the secret beside the database, which only its owner can.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from auditor.backfill import wrong_with
from auditor.desk import Page, Place, Selection
from auditor.desk_wire import MAX_BODY_BYTES, PATH, QUESTIONS
from auditor.errors import VerdictRefused
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict

TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Owner:
    """The desk of the process that owns the database, for requests from any thread.

    Attributes:
        desk: on a connection of its own.
        reading: held while that connection is used.
        writing: held while the database is written, here and by the sink.
        lag: how much live work waits to be stored.
        max_lag: with more, no triples are given out.
    """

    desk: StoreDesk
    reading: Lock
    writing: Lock
    lag: Callable[[], int]
    max_lag: int

    def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What the desk's method of that name gives.

        Raises:
            VerdictRefused: a verdict cannot be kept; none is.
        """
        if name == "take":
            return self.take(*arguments)
        if name == "keep":
            return self.keep(*arguments)
        if name == "keep_golden":
            with self.writing, self.reading:
                return self.desk.keep_golden(*arguments)
        with self.reading:
            return getattr(self.desk, name)(*arguments)

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """Triples to be judged, unless live work lags."""
        lag = self.lag()
        if lag > self.max_lag:
            return Page((), after, lag)
        with self.reading:
            return self.desk.take(chosen, scorer, after, n)

    def keep(self, run: Run, verdicts: list[Verdict]) -> int:
        """Keep verdicts, in one transaction, the sink's before or after it."""
        for verdict in verdicts:
            if reason := wrong_with(verdict, run):
                raise VerdictRefused(reason)
        with self.writing, self.reading:
            return self.desk.keep(run, verdicts)


def add_backfill(app: FastAPI, owner: Owner, secret: str) -> None:
    """Let `app` answer a backfill that knows the secret."""

    @app.post(PATH + "{name}")
    async def asked(name: str, request: Request) -> Response:
        """See auditor/desk_wire.py."""
        if name not in QUESTIONS:
            return Response(status_code=404)
        if not may_ask(request, secret):
            return Response(status_code=403)
        body = await body_of(request)
        if body is None:
            return Response(status_code=413)
        return await run_in_threadpool(answer, owner, name, body)


def answer(owner: Owner, name: str, body: bytes) -> Response:
    """What is answered to one question; nothing of a body that is wrong is said again."""
    question = QUESTIONS[name]
    try:
        found = owner.answer(name, question.takes.validate_json(body))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        return Response(f"bad shape: {where}", 422, media_type=TEXT)
    except VerdictRefused as error:
        return Response(error.reason, 409, media_type=TEXT)
    return Response(question.gives.dump_json(found), media_type="application/json")


def may_ask(request: Request, secret: str) -> bool:
    """Whether a request comes from this machine and knows the secret."""
    given = request.headers.get("authorization", "").encode()
    return from_here(request) and secrets.compare_digest(given, f"Bearer {secret}".encode())


def from_here(request: Request) -> bool:
    """Whether a request comes from this machine."""
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def body_of(request: Request) -> bytes | None:
    """The body; None where it is larger than any of ours."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
