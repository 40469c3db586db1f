"""What reports ask of records: how many of each state on each day, which are missing, and a tenant's own.

A day is a UTC day of `stored_at`. A record has no tenant; it is a tenant's own where it holds an exchange of it.
"""

import duckdb

from auditor.scope import Row, Scope

RECORDS = """
    SELECT stored_at::DATE AS day, state, coalesce(reason, '') AS reason, count(*) AS records FROM outcomes
    WHERE stored_at >= $window_start AND stored_at < $end GROUP BY ALL ORDER BY ALL
"""

OWN_RECORDS = """
    WITH held AS (
        SELECT source, "partition", "offset", stored_at::DATE AS day, state, coalesce(reason, '') AS reason,
            unnest(triple_ids) AS id
        FROM outcomes WHERE stored_at >= $window_start AND stored_at < $end
    ), own AS (
        SELECT DISTINCT held.* EXCLUDE (id) FROM held SEMI JOIN (FROM triples WHERE tenant = $tenant) USING (id)
    )
    SELECT day, state, reason, count(*) AS records FROM own GROUP BY ALL ORDER BY ALL
"""

OWN_EXCHANGES = """
    SELECT count(*) AS exchanges, count(*) FILTER (id IN (SELECT triple_id FROM verdicts)) AS judged
    FROM triples WHERE tenant = $tenant AND stored_at >= $start AND stored_at < $end
"""

GAPS = """
    SELECT source, reason, count(*) AS ranges, sum(last_offset - first_offset + 1)::BIGINT AS offsets
    FROM gaps WHERE stored_at >= $start AND stored_at < $end GROUP BY ALL
    ORDER BY offsets DESC, source, reason LIMIT $most
"""

HELD = "SELECT count(*) AS held, min(read_at) AS held_since FROM held"

MISSING_AHEAD = """
    SELECT coalesce(sum(greatest(start - next_offset, 0)), 0)::BIGINT AS missing_ahead FROM (
        SELECT source, "partition", min(start_offset) AS start FROM waiting_ranges GROUP BY ALL
    ) JOIN positions USING (source, "partition")
"""


def records(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """Records by day of the window, state and reason; a tenant's own where the scope names one."""
    return scope.rows(cursor, OWN_RECORDS if scope.tenant is not None else RECORDS)


def own_exchanges(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """A tenant's exchanges that were first stored in the period, and how many of them have a verdict by now."""
    return scope.row(cursor, OWN_EXCHANGES)


def gaps(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> list[Row]:
    """Offsets that hold no record for us, found in the period, by source and reason."""
    return scope.rows(cursor, GAPS, most=most)


def missing(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """What is held, and what workers have not delivered, now."""
    return scope.row(cursor, HELD) | scope.row(cursor, MISSING_AHEAD)
