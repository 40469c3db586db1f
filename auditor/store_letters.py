"""Dead letters in the database: found, taken out again, and settled once they can be read.

A letter is open while its record stands as rejected in `outcomes`. Settling it gives the record its new state, keeps
its triples and verdicts, and closes the letter, in one transaction: whatever is killed when, the ledger balances, and
a letter that is closed is never settled again. The outcome keeps the time at which the record was first stored, so
that the day it was read on still accounts for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.evidence.store_seals import release
from auditor.retention.kept_out import keep_out, shed
from auditor.store import Store
from auditor.store_rows import Row, place
from auditor.verdict import Verdict
from auditor.verdict_rows import utc, verdict_columns
from ingest.qta import Normalized, Outcome, Position, Record, Withheld

FILE = "file:"

FIND = """
    SELECT source, "partition", "offset", coalesce(format, ''), stage, reason, detail, sha256, n_bytes,
        value IS NULL, stored_at, replayed_at, replay_state
    FROM dead_letters
    WHERE ($reason IS NULL OR reason = $reason) AND ($source IS NULL OR contains(source, $source))
    AND (replayed_at IS NULL OR NOT $open_only)
    ORDER BY source, "partition", "offset"
"""

LOAD = """
    SELECT source, "partition", "offset", value, key, headers, timestamp_ms, sha256, n_bytes
    FROM dead_letters JOIN incoming USING (source, "partition", "offset")
    ORDER BY source, "partition", "offset"
"""

OPEN = """
    SELECT source, "partition", "offset"
    FROM dead_letters JOIN incoming USING (source, "partition", "offset") WHERE replayed_at IS NULL
"""

SETTLED_ROWS = '(source, "partition", "offset") IN (SELECT (source, "partition", "offset") FROM incoming)'
SETTLE = {
    "outcomes": """
    UPDATE outcomes SET state = i.state, reason = i.reason, format = i.format, triple_ids = i.triple_ids,
        run_id = i.run_id
    FROM incoming i
    WHERE outcomes.source = i.source AND outcomes."partition" = i."partition" AND outcomes."offset" = i."offset"
    """,
    "dead_letters": """
    UPDATE dead_letters SET replayed_at = i.replayed_at, replay_state = i.state, replay_reason = i.reason,
        replay_run_id = i.run_id
    FROM incoming i
    WHERE dead_letters.source = i.source AND dead_letters."partition" = i."partition"
        AND dead_letters."offset" = i."offset"
    """,
}

PLACES = pa.schema([("source", pa.string()), ("partition", pa.int32()), ("offset", pa.int64())])
SETTLED = pa.schema(
    [
        *PLACES,
        ("state", pa.string()),
        ("reason", pa.string()),
        ("format", pa.string()),
        ("triple_ids", pa.list_(pa.string())),
        ("run_id", pa.string()),
        ("replayed_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which dead letters are meant.

    Attributes:
        reason: theirs; None for any.
        source: a part of the source's name, such as a topic; None for any.
        open_only: leave out those that were settled.
    """

    reason: str | None = None
    source: str | None = None
    open_only: bool = False


