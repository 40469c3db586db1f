"""What reports ask of the database: named read queries, each giving typed rows.

A report calls them inside one transaction (`snapshot`), so that all its numbers are of one instant even while `run`
writes. A day is a UTC day: of `stored_at` for records, of `scored_at` for verdicts. What a backfill judged is not of
the day on which it ran: it is counted apart.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from auditor.query_rows import (
    BackfillRow,
    CalibrationRow,
    CaseRow,
    CoverageRow,
    ExampleRow,
    ImageFailureRow,
    ImageRow,
    ScorerRow,
    UnjudgedRow,
    VerdictRow,
)
from auditor.verdict import Judgment

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

UNJUDGED = """
    SELECT state, coalesce(reason, ''), count(*) FROM outcomes
    WHERE stored_at >= $start AND stored_at < $end AND state NOT IN ('scored', 'duplicate')
    GROUP BY ALL ORDER BY ALL
"""

EXAMPLES = """
    SELECT o.source, o."partition", o."offset", o.state, coalesce(o.reason, ''), o.format, d.detail
    FROM outcomes o
    LEFT JOIN (FROM dead_letters WHERE replayed_at IS NULL) d USING (source, "partition", "offset")
    WHERE o.stored_at >= $start AND o.stored_at < $end AND o.state NOT IN ('scored', 'duplicate')
    QUALIFY row_number() OVER (PARTITION BY o.state, o.reason ORDER BY o.source, o."partition", o."offset") <= $limit
    ORDER BY o.state, o.reason, o.source, o."partition", o."offset"
"""

# A triple that was scored twice that day counts once, with its latest verdict; the rest of the order breaks ties.
VERDICTS = """
    SELECT DISTINCT ON (v.triple_id)
        v.triple_id, v.judgment, v.risk, v.unscorable_reason, v.p_safe, v.p_potentially_harmful, v.p_harmful,
        v.category, v.coverage, v.windows, v.images_seen, v.images_total, v.scored_at, t.tenant, t.application,
        t.thinking_kind, t.status, t.source, t."partition", t."offset", t.occurred_at, v.stage, coalesce(v.flags, [])
    FROM verdicts v JOIN triples t ON t.id = v.triple_id
    WHERE v.scored_at >= $start AND v.scored_at < $end
    AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'backfill')
    ORDER BY v.triple_id, v.scored_at DESC, v.run_id DESC, v.model_revision, v.prompt_hash, v.decoding
"""

SCORERS = """
    SELECT v.model_id, v.model_revision, v.prompt_hash, v.decoding, r.backend, r.version, r.policy_version, count(*)
    FROM verdicts v JOIN runs r USING (run_id)
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'live'
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.decoding
"""

BACKFILLS = """
    SELECT v.model_id, v.model_revision, v.prompt_hash, v.decoding, r.backend, count(*), min(t.stored_at),
        max(t.stored_at)
    FROM verdicts v JOIN runs r USING (run_id) JOIN triples t ON t.id = v.triple_id
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'backfill'
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.prompt_hash, v.decoding
"""

CALIBRATIONS = """
    SELECT v.model_id, v.model_revision, v.mode, v.calibration, c.method, c.n_reviews, c.n_harmful, c.fitted_at,
        (SELECT count(*) FROM reviews), count(*)
    FROM verdicts v JOIN runs r USING (run_id) LEFT JOIN calibrations c ON c.id = v.calibration
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'live' AND v.risk IS NOT NULL
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.mode, v.calibration
"""

IMAGE_FAILURES = """
    SELECT i.reason, count(*), count(DISTINCT i.triple_id)
    FROM images i WHERE i.reason IS NOT NULL AND i.triple_id IN (
        SELECT triple_id FROM verdicts WHERE scored_at >= $start AND scored_at < $end
        AND run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'backfill'))
    GROUP BY i.reason ORDER BY count(*) DESC, i.reason
"""

CASES = """
    SELECT DISTINCT ON (t.id)
        t.id, t.user_id, t.model, t.format, t.conversation_id, t.turn, t.response_id, t.system_prompt, t.context,
        t.question, t.thinking, t.kind_source, t.substitute, t.answer, t.tool_calls, t.warnings,
        v.analysis, v.category_source, v.model_id, v.model_revision, v.mode, v.contributions
    FROM triples t JOIN verdicts v ON v.triple_id = t.id
    WHERE t.id IN (SELECT unnest($ids)) AND v.scored_at >= $start AND v.scored_at < $end
    AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'backfill')
    ORDER BY t.id, v.scored_at DESC, v.run_id DESC, v.model_revision, v.prompt_hash, v.decoding
