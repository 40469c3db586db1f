"""What reports ask of records and offsets; and the transaction in which they ask everything.

A report calls its queries (here and in queries_*.py) inside one transaction (`snapshot`), so that all its numbers are
of one instant even while `run` writes. A day is a UTC day: of `stored_at` for records, of `scored_at` for verdicts.
What a backfill judged is not of the day on which it ran: it is counted apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from auditor.query_rows import CoverageRow, ExampleRow

# A partition's share of a day runs from where the days before ended to where the days after begin; so a record that was
# lost at midnight is missing from the sums of both days, and cannot hide between them. A record that was held over
# midnight is in the share of the day on which it was read and in the states of the day on which it settled: `brought`
# and `left_over` say how many came from the days before, and how many this day left to those after it.
COVERAGE = """
    WITH spans AS (
        SELECT source, "partition", "offset" AS first, "offset" AS last, coalesce(read_at, stored_at) AS read_at
        FROM outcomes
        UNION ALL
        SELECT source, "partition", "offset", "offset", read_at FROM held
        UNION ALL
        SELECT source, "partition", first_offset, last_offset, stored_at FROM gaps
    ), bounds AS (
        SELECT source, "partition",
            max(last) FILTER (read_at < $start) AS before, min(first) FILTER (read_at >= $end) AS after
        FROM spans GROUP BY ALL
    ), counted AS (
        SELECT source, "partition", state, count(*) AS n FROM outcomes
        WHERE stored_at >= $start AND stored_at < $end GROUP BY ALL
    ), states AS (
        SELECT source, "partition", map_from_entries(list((state, n))) AS states FROM counted GROUP BY ALL
    ), holes AS (
        SELECT source, "partition", sum(last_offset - first_offset + 1)::BIGINT AS n FROM gaps
        WHERE stored_at >= $start AND stored_at < $end GROUP BY ALL
    ), waited AS (
        SELECT source, "partition", read_at, stored_at FROM outcomes WHERE read_at IS NOT NULL
        UNION ALL
        SELECT source, "partition", read_at, NULL FROM held
    ), carried AS (
        SELECT source, "partition",
            count(*) FILTER (read_at < $start AND stored_at >= $start AND stored_at < $end) AS brought,
            count(*) FILTER (read_at >= $start AND read_at < $end AND coalesce(stored_at >= $end, true)) AS left_over
        FROM waited GROUP BY ALL
    )
    SELECT source, "partition", coalesce(before + 1, first_offset), coalesce(after, next_offset), states,
        coalesce(holes.n, 0), coalesce(brought, 0), coalesce(left_over, 0)
    FROM positions LEFT JOIN bounds USING (source, "partition") LEFT JOIN states USING (source, "partition")
    LEFT JOIN holes USING (source, "partition") LEFT JOIN carried USING (source, "partition")
    ORDER BY source, "partition"
"""


EXAMPLES = """
    SELECT o.source, o."partition", o."offset", o.state, coalesce(o.reason, ''), o.format, d.detail
    FROM outcomes o
    LEFT JOIN (FROM dead_letters WHERE replayed_at IS NULL) d USING (source, "partition", "offset")
    WHERE o.stored_at >= $start AND o.stored_at < $end AND o.state NOT IN ('scored', 'duplicate')
    QUALIFY row_number() OVER (PARTITION BY o.state, o.reason ORDER BY o.source, o."partition", o."offset") <= $limit
    ORDER BY o.state, o.reason, o.source, o."partition", o."offset"
"""


NOTES = "SELECT DISTINCT note FROM runs WHERE note IS NOT NULL ORDER BY note"


@contextmanager
def snapshot(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection in a transaction that only reads: every query in it sees the same instant."""
    connection.begin()
    try:
        yield connection
    finally:
        connection.rollback()


@contextmanager
def within_memory(connection: duckdb.DuckDBPyConnection, max_bytes: int) -> Iterator[None]:
    """Meanwhile the database keeps at most so much in memory, and what needs more goes to its temporary files.

    It holds for all who use the database. One that has more in memory already stays as it is.
    """
    try:
        connection.execute("SET memory_limit = $limit", {"limit": f"{max_bytes}B"})
    except duckdb.OutOfMemoryException:
        yield
        return
    try:
        yield
    finally:
        connection.execute("RESET memory_limit")


def latest_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The last UTC day on which a record was stored; None in an empty database."""
    row = connection.execute("SELECT max(stored_at)::DATE FROM outcomes").fetchone()
    return row[0] if row else None


def notes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What readers are to know of runs, each note once: such as that a store was made for a demo."""
    return [note for (note,) in connection.execute(NOTES).fetchall()]


def has_tenant(connection: duckdb.DuckDBPyConnection, tenant: str) -> bool:
    """Whether any exchange is this tenant's."""
    return connection.execute("SELECT 1 FROM triples WHERE tenant = ? LIMIT 1", [tenant]).fetchone() is not None


def coverage(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> list[CoverageRow]:
    """One row for each partition ever read, also those with nothing new on these days, both included."""
    rows = connection.execute(COVERAGE, period(first, last)).fetchall()
    return [CoverageRow(row[0], row[1], row[2], row[3], row[4] or {}, *row[5:]) for row in rows]


def unjudged_examples(connection: duckdb.DuckDBPyConnection, first: date, last: date, limit: int) -> list[ExampleRow]:
    """Records that ended unscorable, rejected, empty or shed: the first `limit` for each state and reason."""
    rows = connection.execute(EXAMPLES, period(first, last) | {"limit": limit}).fetchall()
    return [ExampleRow(*row) for row in rows]


def period(first: date, last: date) -> dict[str, Any]:
    """First instant of the first UTC day, and of the day after the last."""
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - the database keeps UTC without a zone
    end = datetime(last.year, last.month, last.day) + timedelta(days=1)  # noqa: DTZ001
    return {"start": start, "end": end}
