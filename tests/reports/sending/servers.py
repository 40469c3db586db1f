"""Real servers on this machine that receive what is sent: mail, web hooks, lines over TCP."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, which is its own authority."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    kind = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate)
    subprocess.run(["openssl", "req", *kind, *names], check=True, capture_output=True)
    return certificate, key


def server_side(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@dataclass
class Inbox:
    """What a mail server took, and how it answers: the next replies to DATA, then "250 OK"."""

    address: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def log_in(self, *asked: Any) -> AuthResult:
        data = asked[-1]
        self.logins.append((data.login, data.password))
        return AuthResult(success=data == LoginPassword(b"ada", b"correct-horse"), handled=False)


@contextmanager
def mail_server(certificate: tuple[Path, Path], *, tls: str, login: bool = False) -> Iterator[Inbox]:
    """aiosmtpd with STARTTLS, TLS from the first byte, or none."""
    inbox = Inbox()
    options: dict[str, Any] = {}
    if login:
        options = {"authenticator": inbox.log_in, "auth_required": True, "auth_require_tls": tls != "smtps"}
    if tls == "starttls":
        options |= {"tls_context": server_side(certificate), "require_starttls": True}
    sealed: dict[str, Any] = {"ssl_context": server_side(certificate)} if tls == "smtps" else {}
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **sealed, **options)
    controller.start()
    inbox.address = f"127.0.0.1:{controller.port}"
    try:
        yield inbox
    finally:
        controller.stop()


@dataclass
class Hook:
    """What was posted, and the statuses that it is answered with: the next ones, then 200."""

    url: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def hook_server(certificate: tuple[Path, Path] | None = None) -> Iterator[Hook]:
    """An HTTP server, with TLS where there is a certificate."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers = hook.answers.pop(0) if hook.answers else (200, {})
            hook.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            hook.paths.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        server.socket = server_side(certificate).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}/services/T0/B0"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def line_server(certificate: tuple[Path, Path] | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """host:port of a TCP server, and what each connection brought."""
    listening = socket.create_server(("127.0.0.1", 0))
    taken: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                with server_side(certificate).wrap_socket(plain, server_side=True) if certificate else plain as peer:
                    parts = []
                    while part := peer.recv(65536):
                        parts.append(part)
                    taken.append(b"".join(parts))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}", taken
    finally:
        listening.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def octets(data: bytes) -> Sequence[bytes]:
    """The messages of a stream that counts octets, RFC 6587."""
    found = []
    while data:
        size, _, rest = data.partition(b" ")
        found.append(rest[: int(size)])
        data = rest[int(size) :]
    return found