@dataclass(frozen=True, slots=True)
class LetterLine:
    """What is known of one dead letter besides its bytes.

    Attributes:
        withheld: masking kept its bytes back.
        replayed_at: UTC; None while it is open.
        replay_state: what became of the record then.
    """

    position: Position
    format: str
    stage: str
    reason: str
    detail: str
    sha256: str
    n_bytes: int
    withheld: bool
    stored_at: datetime
    replayed_at: datetime | None = None
    replay_state: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The line of `traceaudit dead-letters list --json`."""
        return {
            **place(self.position),
            "format": self.format or None,
            "stage": self.stage,
            "reason": self.reason,
            "detail": self.detail,
            "sha256": self.sha256,
            "n_bytes": self.n_bytes,
            "withheld": self.withheld,
            "stored_at": self.stored_at.isoformat(),
            "replayed_at": self.replayed_at and self.replayed_at.isoformat(),
            "replay_state": self.replay_state,
        }


def find_letters(store: Store, which: Which) -> list[LetterLine]:
    """The dead letters that are meant, in the order of their positions, without their bytes."""
    values = {"reason": which.reason, "source": which.source, "open_only": which.open_only}
    return [LetterLine(Position(*row[:3]), *row[3:]) for row in store.connection.execute(FIND, values).fetchall()]


def chunks(lines: Sequence[LetterLine], max_records: int, max_bytes: int) -> Iterator[list[LetterLine]]:
    """Letters that fit into memory together, in order."""
    chunk: list[LetterLine] = []
    n_bytes = 0
    for line in lines:
        if chunk and (len(chunk) == max_records or n_bytes + line.n_bytes > max_bytes):
            yield chunk
            chunk, n_bytes = [], 0
        chunk.append(line)
        n_bytes += line.n_bytes
    if chunk:
        yield chunk


def load_records(store: Store, lines: Sequence[LetterLine]) -> list[Record]:
    """The records of these letters, byte for byte, in the order of their positions."""
    rows = joined(store, LOAD, [place(line.position) for line in lines], PLACES)
    return [record_of(row) for row in rows]


def record_of(row: tuple[Any, ...]) -> Record:
    """A record as it was read; one of a file may point to images beside it, as it did then."""
    source, partition, offset, value, key, headers, timestamp_ms, sha256, n_bytes = row
    return Record(
        Position(source, partition, offset),
        value or b"",
        key=key,
        headers=tuple((header["name"], header["value"]) for header in headers or ()),
        timestamp_ms=timestamp_ms,
        folder=str(Path(source.removeprefix(FILE)).parent) if source.startswith(FILE) else None,
        withheld=Withheld(sha256, n_bytes) if value is None else None,
    )


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which run something was written, and when.

    Attributes:
        run_id: of a run that the store knows.
    """

    run_id: str
    now: datetime


def settle_letters(
    store: Store, items: Sequence[Normalized], outcomes: Sequence[Outcome], verdicts: Sequence[Verdict], stamp: Stamp
) -> None:
    """Keep what open letters became, in one transaction; once this returns it survives a crash.

    Args:
        store: open for writing; the images of the items lie in its blob store.
        items: records of open letters, read.
        outcomes: what became of each, in order.
        verdicts: on their triples.
        stamp: by which run, and when.
    """
    with store.transaction():
        new = store.new_triples(triple for item in items for triple in item.triples)
        out = keep_out(store, new, stamp.now)
        store.insert_triples([triple for triple in new if triple.id not in out], stamp.now)
        store.insert_columns("verdicts", verdict_columns(verdicts, stamp.run_id))
        settled = [settled_row(outcome, stamp) for outcome in shed(outcomes, out)]
        for table, statement in SETTLE.items():
            let_go(store, table, settled)
            joined(store, statement, settled, SETTLED)


def still_open(store: Store, items: Sequence[Normalized]) -> list[Normalized]:
    """Those whose letters nobody settled meanwhile."""
    places = [place(item.record.position) for item in items]
    found = {Position(*row) for row in joined(store, OPEN, places, PLACES)}
    return [item for item in items if item.record.position in found]


def settled_row(outcome: Outcome, stamp: Stamp) -> Row:
    """What a letter became, as a row of SETTLED."""
    return {
        **place(outcome.position),
        "state": outcome.state.value,
        "reason": outcome.reason,
        "format": outcome.format,
        "triple_ids": list(outcome.triple_ids),
        "run_id": stamp.run_id,
        "replayed_at": utc(stamp.now),
    }


def let_go(store: Store, table: str, rows: Sequence[Row]) -> None:
    """Rows of these positions are about to be changed on purpose."""
    with store.incoming(pa.Table.from_pylist(list(rows), schema=SETTLED)):
        release(store, table, SETTLED_ROWS)


def joined(store: Store, statement: str, rows: Sequence[Row], schema: pa.Schema) -> list[tuple[Any, ...]]:
    """What a statement gives that has `rows` as its table `incoming`."""
    with store.incoming(pa.Table.from_pylist(list(rows), schema=schema)):
        return store.connection.execute(statement).fetchall()
