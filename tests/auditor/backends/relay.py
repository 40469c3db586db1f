"""A small HTTP server that stands before a real one and changes what goes through, or answers by itself."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Reply:
    """What is answered to every request.

    Attributes:
        wait_s: before it is.
    """

    status: int = 200
    body: bytes = b"{}"
    wait_s: float = 0.0


@contextmanager
def relay(answer: Callable[[str, bytes, dict[str, str]], Reply]) -> Iterator[str]:
    """A server that answers (path, body, headers) as told, until the block ends; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = answer(self.path, body, dict(self.headers))
            time.sleep(reply.wait_s)
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def through(url: str, change: Change) -> Callable[[str, bytes, dict[str, str]], Reply]:
    """Hands requests on to a real server, their JSON bodies changed."""

    def answer(path: str, body: bytes, headers: dict[str, str]) -> Reply:
        key = {"Authorization": headers.get("Authorization", "")}
        method = "POST" if body else "GET"
        sent = json.dumps(change(json.loads(body))).encode() if body else b""
        kind = {"Content-Type": "application/json"} if body else {}
        got = httpx.request(method, url + path.removeprefix("/v1"), content=sent, headers=key | kind, timeout=60)
        return Reply(got.status_code, got.content)

    return answer


def without(*names: str) -> Change:
    """Takes fields out of a request, as a server does that does not know them."""
    return lambda body: {name: value for name, value in body.items() if name not in names}
