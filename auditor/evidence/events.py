"""The audit trail: what was done, by whom and when, each event chained to the one before it by its hash.

The hash of an event is sha256 over the canonical JSON of all that it says and the hash of the event before it; so who
changes, removes or moves one has to change all that follow.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from auditor.verdict_rows import utc

if TYPE_CHECKING:
    from auditor.store import Store

START = "0" * 64  # stands for the event before the first one

SYSTEM = "traceaudit"  # the actor of what no person asked for

LAST = "SELECT seq, hash FROM events WHERE seq = (SELECT max(seq) FROM events)"


@dataclass(frozen=True, slots=True)
class Deed:
    """What an event tells.

    Attributes:
        kind: dotted words, such as "policy.approved".
        actor: who did it: a person's name, or SYSTEM.
        subject: what it is about, such as a policy's number or a triple's id.
        details: numbers, names and hashes that a reader of the trail needs; never text of a log, and no secret.
        at: when.
    """

    kind: str
    actor: str
    subject: str
    details: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the trail.

    Attributes:
        seq: 1, 2, 3 … without a hole.
        at: UTC.
        actor: a person's name, or SYSTEM.
        kind: such as "policy.approved".
        subject: what it is about, such as a policy's number or a triple's id.
        details: JSON with sorted keys; never text of a log.
        previous: the hash of the event before it.
    """

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    details: str
    previous: str

    @property
    def instant(self) -> str:
        """When, as it is hashed and shown."""
        return self.at.astimezone(UTC).isoformat(timespec="microseconds")

    def as_json(self) -> dict[str, Any]:
        """All of it, as bundles and `traceaudit events` tell it; `details` is the text that is hashed."""
        told = {"seq": self.seq, "at": self.instant, "actor": self.actor, "kind": self.kind, "subject": self.subject}
        return told | {"details": self.details, "previous": self.previous, "hash": self.hash}

    @property
    def said(self) -> str:
        """Hex sha256 of what the event says; it can stand in a chain for one that is not to be told."""
        return hash_of([self.instant, self.actor, self.kind, self.subject, self.details])

    @property
    def hash(self) -> str:
        """Hex sha256 of all of it, and of what came before."""
        return chained(self.seq, self.previous, self.said)


def chained(seq: int, previous: str, said: str) -> str:
    """The hash of an event, off its number, the hash of the one before, and the hash of what it says."""
    return hash_of([seq, previous, said])


def hash_of(told: Sequence[Any]) -> str:
    """Hex sha256 of a JSON list without blanks, ASCII alone."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def record_event(store: "Store", deed: Deed) -> Event:
    """Append an event to the trail, in the caller's transaction if there is one."""
    with store.transaction():
        return append_event(store.connection, deed)


def append_event(connection: duckdb.DuckDBPyConnection, deed: Deed) -> Event:
    """The same, in the transaction that the connection is in."""
    told = json.dumps(deed.details, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    last = connection.execute(LAST).fetchone() or (0, START)
    event = Event(last[0] + 1, deed.at, deed.actor, deed.kind, deed.subject, told, last[1])
    row = [event.seq, utc(event.at), *(event.actor, event.kind, event.subject, told), event.previous, event.hash]
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return event


def record_events(store: "Store", deeds: Iterable[Deed]) -> None:
    """Append many events in order; with one statement, which for a thousand takes a hundredth of the time."""
    with store.transaction():
        seq, previous = next(iter(store.connection.execute(LAST).fetchall()), (0, START))
        rows = []
        for deed in deeds:
            told = json.dumps(deed.details, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
            seq += 1
            event = Event(seq, deed.at, deed.actor, deed.kind, deed.subject, told, previous)
            previous = event.hash
            rows.append({**asdict(event), "at": utc(event.at), "hash": event.hash})
        store.insert("events", rows)
