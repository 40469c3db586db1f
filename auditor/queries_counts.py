"""What reports count of the table `judged`, by every name that a reader asks for; see judged.py.

`make_views` lays two views over it: `daily`, each triple once for each day on which it was judged, with what is
derived of it, and `current`, of those the latest one of each triple in the period.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from auditor.scope import Row, Scope

# What is the same wherever it is counted. A verdict on less than the whole exchange is degraded.
DAILY = """
    CREATE TEMP VIEW daily AS SELECT *,
        level IN ('escalate', 'urgent') AS escalated,
        judgment IS NOT NULL AND risk IS NOT NULL AND NOT isnan(risk) AS usable,
        images_seen < images_total AS lacks_image,
        coverage < 1 AND judgment IS NOT NULL AS lacks_text,
        status <> 'complete' AS lacks_log,
        thinking_kind IN ('absent', 'redacted', 'summary') OR lacks_image OR lacks_text OR lacks_log AS degraded,
        list_transform(coalesce(guards, []), lambda one: one.verdict) AS words,
        CASE WHEN len(words) = 0 THEN 'nothing'
            WHEN list_has_any(words, ['blocked', 'refused', 'masked']) THEN 'stopped'
            WHEN list_contains(words, 'flagged') THEN 'flagged'
            WHEN list_contains(words, 'passed') THEN 'passed' ELSE 'failed' END AS said
    FROM judged
"""

# Few triples are judged on more than one day of a period: those are kept aside, instead of the table a second time.
SUPERSEDED = """
    CREATE TEMP TABLE superseded AS SELECT triple_id, day FROM judged JOIN (
        SELECT triple_id, max(day) AS latest FROM judged WHERE day BETWEEN $first AND $last
        GROUP BY triple_id HAVING count(*) > 1
    ) USING (triple_id) WHERE day BETWEEN $first AND $last AND day < latest
"""

CURRENT = """
    CREATE TEMP VIEW current AS SELECT * FROM daily ANTI JOIN superseded USING (triple_id, day)
    WHERE day >= DATE '{first}'
"""

COUNTS = """
    count(*) AS triples,
    count(*) FILTER (judgment = 0) AS safe,
    count(*) FILTER (judgment = 0.5) AS potentially_harmful,
    count(*) FILTER (judgment = 1) AS harmful,
    count(*) FILTER (judgment IS NULL) AS unscorable,
    count(*) FILTER (level = 'watch') AS watch,
    count(*) FILTER (escalated) AS escalated,
    count(*) FILTER (level = 'urgent') AS urgent
"""

# Of a table with many names the first are told, and the others are one line: a name that a log makes up for each
# exchange cannot make the report as large as the log.
SLICES = f"""
    WITH counted AS (
        SELECT CASE grouping(c.tenant, application, category, thinking_kind, language)
                WHEN 15 THEN 'tenant' WHEN 7 THEN 'application' WHEN 27 THEN 'category' WHEN 29 THEN 'thinking'
                WHEN 30 THEN 'language' ELSE 'all' END AS slice,
            CASE slice WHEN 'application' THEN c.tenant END AS tenant,
            coalesce(CASE slice WHEN 'tenant' THEN c.tenant WHEN 'application' THEN application
                WHEN 'category' THEN category WHEN 'thinking' THEN thinking_kind WHEN 'language' THEN language
                ELSE 'all' END, '') AS name,
            {COUNTS}
        FROM current AS c
        GROUP BY GROUPING SETS ((), (c.tenant), (c.tenant, application), (category), (thinking_kind), (language))
    ), ranked AS (
        SELECT *, least($most + 1, row_number() OVER (
            PARTITION BY slice ORDER BY escalated DESC, triples DESC, name, tenant)) AS place
        FROM counted
    )
    SELECT slice, CASE count(*) WHEN 1 THEN any_value(name) ELSE '' END AS name,
        CASE count(*) WHEN 1 THEN any_value(tenant) END AS tenant,
        sum(triples)::BIGINT AS triples, sum(safe)::BIGINT AS safe,
        sum(potentially_harmful)::BIGINT AS potentially_harmful, sum(harmful)::BIGINT AS harmful,
        sum(unscorable)::BIGINT AS unscorable, sum(watch)::BIGINT AS watch, sum(escalated)::BIGINT AS escalated,
        sum(urgent)::BIGINT AS urgent, count(*) AS names
    FROM ranked GROUP BY slice, place ORDER BY slice, place
