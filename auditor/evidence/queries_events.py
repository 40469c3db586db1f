"""The audit trail, as people ask for it."""

from dataclasses import asdict, dataclass
from datetime import UTC, date

import duckdb

from auditor.evidence.events import Event

FIND = """
    SELECT seq, "at", actor, kind, subject, details, previous FROM events
    WHERE ($kind IS NULL OR kind = $kind OR starts_with(kind, $kind || '.'))
    AND ($actor IS NULL OR actor = $actor) AND ($but_actor IS NULL OR actor <> $but_actor)
    AND ($subject IS NULL OR subject = $subject) AND ($before IS NULL OR seq < $before)
    AND ($day IS NULL OR ("at" >= $day AND "at" < $day::DATE + 1))
    ORDER BY seq DESC LIMIT $n
"""
KINDS = "SELECT DISTINCT kind FROM events ORDER BY kind"
ALL = 2**62


@dataclass(frozen=True, slots=True)
class Which:
    """Which events are meant; None for any.

    Attributes:
        kind: the whole of it, or its first words.
        n: so many at most, the newest.
        before: only those with a lower number.
        day: only those of this UTC day.
        but_actor: not what this one did.
    """

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    n: int | None = None
    before: int | None = None
    day: date | None = None
    but_actor: str | None = None


def find_events(connection: duckdb.DuckDBPyConnection, which: Which) -> list[Event]:
    """Those that are meant, the newest first."""
    rows = connection.execute(FIND, asdict(which) | {"n": which.n or ALL}).fetchall()
    return [Event(seq, at.replace(tzinfo=UTC), *told) for seq, at, *told in rows]


def kinds_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The kinds of events that there are."""
    return [kind for (kind,) in connection.execute(KINDS).fetchall()]
