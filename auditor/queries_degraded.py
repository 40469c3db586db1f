"""What reports count of verdicts that rest on less than the whole exchange; on the views of queries_counts.py."""

import duckdb

from auditor.scope import Row, Scope

DEGRADED = """
    SELECT coalesce(tenant, '') AS name, grouping(tenant) = 1 AS whole, count(*) AS exchanges,
        count(*) FILTER (degraded) AS degraded,
        count(*) FILTER (thinking_kind = 'absent') AS absent,
        count(*) FILTER (thinking_kind = 'redacted') AS redacted,
        count(*) FILTER (thinking_kind = 'summary') AS summary,
        count(*) FILTER (thinking_kind = 'unknown') AS unknown_thinking,
        count(*) FILTER (lacks_image) AS images_missing,
        count(*) FILTER (lacks_text) AS text_incomplete,
        count(*) FILTER (lacks_log) AS log_incomplete,
        count(*) FILTER (degraded AND escalated) AS degraded_escalated
    FROM current GROUP BY GROUPING SETS ((), (tenant))
    ORDER BY whole DESC, degraded DESC, name LIMIT $most + 1
"""

STATUSES = """
    SELECT status, count(*) AS exchanges FROM current WHERE lacks_log GROUP BY ALL ORDER BY exchanges DESC, status
"""

IMAGE_FAILURES = """
    SELECT i.reason, count(*) AS images, count(DISTINCT i.triple_id) AS triples
    FROM images i SEMI JOIN current c ON c.triple_id = i.triple_id WHERE i.reason IS NOT NULL
    GROUP BY i.reason ORDER BY images DESC, i.reason
"""


def degraded(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> list[Row]:
    """The lacks of all verdicts of the period, and then of at most `most` tenants, most degraded first."""
    return scope.rows(cursor, DEGRADED, most=most)


def statuses(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """Exchanges whose log is not complete, by what it is instead."""
    return scope.rows(cursor, STATUSES)


def image_failures(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """Images that could not be had, of the exchanges of the period, by reason."""
    return scope.rows(cursor, IMAGE_FAILURES)
