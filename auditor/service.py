"""How other commands find the process that owns a database file and answers: `traceaudit serve`, or `run`.

While it runs, `<db>.service` beside the file says where it answers and which process it is. One that was killed leaves
the file behind: the address is believed only while that process lives. What it wants to hear is in
`<db>.service-secret`, which only the user who runs it can read.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path

from auditor.errors import ServiceFailed

SERVE, RUN = "service", "run"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - where such a one is asked


@dataclass(frozen=True, slots=True)
class Service:
    """A running process that owns a database and answers.

    Attributes:
        host, port: where it answers.
        pid: its process.
        kind: "service" or "run", for people.
    """

    host: str
    port: int
    pid: int
    kind: str = SERVE

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port} (PID {self.pid})"

    @property
    def where(self) -> str:
        """Whom one asks, for people."""
        return f"the {self.kind} at {self}"

    @property
    def asked_at(self) -> str:
        """The address of this machine at which to ask it."""
        return EVERYWHERE.get(self.host, self.host)


def file_of(db: str) -> Path:
    """The file that names the service of a database."""
    return Path(f"{db}.service")


@contextmanager
def announced(db: str, host: str, port: int, kind: str = SERVE) -> Iterator[Service]:
    """Let other commands find this process as the one that owns `db` while the context lasts."""
    service = Service(host, port, os.getpid(), kind)
    beside = Path(f"{db}.service.new")
    beside.write_text(json.dumps(asdict(service)), encoding="utf-8")
    beside.rename(file_of(db))
    try:
        yield service
    finally:
        file_of(db).unlink(missing_ok=True)


@contextmanager
def secret_for(db: str) -> Iterator[str]:
    """What a process has to know that asks the owner of `db`; only the user who runs that can read it."""
    path = secret_file(db)
    path.unlink(missing_ok=True)
    secret = secrets.token_urlsafe(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret)
    try:
        yield secret
    finally:
        path.unlink(missing_ok=True)


def secret_file(db: str) -> Path:
    """The file that holds what `secret_for` gives."""
    return Path(f"{db}.service-secret")


def read_secret(db: str) -> str:
    """What the owner of `db` wants to hear.

    Raises:
        ServiceFailed: this user may not read it, or the owner is of a version that has none.
    """
    path = secret_file(db)
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ServiceFailed(f"{path}: {error.strerror}; ask as the user who runs it") from None


def find_service(db: str) -> Service | None:
    """The process that owns `db` and answers; None where none does."""
    try:
        found = json.loads(file_of(db).read_text(encoding="utf-8"))
        kind = RUN if found.get("kind") == RUN else SERVE
        service = Service(str(found["host"]), int(found["port"]), int(found["pid"]), kind)
        os.kill(service.pid, 0)
    except PermissionError:  # it lives, and is another user's
        return service
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return service


def may_ask(peer: str, here: str, host: str, authorization: str, secret: str) -> bool:
    """Whether a request comes from this machine, means this machine, and knows the secret.

    Args:
        peer: the address that it comes from.
        here: the address of ours that it came to.
        host: its header of that name: a browser that a foreign page sends here names another.
        authorization: its header of that name.
        secret: what is asked for.
    """
    known = secrets.compare_digest(authorization.encode(), f"Bearer {secret}".encode())
    return known and is_here(peer, here) and (host_in(host) == "localhost" or is_here(host_in(host), here))


def is_here(address: str, here: str) -> bool:
    """Whether an address is this machine's: loopback, or the one of ours that was asked."""
    try:
        return ip_address(address).is_loopback or ip_address(address) == ip_address(here)
    except ValueError:
        return False


def host_in(header: str) -> str:
    """The host that a header names, without the port."""
    bracketed = header.partition("]")[0]
    return bracketed.removeprefix("[") if header.startswith("[") else header.rpartition(":")[0] or header
