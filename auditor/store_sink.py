"""What the sink keeps in the database besides what batches became: where it stands, and what waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.store import Store
from auditor.verdict_rows import utc
from ingest.source import Partition

MOVE = """
    INSERT INTO sink_positions VALUES ($source, $partition, $next_offset, $now)
    ON CONFLICT (source, "partition") DO UPDATE SET
    next_offset = excluded.next_offset, updated_at = excluded.updated_at
"""
NEXT = """
    DELETE FROM waiting_ranges WHERE rowid = (
        SELECT rowid FROM waiting_ranges WHERE source = ? AND "partition" = ? AND start_offset <= ?
        ORDER BY start_offset, end_offset LIMIT 1)
    RETURNING value
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for offsets that are missing.

    Attributes:
        n_ranges, n_bytes: of messages.
        since: when the oldest came; None when nothing waits.
    """

    n_ranges: int
    n_bytes: int
    since: datetime | None


def sink_positions(store: Store) -> dict[Partition, int]:
    """The next offset to read of each partition of the topic of outcomes."""
    rows = store.connection.execute('SELECT source, "partition", next_offset FROM sink_positions').fetchall()
    return {(source, partition): next_offset for source, partition, next_offset in rows}


def move(store: Store, positions: Mapping[Partition, int], now: datetime) -> None:
    """Note where the sink stands."""
    for (source, partition), next_offset in positions.items():
        values = {"source": source, "partition": partition, "next_offset": next_offset, "now": utc(now)}
        store.connection.execute(MOVE, values)


def wait(store: Store, place: Partition, span: range, value: bytes, now: datetime) -> None:
    """Keep a range that begins above its partition's mark."""
    row = [*place, span.start, span.stop, value, utc(now)]
    store.connection.execute("INSERT INTO waiting_ranges VALUES (?, ?, ?, ?, ?, ?)", row)


def take_waiting(store: Store, place: Partition, mark: int) -> bytes | None:
    """The next range of a partition that needs to wait no longer; it waits no more. None where all others must."""
    found = store.connection.execute(NEXT, [*place, mark]).fetchall()
    return found[0][0] if found else None


def waiting(store: Store) -> Waiting:
    """How much waits."""
    query = "SELECT count(*), coalesce(sum(octet_length(value)), 0)::BIGINT, min(since) FROM waiting_ranges"
    (found,) = store.connection.execute(query).fetchall()
    return Waiting(*found)


def reject(store: Store, place: Sequence[object], reason: tuple[str, str], value: bytes, now: datetime) -> None:
    """Keep a message that is none of ours, byte for byte."""
    names = ("source", "partition", "offset", "reason", "detail", "value", "stored_at")
    row = dict(zip(names, (*place, *reason, value, utc(now)), strict=True))
    store.insert("sink_rejects", [row])


def n_rejects(store: Store) -> int:
    """How many messages of the topic of outcomes could not be read, ever."""
    ((found,),) = store.connection.execute("SELECT count(*) FROM sink_rejects").fetchall()
    return int(found)
