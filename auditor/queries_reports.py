"""What reports say of how they were made: scorers, calibrations, backfills, earlier reports, failed deliveries."""

import json
from typing import Any

import duckdb

from auditor.scope import Row, Scope

# `since` is when such a verdict was first made in the period.
SCORERS = """
    SELECT v.model_id, v.model_revision, v.prompt_hash, v.decoding, r.backend, r.version, r.policy_version,
        count(*) AS verdicts, min(v.scored_at) AS since
    FROM verdicts v JOIN runs r USING (run_id)
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'live'
    AND ($tenant IS NULL OR v.triple_id IN (SELECT id FROM triples WHERE tenant = $tenant))
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.prompt_hash, v.decoding,
        r.backend, r.version, r.policy_version
"""

BACKFILLS = """
    SELECT v.model_id, v.model_revision, v.prompt_hash, v.decoding, r.backend, count(*) AS verdicts,
        min(t.stored_at) AS first, max(t.stored_at) AS last
    FROM verdicts v JOIN runs r USING (run_id) JOIN triples t ON t.id = v.triple_id
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'backfill'
    AND ($tenant IS NULL OR t.tenant = $tenant)
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.prompt_hash, v.decoding
"""

# How many reviews a calibration was fitted to is of all tenants, and so none of one tenant's.
CALIBRATIONS = """
    SELECT v.model_id, v.model_revision, v.mode, v.calibration, c.method,
        CASE WHEN $tenant IS NULL THEN c.n_reviews END AS n_reviews,
        CASE WHEN $tenant IS NULL THEN c.n_harmful END AS n_harmful, c.fitted_at,
        (SELECT count(*) FROM standing WHERE $tenant IS NULL
            OR triple_id IN (SELECT id FROM triples WHERE tenant = $tenant)) AS votes,
        count(*) AS verdicts
    FROM verdicts v JOIN runs r USING (run_id) LEFT JOIN calibrations c ON c.id = v.calibration
    WHERE v.scored_at >= $start AND v.scored_at < $end AND r.kind = 'live' AND v.risk IS NOT NULL
    AND ($tenant IS NULL OR v.triple_id IN (SELECT id FROM triples WHERE tenant = $tenant))
    GROUP BY ALL ORDER BY count(*) DESC, v.model_id, v.model_revision, v.mode, v.calibration
"""

# Of the latest period first: a report of an older one may have been made again since.
MADE = """
    SELECT "at", details FROM events WHERE kind = 'report.made' AND starts_with(subject, $kind)
    ORDER BY details ->> '$.last' DESC, seq DESC
"""

# What failed after the last report was made, and what fails still; jobs of the schedule as well as deliveries.
FAILED = """
    SELECT failed_at AS "at", channel, target, subject, attempts, error, settled FROM (
        SELECT failed_at, channel, delivery AS target, subject, attempt AS attempts, error, state = 'sent' AS settled,
            state = 'failed' AS pending FROM deliveries
        UNION ALL
        SELECT failed_at, 'job', job, period, attempt, error, state = 'done', state = 'failed' FROM job_runs
    ) WHERE failed_at IS NOT NULL AND (pending OR failed_at >= $since)
    ORDER BY settled, failed_at DESC, target, subject LIMIT $most
"""

APPLICATIONS = "SELECT DISTINCT application FROM daily WHERE application IS NOT NULL LIMIT 10000"


def scorers(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What the period's verdicts were made with, most used first."""
    return scope.rows(cursor, SCORERS)


def backfills(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What backfills judged in the period, by what they judged with."""
    return scope.rows(cursor, BACKFILLS)


def calibrations(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What gave the period's verdicts their risks, most used first."""
    return scope.rows(cursor, CALIBRATIONS)


def applications(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> set[str]:
    """The applications that were judged in the window."""
    return {row["application"] for row in scope.rows(cursor, APPLICATIONS)}


def last_made(cursor: duckdb.DuckDBPyConnection, scope: Scope, kind: str) -> Row | None:
    """When the last report of this kind and tenant on an earlier period was made, with what it noted; None: never."""
    for row in scope.rows(cursor, MADE, kind=f"{kind}/"):
        details: dict[str, Any] = json.loads(row["details"])
        if details.get("tenant") == scope.tenant and details["last"] < str(scope.first):
            return {"at": row["at"], "details": details}
    return None


def failed_deliveries(cursor: duckdb.DuckDBPyConnection, scope: Scope, since: object, most: int) -> list[Row]:
    """Deliveries and jobs that failed since then, and those that fail still."""
    return scope.rows(cursor, FAILED, since=since, most=most)
