"""The DuckDB file: everything that is known of records, triples and verdicts, and the only place that writes SQL.

One process at a time may have the file open; a second one is told who holds it. What a batch became is written in one
transaction together with the positions behind it: after a crash either all of it is there or none, so that reading on
from `positions` neither loses a record nor counts one twice. Image files are written before the transaction; a crash
between the two leaves a file that the next run finds and uses.
"""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import duckdb
import pyarrow as pa

from auditor.blobs import BlobStore, open_blobs
from auditor.errors import PositionConflict, StoreLocked, StoreUnusable
from auditor.evidence.store_leaves import SEAL
from auditor.evidence.store_seals import Seals, commit_to_rows, insert_sealed, with_salts
from auditor.ledger import LedgerLine
from auditor.migrate import migrate
from auditor.retention.kept_out import keep_out, shed, with_blobs
from auditor.store_rows import (
    Row,
    Run,
    dead_letter_rows,
    gap_rows,
    held_rows,
    image_rows,
    outcome_columns,
    position_rows,
    run_row,
    triple_columns,
)
from auditor.turns import Turns
from auditor.verdict import ScorerKey, Verdict
from auditor.verdict_rows import COLUMNS, Columns, verdict_columns, verdict_of
from ingest.qta import Batch, Held, ImageBlob, Outcome, Position, QTATriple
from ingest.source import Partition, Stored

if TYPE_CHECKING:
    from auditor.policies.policy import ReviewPlan

MEMORY = ":memory:"

# How the Arrow table `incoming` goes into a table, unless row by row as it is; into tables of evidence go the rows that
# the second table gives. Verdicts are append-only: a key that is there stays as it is; of what was erased none is kept.
INSERTS = {
    "positions": """
        INSERT INTO positions BY NAME SELECT * FROM incoming
        ON CONFLICT (source, "partition") DO UPDATE SET
        next_offset = excluded.next_offset, updated_at = excluded.updated_at""",
}
NEW_ROWS = {
    "runs": "FROM incoming ANTI JOIN runs USING (run_id)",
    "verdicts": """
        FROM incoming ANTI JOIN verdicts USING (triple_id, model_revision, prompt_hash, decoding)
        ANTI JOIN (SELECT triple_id FROM erasures WHERE triple_id IS NOT NULL) erased USING (triple_id)""",
}

LEDGER = """
    WITH records AS (
        SELECT source, "partition", count(*) AS n, count(DISTINCT "offset") AS n_offsets, histogram(state) AS states
        FROM outcomes GROUP BY ALL
    ), holes AS (
        SELECT source, "partition", reason, sum(last_offset - first_offset + 1)::BIGINT AS n FROM gaps GROUP BY ALL
    ), gapped AS (
        SELECT source, "partition", map_from_entries(list((reason, n))) AS reasons FROM holes GROUP BY ALL
    ), waiting AS (
        SELECT source, "partition", count(*) AS n FROM held GROUP BY ALL
    ), ahead AS (
        SELECT source, "partition", min(start_offset) AS start FROM waiting_ranges GROUP BY ALL
    )
    SELECT source, "partition", first_offset, next_offset,
        coalesce(records.n, 0), coalesce(n_offsets, 0), coalesce(states, MAP {}), coalesce(reasons, MAP {}),
        coalesce(waiting.n, 0), coalesce(greatest(ahead.start - next_offset, 0), 0)
    FROM positions
    LEFT JOIN records USING (source, "partition")
    LEFT JOIN gapped USING (source, "partition")
    LEFT JOIN waiting USING (source, "partition")
    LEFT JOIN ahead USING (source, "partition")
    ORDER BY source, "partition"
"""


