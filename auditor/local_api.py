"""The local API of `traceaudit run`: answers other commands of the same user on loopback, with nothing to install."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditor.answering import Answer, Owner
from auditor.questions import MAX_BODY_BYTES, PATH
from auditor.service import RUN, announced, may_ask, secret_for
from auditor.store import MEMORY, Store

LOOPBACK = "127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server_version = "traceaudit"
    sys_version = ""
    timeout = 30  # seconds that a silent peer is waited for

    def __init__(self, owner: Owner, secret: str, *of_server: Any) -> None:
        self.owner = owner
        self.secret = secret
        super().__init__(*of_server)

    def do_POST(self) -> None:
        """See questions.py."""
        status, body = self.answered()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answered(self) -> Answer:
        """What goes back."""
        peer, here = self.client_address[0], self.connection.getsockname()[0]
        headers = self.headers
        if not may_ask(peer, here, headers.get("Host", ""), headers.get("Authorization", ""), self.secret):
            return Answer(403, b"")
        if not self.path.startswith(PATH):
            return Answer(404, b"")
        n_bytes = headers.get("Content-Length", "")
        if not n_bytes.isdecimal():
            return Answer(411, b"")
        if len(n_bytes) > 10 or int(n_bytes) > MAX_BODY_BYTES:
            return Answer(413, b"")
        return self.owner.answer(self.path.removeprefix(PATH), self.rfile.read(int(n_bytes)))

    def log_message(self, *_: object) -> None:
        """Nothing: a request is no news, and its words are its sender's."""


@contextmanager
def answering_others(store: Store, db: str, say: Callable[[str], None]) -> Iterator[None]:
    """Let other commands ask this process about `db`, which it has open as `store`, while the context lasts."""
    if db == MEMORY:
        yield
        return
    store.owner = RUN
    owner = Owner(store)
    with secret_for(db) as secret, ThreadingHTTPServer((LOOPBACK, 0), partial(Handler, owner, secret)) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, name="local-api", daemon=True).start()
        try:
            with announced(db, LOOPBACK, server.server_address[1], RUN):
                yield
        finally:
            owner.end(say)
            server.shutdown()