"""

IMAGES = """
    SELECT triple_id, origin, sha256, media_type, width, height, reason
    FROM images WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, place
"""


@contextmanager
def snapshot(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection in a transaction that only reads: every query in it sees the same instant."""
    connection.begin()
    try:
        yield connection
    finally:
        connection.rollback()


def latest_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The last UTC day on which a record was stored; None in an empty database."""
    row = connection.execute("SELECT max(stored_at)::DATE FROM outcomes").fetchone()
    return row[0] if row else None


def coverage(connection: duckdb.DuckDBPyConnection, day: date) -> list[CoverageRow]:
    """One row for each partition ever read, also those with nothing new that day."""
    rows = connection.execute(COVERAGE, bounds(day)).fetchall()
    return [CoverageRow(row[0], row[1], row[2], row[3], row[4] or {}, *row[5:]) for row in rows]


def unjudged(connection: duckdb.DuckDBPyConnection, day: date) -> list[UnjudgedRow]:
    """The day's records that ended unscorable, rejected, empty or shed, counted by state and reason."""
    return [UnjudgedRow(*row) for row in connection.execute(UNJUDGED, bounds(day)).fetchall()]


def unjudged_examples(connection: duckdb.DuckDBPyConnection, day: date, limit: int) -> list[ExampleRow]:
    """The first `limit` of those records for each state and reason."""
    return [ExampleRow(*row) for row in connection.execute(EXAMPLES, bounds(day) | {"limit": limit}).fetchall()]


def verdicts(connection: duckdb.DuckDBPyConnection, day: date) -> list[VerdictRow]:
    """The latest verdict of each triple scored that day."""
    rows = connection.execute(VERDICTS, bounds(day)).fetchall()
    return [VerdictRow(row[0], None if row[1] is None else Judgment(row[1]), *row[2:]) for row in rows]


def scorers(connection: duckdb.DuckDBPyConnection, day: date) -> list[ScorerRow]:
    """What the day's verdicts were made with, most used first."""
    return [ScorerRow(*row) for row in connection.execute(SCORERS, bounds(day)).fetchall()]


def backfills(connection: duckdb.DuckDBPyConnection, day: date) -> list[BackfillRow]:
    """What backfills judged that day, by what they judged with."""
    return [BackfillRow(*row) for row in connection.execute(BACKFILLS, bounds(day)).fetchall()]


def calibrations(connection: duckdb.DuckDBPyConnection, day: date) -> list[CalibrationRow]:
    """What gave the day's verdicts their risks, most used first."""
    return [CalibrationRow(*row) for row in connection.execute(CALIBRATIONS, bounds(day)).fetchall()]


def image_failures(connection: duckdb.DuckDBPyConnection, day: date) -> list[ImageFailureRow]:
    """Missing images of the triples scored that day, by reason, most frequent first."""
    return [ImageFailureRow(*row) for row in connection.execute(IMAGE_FAILURES, bounds(day)).fetchall()]


def cases(connection: duckdb.DuckDBPyConnection, day: date, ids: Sequence[str]) -> dict[str, CaseRow]:
    """The texts of these triples with the day's latest verdict, by triple id."""
    rows = connection.execute(CASES, bounds(day) | {"ids": list(ids)}).fetchall()
    return {row[0]: CaseRow(*row) for row in rows}


def images(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, list[ImageRow]]:
    """The images of these triples in the order shown, by triple id."""
    found: dict[str, list[ImageRow]] = {}
    for row in connection.execute(IMAGES, {"ids": list(ids)}).fetchall():
        found.setdefault(row[0], []).append(ImageRow(*row))
    return found


def bounds(day: date) -> dict[str, Any]:
    """First instant of the day, and of the day after."""
    return period(day, day)


def period(first: date, last: date) -> dict[str, Any]:
    """First instant of the first UTC day, and of the day after the last."""
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - the database keeps UTC without a zone
    end = datetime(last.year, last.month, last.day) + timedelta(days=1)  # noqa: DTZ001
    return {"start": start, "end": end}
