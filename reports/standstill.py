"""The turns of the service: between two of them it stands still, while the database file is written anew.

What was erased is gone from the file only once that is written anew, and for that nobody may have it open. So a turn
ends, as the service would: jobs are waited for, the sink stops, who was asked something has answered. The file is
written anew and opened again, and the next turn goes on from where the database says that it stands. What lies outside
the file stays: the port, the secret, the workers, what is counted.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, Timer
from typing import Any

from reports.web.guard import HEADERS

Asgi = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]
"""An application as uvicorn calls it."""

LIVE = "/livez"
WAITS = "the database file is being written anew"
AGAIN_S = 5  # after which it is worth to ask again


class Stop(Event):
    """Set when the service is to end; then its `turn` is too, which is also set when only the turn is to end."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = Event()

    def set(self) -> None:
        """End the service."""
        super().set()
        self.turn.set()

    def new_turn(self) -> Event:
        """What ends the next turn."""
        self.turn = Event()
        if self.is_set():
            self.turn.set()
        return self.turn


@dataclass(slots=True)
class Standstill:
    """Ends a turn, so that the file can be written anew; may be asked for from any thread, more than once.

    Attributes:
        turn: is set as soon as nothing that takes long has the file open.
        rest: ends what comes round, and waits for what of it is under way.
        asked: whether it was asked for.
    """

    turn: Event
    rest: Callable[[], None] | None = None
    asked: bool = False
    lock: Lock = field(default_factory=Lock)

    def begin(self, rest: Callable[[], None]) -> None:
        """The turn has begun; what was asked for before is done now."""
        with self.lock:
            self.rest = rest
            if self.asked:
                self.start()

    def ask(self) -> None:
        """Come to a standstill as soon as that is possible; returns at once."""
        with self.lock:
            if not self.asked and self.rest:
                self.start()
            self.asked = True

    def start(self) -> None:
        """Come to it, in a thread of its own."""
        Thread(target=self.come, name="standstill", daemon=True).start()

    def come(self) -> None:
        """Wait for what is under way, while the sink and all answers go on."""
        try:
            if self.rest:
                self.rest()
        finally:
            self.turn.set()


@contextmanager
def after(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Do it once that time has passed, unless the context has ended by then."""
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Door:
    """What answers over HTTP: the application of this turn, and between two turns that one is to ask again.

    Attributes:
        app: of this turn; None between two.
    """

    def __init__(self) -> None:
        self.app: Asgi | None = None

    @contextmanager
    def open(self, app: Asgi) -> Iterator[None]:
        """Let `app` answer while the context lasts."""
        self.app = app
        try:
            yield
        finally:
            self.app = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """See ASGI."""
        if self.app:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self.closed(scope, send)

    async def closed(self, scope: MutableMapping[str, Any], send: Any) -> None:
        """The answer between two turns: it lives, and is not ready; a page that is asked for comes back by itself."""
        lives = scope["path"] == LIVE
        told, kind = json.dumps({"ok": lives, "reasons": [WAITS]}), b"application/json"
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers.append((b"retry-after", str(AGAIN_S).encode()))
        if scope["method"] == "GET" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            told, kind = f"<!doctype html><title>traceaudit</title><p>In a moment: {WAITS}.", b"text/html"
            headers.append((b"refresh", str(AGAIN_S).encode()))
        headers.append((b"content-type", kind))
        await send({"type": "http.response.start", "status": 200 if lives else 503, "headers": headers})
        await send({"type": "http.response.body", "body": told.encode()})