"""  # noqa: S608 - our own columns

ESCALATIONS = """
    SELECT count(*) FILTER (escalated) AS total,
        count(*) FILTER (escalated AND usable AND judgment = 1) AS harmful,
        count(*) FILTER (escalated AND usable AND judgment = 0.5) AS potentially_harmful,
        count(*) FILTER (escalated AND usable AND judgment = 0) AS judged_safe,
        count(*) FILTER (escalated AND NOT usable) AS unscorable,
        count(*) FILTER (level = 'urgent') AS urgent,
        count(*) FILTER (level = 'watch') AS watch
    FROM current
"""

STAGES = """
    SELECT coalesce(stage, '') AS stage, count(*) AS triples FROM current WHERE escalated
    GROUP BY ALL ORDER BY triples DESC, stage
"""

DAYS = """
    SELECT day, count(*) AS exchanges, count(*) FILTER (level = 'watch') AS watch,
        count(*) FILTER (escalated) AS escalated, count(*) FILTER (level = 'urgent') AS urgent,
        count(*) FILTER (NOT usable) AS unscorable, count(*) FILTER (degraded) AS degraded
    FROM daily GROUP BY day ORDER BY day
"""

# The columns of an escalated triple, as every file has them.
ESCALATED = """
    SELECT triple_id, tenant, application,
        CASE judgment WHEN 0 THEN 'safe' WHEN 0.5 THEN 'potentially_harmful' WHEN 1 THEN 'harmful'
            ELSE 'unscorable' END AS judgment,
        CASE WHEN usable THEN risk END AS risk,
        CASE WHEN usable THEN 'risk' ELSE 'unscorable' END AS reason,
        CASE WHEN usable THEN '' ELSE coalesce(nullif(unscorable_reason, ''), 'no_risk') END AS detail,
        category, coalesce(stage, '') AS stage, array_to_string(flags, ' ') AS flags, thinking_kind, occurred_at,
        scored_at, CASE WHEN $tenant IS NULL THEN source ELSE '' END AS source,
        CASE WHEN $tenant IS NULL THEN "partition" END AS "partition",
        CASE WHEN $tenant IS NULL THEN "offset" END AS "offset",
        level, threshold, coalesce(language, '') AS language, model, p_safe
    FROM current WHERE escalated
"""

# Urgent ones come first, then the highest risk; of equal risks the higher score is first, since a calibration can give
# one risk to many scores; what could not be scored comes last.
RANK = "level = 'urgent' DESC, reason, risk DESC NULLS LAST, p_safe NULLS FIRST, tenant, triple_id"


def make_views(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Lay `daily` and `current` over `judged`, which holds the window of the scope, day by day."""
    cursor.execute(DAILY)
    if scope.first == scope.last:
        cursor.execute("CREATE TEMP TABLE superseded (triple_id VARCHAR, day DATE)")
    else:
        cursor.execute(SUPERSEDED, scope.values(SUPERSEDED))
    cursor.execute(CURRENT.format(first=scope.first.isoformat()))


def slices(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> dict[str, list[Row]]:
    """Counts by "all", "tenant", "application", "category", "thinking", "language": `most` names each, and the rest."""
    found: dict[str, list[Row]] = {}
    for row in scope.rows(cursor, SLICES, most=most):
        found.setdefault(row.pop("slice"), []).append(row)
    return found


def escalation_counts(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """The escalated of the period by what the guard said."""
    return scope.row(cursor, ESCALATIONS)


def stages(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """The escalated by where the harm lies."""
    return scope.rows(cursor, STAGES)


def days(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What was judged on each day of the window that had anything."""
    return scope.rows(cursor, DAYS)


def escalated(cursor: duckdb.DuckDBPyConnection, scope: Scope, columns: Sequence[str], limit: int) -> list[Row]:
    """The first escalations."""
    return scope.rows(cursor, f"{ranked(columns)} LIMIT $limit", limit=limit)


def stream_escalated(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, columns: Sequence[str], n: int
) -> Iterator[pa.RecordBatch]:
    """All of them in batches of `n`; the cursor is free again once they are read."""
    query = ranked(columns)
    found: Any = cursor.sql(query, params=scope.values(query)).to_arrow_reader(n)
    yield from found


def ranked(columns: Sequence[str]) -> str:
    """The query of escalations, in their order."""
    chosen = ", ".join(f'"{name}"' for name in columns)
    return f"SELECT {chosen} FROM ({ESCALATED}) ORDER BY {RANK}"  # noqa: S608 - our own columns
