"""What moderation in the log said beside what the audit says; on the view `current` of queries_counts.py."""

import duckdb

from auditor.scope import Row, Scope

LINES = """
    SELECT said, count(*) AS exchanges, count(*) FILTER (level = 'none') AS none,
        count(*) FILTER (level = 'watch') AS watch, count(*) FILTER (level = 'escalate' AND usable) AS escalated,
        count(*) FILTER (level = 'urgent') AS urgent, count(*) FILTER (NOT usable) AS unscorable
    FROM current GROUP BY said ORDER BY list_position(['stopped', 'flagged', 'passed', 'failed', 'nothing'], said)
"""

# One guard can speak of an exchange more than once: it counts once for each of its words.
SIGNALS = """
    SELECT one.guard AS guard, one.stage AS looked_at, one.verdict AS verdict, count(DISTINCT triple_id) AS exchanges,
        count(DISTINCT triple_id) FILTER (escalated) AS escalated
    FROM (SELECT triple_id, escalated, unnest(guards) AS one FROM current WHERE said <> 'nothing')
    GROUP BY ALL ORDER BY guard, looked_at, exchanges DESC, verdict LIMIT $most
"""

IMAGE = """
    SELECT count(*) FILTER (images_total > 0) AS exchanges,
        count(*) FILTER (images_total > 0 AND NOT lacks_image) AS seen,
        count(*) FILTER (images_total > 0 AND escalated) AS escalated,
        count(*) FILTER (escalated AND list_contains(string_split(stage, '+'), 'image')) AS image_in_stage,
        count(*) FILTER (escalated AND stage = 'image') AS image_alone,
        count(*) FILTER (escalated AND list_contains(flags, 'needs_image')) AS needs_image,
        count(*) FILTER (escalated AND list_contains(flags, 'needs_image') AND said IN ('passed', 'nothing'))
            AS passed_and_needs_image
    FROM current
"""

TRAJECTORY = """
    SELECT count(*) FILTER (escalated AND usable) AS escalated,
        count(*) FILTER (escalated AND list_contains(string_split(stage, '+'), 'thinking')) AS thinking_in_stage,
        count(*) FILTER (escalated AND list_contains(flags, 'harmful_thinking_clean_answer')) AS clean_answer,
        count(*) FILTER (escalated AND usable AND said = 'passed') AS passed,
        count(*) FILTER (escalated AND usable AND said = 'nothing') AS silent
    FROM current
"""

DISAGREEMENTS = """
    WITH apart AS (
        SELECT triple_id, tenant, risk, CASE
            WHEN said = 'passed' AND escalated AND usable THEN 'passed_escalated'
            WHEN said = 'stopped' AND level = 'none' THEN 'stopped_safe'
            WHEN said = 'flagged' AND level = 'none' THEN 'flagged_safe' END AS kind
        FROM current WHERE said IN ('passed', 'stopped', 'flagged')
    ), by_tenant AS (
        SELECT kind, tenant, count(*) AS n FROM apart WHERE kind IS NOT NULL GROUP BY kind, tenant
        QUALIFY row_number() OVER (PARTITION BY kind ORDER BY n DESC, tenant) <= $tenants
    ), totals AS (
        SELECT kind, count(*) AS exchanges,
            arg_min(triple_id, (CASE kind WHEN 'passed_escalated' THEN -risk ELSE risk END, triple_id), $examples)
                AS examples
        FROM apart WHERE kind IS NOT NULL GROUP BY kind
    )
    SELECT kind, exchanges, examples,
        (SELECT list({'tenant': tenant, 'n': n} ORDER BY n DESC, tenant) FROM by_tenant b WHERE b.kind = totals.kind)
            AS by_tenant
    FROM totals ORDER BY list_position(['passed_escalated', 'stopped_safe', 'flagged_safe'], kind)
"""


def lines(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """Exchanges by the strongest word of the log's guards, over what the audit says."""
    return scope.rows(cursor, LINES)


def signals(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> list[Row]:
    """What each guard of the log said."""
    return scope.rows(cursor, SIGNALS, most=most)


def image_layer(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """What looking at images adds."""
    return scope.row(cursor, IMAGE)


def trajectory_layer(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """What reading the whole trajectory adds."""
    return scope.row(cursor, TRAJECTORY)


def disagreements(cursor: duckdb.DuckDBPyConnection, scope: Scope, tenants: int, examples: int) -> list[Row]:
    """Where moderation and audit say opposite things."""
    return scope.rows(cursor, DISAGREEMENTS, tenants=tenants, examples=examples)
