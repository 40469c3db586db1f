"""The audit trail, as people ask for it."""

from dataclasses import dataclass
from datetime import UTC

import duckdb

from auditor.evidence.events import Event

FIND = """
    SELECT seq, "at", actor, kind, subject, details, previous FROM events
    WHERE ($kind IS NULL OR kind = $kind OR starts_with(kind, $kind || '.')) AND ($actor IS NULL OR actor = $actor)
    AND ($subject IS NULL OR subject = $subject)
    ORDER BY seq DESC LIMIT $n
"""
ALL = 2**62


@dataclass(frozen=True, slots=True)
class Which:
    """Which events are meant; None for any.

    Attributes:
        kind: the whole of it, or its first words.
        n: so many at most, the newest.
    """

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    n: int | None = None


def find_events(connection: duckdb.DuckDBPyConnection, which: Which) -> list[Event]:
    """Those that are meant, the newest first."""
    values = {"kind": which.kind, "actor": which.actor, "subject": which.subject, "n": which.n or ALL}
    rows = connection.execute(FIND, values).fetchall()
    return [Event(seq, at.replace(tzinfo=UTC), *told) for seq, at, *told in rows]
