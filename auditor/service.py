"""How other commands find the service that owns a database file, and what they ask it.

While it runs, `<db>.service` beside the file says where it answers and which process it is. A service that was killed
leaves the file behind: the address is believed only while that process lives and answers.
"""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from auditor.errors import ServiceFailed
from auditor.ledger import LedgerLine

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service.

    Attributes:
        host, port: where it answers.
        pid: its process.
    """

    host: str
    port: int
    pid: int

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port} (PID {self.pid})"


def file_of(db: str) -> Path:
    """The file that names the service of a database."""
    return Path(f"{db}.service")


@contextmanager
def announced(db: str, host: str, port: int) -> Iterator[Service]:
    """Let other commands find this process as the service of `db` while the context lasts."""
    service = Service(host, port, os.getpid())
    beside = Path(f"{db}.service.new")
    beside.write_text(json.dumps(asdict(service)), encoding="utf-8")
    beside.rename(file_of(db))
    try:
        yield service
    finally:
        file_of(db).unlink(missing_ok=True)


@contextmanager
def secret_for(db: str) -> Iterator[str]:
    """What a process has to know that asks the service of `db` for texts; only the database's owner can read it."""
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
    """What the service of `db` wants to hear.

    Raises:
        ServiceFailed: this user may not read it, or the service is of a version that has none.
    """
    path = secret_file(db)
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise ServiceFailed(f"{path}: {error.strerror}; ask the service as the user who runs it") from None


def find_service(db: str) -> Service | None:
    """The service that owns `db`; None where none runs."""
    try:
        found = json.loads(file_of(db).read_text(encoding="utf-8"))
        service = Service(str(found["host"]), int(found["port"]), int(found["pid"]))
        os.kill(service.pid, 0)
    except PermissionError:  # it lives, and is another user's
        return service
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return service


def ask_ledger(service: Service) -> list[LedgerLine]:
    """Coverage, as the service has it.

    Raises:
        ServiceFailed: it does not answer as it should.
    """
    return [LedgerLine(**line) for line in ask(service, "/api/ledger")]


def ask(service: Service, path: str) -> Sequence[dict[str, Any]]:
    """What the service answers."""
    connection = HTTPConnection(service.host, service.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status == 200:
            return list(json.loads(response.read()))
        reason = f"answers with status {response.status}"
    except (OSError, HTTPException, ValueError) as error:
        reason = f"does not answer ({type(error).__name__})"
    finally:
        connection.close()
    raise ServiceFailed(f"the service at {service} {reason}; see its log")
