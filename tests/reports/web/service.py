"""The real service on a real store: as a process, with users, for browsers and scripts."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.access.passwords import hash_as_it_is
from auditor.access.person import Role
from auditor.access.store_users import By, NewUser, add_user
from auditor.sampling.store import draw
from auditor.service import find_service
from auditor.store import Store
from tests.e2e.fleet import wait_until
from tests.reports.seed import Judged, config, judged, seed

PASSWORD = "a long enough word for tests"  # noqa: S105
PEOPLE: Mapping[str, Sequence[Role]] = {
    "Vera": [Role.VIEWER],
    "Rita": [Role.REVIEWER],
    "Ravi": [Role.REVIEWER],
    "Elena": [Role.EXPERT],
    "Paul": [Role.APPROVER],
    "Ada": [Role.ADMIN],
}


def add_people(store: Store, people: Mapping[str, Sequence[Role]] = PEOPLE, tenants: Sequence[str] = ("*",)) -> None:
    """Users who all have the same password."""
    hashed, by = hash_as_it_is(PASSWORD), By("tests", datetime.now(UTC))
    for name, roles in people.items():
        add_user(store, NewUser(name, hashed, tuple(roles), tuple(tenants)), by)


def yesterday() -> datetime:
    """An instant of it, as tables hold it."""
    return datetime.now(UTC).replace(tzinfo=None, hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


def add_night(store: Store, night: Sequence[Judged], start: int = 0, policy: str = "") -> None:
    """Judged exchanges of yesterday, drawn for review; by the policy of a file, if one is named."""
    seed(store, night, now=yesterday(), start=start)
    draw(store, config(policy__file=policy), yesterday().date(), datetime.now(UTC))


def a_night(n_escalated: int = 12, n_below: int = 30) -> list[Judged]:
    """Exchanges of yesterday: some above the line, the rest below."""
    above = [
        judged(at, 0.6 + 0.3 * at / n_escalated, yesterday(), thinking="It was thought.") for at in range(n_escalated)
    ]
    below = [judged(100_000 + at, 0.4 * at / n_below, yesterday()) for at in range(n_below)]
    return above + below


@dataclass(frozen=True)
class Running:
    """A service that runs.

    Attributes:
        address: http://127.0.0.1:PORT
    """

    db: Path
    address: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def serving(db: Path, *words: str) -> Iterator[Running]:
    """`traceaudit serve` on a database, until the context ends."""
    process = start(db, *words)
    try:
        yield Running(db, address_of(db, process), process)
    finally:
        process.terminate()
        process.wait(60)


def start(db: Path, *words: str) -> "subprocess.Popen[bytes]":
    """The process; what it says goes to a file beside the database."""
    with Path(f"{db}.said").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "auditor", "serve", "--db", str(db), "--port", "0", *words],
            stdout=said,
            stderr=said,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def address_of(db: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where it answers, as soon as it does."""
    wait_until(lambda: process.poll() is not None or answers(db, process.pid))
    found = find_service(str(db))
    assert found, Path(f"{db}.said").read_text()
    return f"http://127.0.0.1:{found.port}"


def answers(db: Path, pid: int) -> bool:
    """Whether the service is this process and answers."""
    found = find_service(str(db))
    if not found or found.pid != pid:
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{found.port}/login", timeout=5):
            return True
    except OSError:  # also while it begins, and answers that it does
        return False