class Store:
    """An open database file with its folder of images. Used by one thread; close it, or use it in a `with`.

    Attributes:
        connection: for the read queries in queries.py; they take a cursor of it and write nothing.
        blobs: where images are kept.
        writing: held during a transaction, in turns; the same for all stores that are one open file.
        lag: how much live work waits to be stored, as far as the process knows that stores it; asked with a store for
            the thread that asks.
        owner: what the process is that answers others while it has the file open: a SERVE or RUN of service.py; empty
            for one that has it open for a moment.
        plans: what policies say of reviews, by UTC day, as one visit to the pages found them; None where they are read
            each time.
        rewrite_soon: has the file written anew as soon as nobody needs it; whoever has it open for a moment does that
            itself once it is closed.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, blobs: BlobStore) -> None:
        self.connection = connection
        self.blobs = blobs
        self.writing = Turns()
        self.lag: Callable[[Store], int] = lambda _: 0
        self.owner = ""
        self.plans: dict[date, ReviewPlan] | None = None
        self.rewrite_soon: Callable[[], None] = lambda: None
        self.in_transaction = False
        self.schemas: dict[str, pa.Schema] = {}
        self.seals = Seals()

    @classmethod
    def open(cls, path: str, blob_dir: str = "", *, create: bool = True) -> "Store":
        """The store in `path`, brought up to this version's tables.

        Args:
            path: the database file; ":memory:" for one that is gone when closed.
            blob_dir: the folder of images, or an address in object storage; empty: "<path>.blobs".
            create: make the file where there is none.

        Raises:
            StoreLocked: another process has the file open.
            StoreUnusable: the file cannot be opened, is none of ours, or was made by a newer traceaudit.
        """
        if path != MEMORY and not create and not Path(path).exists():
            raise StoreUnusable(f"{path}: no such database; `traceaudit run SOURCE --db {path}` makes one")
        connection = connect(path)
        try:
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        if path != MEMORY:  # a copy that nobody finished; who makes one keeps everybody else from opening the file
            shutil.rmtree(f"{Path(path).resolve()}.anew", ignore_errors=True)
        folder = blob_dir or (tempfile.mkdtemp(prefix="traceaudit-") if path == MEMORY else f"{path}.blobs")
        return cls(connection, open_blobs(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self.connection.close()

    def aside(self) -> "Store":
        """The same file for another thread, one at a time, as of what is committed then.

        Its transactions and those of all others of this file come one after another.
        """
        other = Store(self.connection.cursor(), self.blobs)
        other.writing, other.lag = self.writing, self.lag
        other.owner, other.rewrite_soon = self.owner, self.rewrite_soon
        return other

    def begin_run(self, run: Run) -> None:
        """Note what is in force while the verdicts of this run are made; a run that is known stays as it is."""
        with self.transaction():
            self.insert("runs", [run_row(run)])

    def save(
        self, batch: Batch, outcomes: Sequence[Outcome], verdicts: Sequence[Verdict], run_id: str, now: datetime
    ) -> None:
        """Keep all that a batch became, in one transaction; once this returns it survives a crash.

        Triples and verdicts that are known already are left as they are.

        Raises:
            PositionConflict: the batch does not follow on what is stored; nothing of it is kept.
        """
        new = self.new_triples(triple for item in batch.items for triple in item.triples)
        for image in (image for triple in new for image in triple.images if isinstance(image, ImageBlob)):
            if not image.is_left_behind:
                self.blobs.keep(image)
        with self.transaction():
            read_at = self.release(batch)
            self.check_follows(batch, read_at)
            out = keep_out(self, new, now)
            self.insert_columns("outcomes", outcome_columns(shed(outcomes, out), run_id, now, read_at))
            self.insert("held", held_rows(batch.held, now, read_at))
            self.insert_triples([triple for triple in new if triple.id not in out], now)
            self.insert_columns("verdicts", verdict_columns(verdicts, run_id))
            self.insert("gaps", gap_rows(batch.gaps, now))
            self.insert("dead_letters", dead_letter_rows(batch.items, now))
            self.insert("positions", position_rows(batch, now))

    def insert_triples(self, triples: Sequence[QTATriple], now: datetime) -> None:
        """Append triples with their images, whose files were kept before."""
        whole = with_blobs(self, triples)
        self.insert_columns("triples", triple_columns(whole, now))
        self.insert("images", [row for triple in whole for row in image_rows(triple)])

    def positions(self) -> dict[Partition, int]:
        """The next offset to read of every partition that was ever read."""
        rows = self.connection.execute('SELECT source, "partition", next_offset FROM positions').fetchall()
        return {(source, partition): next_offset for source, partition, next_offset in rows}

    def held(self) -> dict[Position, Held]:
        """The records that were read and wait for the rest of their interactions."""
        rows = self.connection.execute('SELECT source, "partition", "offset", closed, triple_ids FROM held').fetchall()
        return {Position(*place): Held(tuple(closed), tuple(ids)) for *place, closed, ids in rows}

    def standing(self) -> Stored:
        """Where an audit into this store goes on."""
        return Stored(self.positions(), self.held())

    def held_of(self, place: Partition) -> set[Position]:
        """Those of one partition."""
        query = 'SELECT "offset" FROM held WHERE source = ? AND "partition" = ?'
        return {Position(*place, offset) for (offset,) in self.connection.execute(query, list(place)).fetchall()}

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """Those of `ids` that have a verdict of this model, prompt and decoding, readable or not."""
        query = """
            SELECT triple_id FROM verdicts
            WHERE triple_id IN (SELECT unnest(?::VARCHAR[]))
            AND model_revision = ? AND prompt_hash = ? AND decoding = ?"""
        values = [list(ids), scorer.model_revision, scorer.prompt_hash, scorer.decoding]
        return {triple_id for (triple_id,) in self.connection.execute(query, values).fetchall()}

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> dict[str, Verdict]:
        """Readable verdicts on content of these hashes, by hash; one of each."""
        query = f"""
            SELECT DISTINCT ON (content_hash) {", ".join(COLUMNS)} FROM verdicts
            WHERE content_hash IN (SELECT unnest(?::VARCHAR[])) AND judgment IS NOT NULL
            AND model_revision = ? AND prompt_hash = ? AND decoding = ?
            ORDER BY content_hash, scored_at"""  # noqa: S608 - names of our own columns
        found = self.connection.execute(
            query, [list(hashes), scorer.model_revision, scorer.prompt_hash, scorer.decoding]
        )
        verdicts = (verdict_of(dict(zip(COLUMNS, row, strict=True))) for row in found.fetchall())
        return {verdict.content_hash: verdict for verdict in verdicts if verdict.content_hash}

    def ledger(self) -> list[LedgerLine]:
        """Coverage, a line for each source partition, in the order of their names."""
        return [LedgerLine(*row) for row in self.connection.execute(LEDGER).fetchall()]

    def new_triples(self, triples: Iterable[QTATriple]) -> list[QTATriple]:
        """Those not stored yet, each once, the first of its id."""
        found = first_of_each(triples)
        query = "SELECT id FROM triples WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        rows = self.connection.execute(query, [[triple.id for triple in found]]).fetchall()
        known = {triple_id for (triple_id,) in rows}
        return [triple for triple in found if triple.id not in known]

    def release(self, batch: Batch) -> dict[Position, datetime]:
        """Take the batch's records out of those held, and give back when each of them was read."""
        places = [item.record.position for item in batch.items] + list(batch.held)
        if not places or not self.connection.execute("SELECT 1 FROM held LIMIT 1").fetchone():
            return {}
        query = """
            DELETE FROM held WHERE (source, "partition", "offset") IN (
                SELECT (unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::BIGINT[])))
            RETURNING source, "partition", "offset", read_at"""
        columns = [[at.source for at in places], [at.partition for at in places], [at.offset for at in places]]
        return {Position(*place): read_at for *place, read_at in self.connection.execute(query, columns).fetchall()}

    def check_follows(self, batch: Batch, released: Collection[Position]) -> None:
        """Refuse a batch that would leave a hole in the ledger or count an offset twice.

        Args:
            batch: to be stored.
            released: those of its records that were held; all others must come at or after the stored positions.
        """
        stored = self.positions()
        places = [item.record.position for item in batch.items] + list(batch.held)
        size = Counter((at.source, at.partition) for at in places if at not in released)
        for at, n in Counter(places).items():
            next_offset = stored.get((at.source, at.partition), 0)
            if n > 1 or (at in released) != (at.offset < next_offset):
                raise PositionConflict(at.source, at.partition, stored=next_offset, n_offsets=1, end=at.offset + 1)
        for gap in batch.gaps:
            size[gap.source, gap.partition] += gap.last - gap.first + 1
        for partition, end in batch.positions.items():
            start = stored.get(partition, batch.starts.get(partition))
            if start is None or end - start != size[partition]:
                raise PositionConflict(*partition, stored=start, n_offsets=size[partition], end=end)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows; a column that they do not have is NULL."""
        if rows:
            self.insert_columns(table, {name: [row.get(name) for row in rows] for name in self.schema(table).names})

    def insert_columns(self, table: str, columns: Columns) -> None:
        """Append columns of one length, all that `table` has, as one Arrow table; rows of evidence get their seals."""
        if not any(columns.values()):
            return
        rows = pa.Table.from_pydict(columns, schema=self.schema(table))
        with self.transaction():
            if not self.is_sealed(table):
                with self.incoming(rows):
                    self.connection.execute(INSERTS.get(table, f"INSERT INTO {table} BY NAME SELECT * FROM incoming"))  # noqa: S608
                return
            with self.incoming(with_salts(rows)):
                insert_sealed(self, table, NEW_ROWS.get(table, "FROM incoming"))

    @contextmanager
    def incoming(self, rows: pa.Table) -> Iterator[None]:
        """Statements have `rows` as the table `incoming`."""
        self.connection.register("incoming", rows)
        try:
            yield
        finally:
            self.connection.unregister("incoming")

    def schema(self, table: str) -> pa.Schema:
        """The columns that a table has, without those of the seal."""
        schema = self.whole_schema(table)
        return pa.schema([column for column in schema if column.name not in SEAL]) if self.is_sealed(table) else schema

    def is_sealed(self, table: str) -> bool:
        """Whether the rows of a table are evidence."""
        return set(SEAL) <= set(self.whole_schema(table).names)

    def whole_schema(self, table: str) -> pa.Schema:
        """All columns that a table has."""
        if table not in self.schemas:
            self.schemas[table] = self.connection.table(table).limit(0).to_arrow_table().schema
        return self.schemas[table]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one it is a part of that. Rows of evidence are committed to at its end."""
        if self.in_transaction:
            yield
            return
        with self.writing:
            self.connection.begin()
            self.in_transaction = True
            try:
                yield
                commit_to_rows(self)
            except BaseException:
                self.connection.rollback()
                raise
            else:
                self.connection.commit()
            finally:
                self.in_transaction = False
                self.seals.forget()


def first_of_each(triples: Iterable[QTATriple]) -> list[QTATriple]:
    """Each triple once, the first of its id, in order."""
    by_id: dict[str, QTATriple] = {}
    for triple in triples:
        by_id.setdefault(triple.id, triple)
    return list(by_id.values())


def connect(path: str) -> duckdb.DuckDBPyConnection:
    """An open database file, or one clear line why not."""
    try:
        return duckdb.connect(path)
    except duckdb.Error as error:
        if holder := re.search(r"Conflicting lock is held in (.+? \(PID \d+\))", str(error)):
            raise StoreLocked(f"{path} is in use by {holder[1]}; wait for it, or use another --db") from None
        raise StoreUnusable(f"{path}: {str(error).splitlines()[0]}") from None
