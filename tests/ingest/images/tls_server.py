"""A real HTTPS server on this machine, with an authority of its own, that misbehaves in the ways that a path names."""

import gzip
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("img.example.org", "other.example.org")
MB = 2**20


class Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = "HTTP/1.1"
    image: bytes

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        verb, _, rest = self.path[1:].partition("/")
        try:
            self.WAYS[verb](self, unquote(rest))
        except OSError:
            self.close_connection = True  # the client has had enough

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def ok(self, _: str) -> None:
        self.reply(200, self.image)

    def status(self, rest: str) -> None:
        self.reply(int(rest.partition("?")[0]), b"no")

    def to(self, rest: str) -> None:
        self.reply(302, Location=rest)

    def chain(self, rest: str) -> None:
        n = int(rest)
        self.reply(302, Location=f"/chain/{n - 1}" if n > 1 else "/ok")

    def packed(self, _: str) -> None:
        self.reply(200, gzip.compress(self.image), Content_Encoding="gzip")

    def bomb(self, _: str) -> None:
        self.reply(200, gzip.compress(bytes(100 * MB)), Content_Encoding="gzip")

    def brotli(self, _: str) -> None:
        self.reply(200, self.image, Content_Encoding="br")

    def half(self, _: str) -> None:
        self.reply(200, self.image[:10], Content_Length=str(len(self.image)))
        self.close_connection = True

    def claims(self, _: str) -> None:
        self.reply(200, b"", Content_Length=str(10**12))
        self.close_connection = True

    def endless(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for _n in range(200):
            self.wfile.write(bytes(MB))

    def drip(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.dripped(b"x" * 1_000)

    def drip_head(self, _: str) -> None:
        self.dripped(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000)

    def dripped(self, data: bytes) -> None:
        for byte in data:
            self.wfile.write(bytes((byte,)))
            self.wfile.flush()
            time.sleep(0.1)

    def garbage(self, _: str) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n" * 3)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at what was seen."""

    WAYS: dict[str, Callable[["Handler", str], None]] = {  # noqa: RUF012
        name: way
        for name, way in locals().items()
        if callable(way) and name not in {"do_GET", "reply", "dripped", "log_message"}
    }


class TlsServer(ThreadingHTTPServer):
    """Serves `image` at https://127.0.0.1:<port>/ok under the names in NAMES."""

    daemon_threads = True

    def __init__(self, folder: Path, image: bytes) -> None:
        super().__init__(("127.0.0.1", 0), type("Own", (Handler,), {"image": image}))
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.port = self.server_address[1]
        self.ca_file, key_file = write_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", key_file)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what many of the tests are about."""


def write_certificates(folder: Path) -> tuple[Path, Path]:
    """An authority and a certificate of it; gives the authority's file and the server's key."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    ca = certificate(ca_name, ca_name, ca_key, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    names = x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES])
    own = certificate(name, ca_name, key, ca_key).add_extension(names, False)
    for file, builder in (("ca.pem", ca), ("server.pem", own)):
        signed = builder.sign(ca_key, hashes.SHA256())
        (folder / file).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    formats = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *formats))
    return folder / "ca.pem", folder / "server.key"


def certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
