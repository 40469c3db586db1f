"""A TLS connection to an address that was checked before, within a deadline that covers all that is done with it."""

import functools
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ingest.images.urls import Url

T = TypeVar("T")

Resolve = Callable[[str, int], Sequence[str]]
"""A host's addresses, all of them; OSError where it has none."""


def addresses_of(host: str, port: int) -> list[str]:
    """The answers of the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


class TimedSocket(ssl.SSLSocket):
    """A socket whose reads all end by one deadline: a server that drips a byte a second gains nothing by it."""

    until: float

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """As of any socket.

        Raises:
            TimeoutError: the deadline has passed.
        """
        self.settimeout(left(self.until))
        return super().recv_into(*args, **kwargs)


class Pinned(http.client.HTTPSConnection):
    """A connection to one of a host's addresses; the host's name is in SNI, and has to be in the certificate.

    Args:
        addresses: tried in turn; nothing else is dialled.
        until: when all has to be done.
    """

    def __init__(self, url: Url, addresses: Sequence[str], until: float, context: ssl.SSLContext) -> None:
        super().__init__(url.host, url.port, context=context)
        self.addresses, self.until, self.tls = addresses, until, context

    def connect(self) -> None:
        """Dial, and shake hands."""
        plain = self.dialled()
        try:
            plain.settimeout(left(self.until))
            secured = self.tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        if isinstance(secured, TimedSocket):
            secured.until = self.until
        self.sock = secured

    def dialled(self) -> socket.socket:
        """A connection to the first address that takes one."""
        failure = OSError("no address")
        for address in self.addresses:
            try:
                return connected(address, self.port, left(self.until))
            except TimeoutError:
                raise
            except OSError as error:
                failure = error
        raise failure


def connected(address: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to an address; nothing is resolved on the way."""
    plain = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        plain.settimeout(timeout_s)
        plain.connect((address, port))
    except BaseException:
        plain.close()
        raise
    return plain


@functools.cache
def context_of(ca_file: str) -> ssl.SSLContext:
    """What certificates are checked against: the machine's authorities, or those in a file."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.sslsocket_class = TimedSocket
    return context


def left(until: float) -> float:
    """Seconds until then.

    Raises:
        TimeoutError: it has passed.
    """
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def in_time(work: Callable[[], T], until: float) -> T:
    """What `work` gives or raises; work that cannot be interrupted goes on in a thread that nobody waits for.

    Raises:
        TimeoutError: it was not done by then.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def attempt() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - carried over to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(left(until))
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError
    return done[0]
