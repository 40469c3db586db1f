"""The texts, images and history of single triples, by their ids: what a report shows of an escalated case."""

from collections.abc import Sequence

import duckdb

from auditor.scope import Row, Scope

CASES = """
    WITH chosen AS (FROM current SEMI JOIN (SELECT unnest($ids) AS triple_id) USING (triple_id))
    SELECT c.triple_id, t.tenant, t.application, t.user_id, t.model, t.format, t.conversation_id, t.turn,
        t.response_id, t.occurred_at, t.status, t.source, t."partition", t."offset", t.system_prompt, t.context,
        t.question, t.thinking, t.thinking_kind, t.kind_source, t.substitute, t.answer, t.tool_calls, t.warnings,
        c.guards, c.language, c.level, c.threshold, c.rule, c.day, c.usable,
        v.judgment, v.risk, v.p_safe, v.p_potentially_harmful, v.p_harmful, v.category, v.category_source, v.analysis,
        v.stage, v.contributions, c.flags, v.coverage, v.windows, v.images_seen, v.images_total, v.unscorable_reason,
        v.model_id, v.model_revision, v.mode, v.scored_at
    FROM chosen c JOIN triples t ON t.id = c.triple_id
    JOIN verdicts v ON v.triple_id = c.triple_id AND v.scored_at = c.scored_at AND v.model_revision = c.model_revision
        AND v.prompt_hash = c.prompt_hash AND v.decoding = c.decoding
"""

IMAGES = """
    SELECT triple_id, origin, sha256, media_type, width, height, reason
    FROM images WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, place
"""

EARLIER = """
    SELECT v.triple_id, v.scored_at, v.judgment, CASE WHEN NOT isnan(v.risk) THEN v.risk END AS risk, v.model_id,
        v.model_revision, v.mode, coalesce(r.kind, 'live') AS kind
    FROM verdicts v LEFT JOIN runs r USING (run_id) JOIN current c ON c.triple_id = v.triple_id
    WHERE v.triple_id IN (SELECT unnest($ids)) AND v.scored_at < c.scored_at
        AND coalesce(r.kind, 'live') <> 'shadow'
    ORDER BY v.triple_id, v.scored_at
"""

DRAWS = """
    SELECT triple_id, day, reason, stratum FROM draws
    WHERE triple_id IN (SELECT unnest($ids)) AND day <= $last ORDER BY triple_id, day
"""

VOTES = """
    SELECT triple_id, "at", reviewer, vote, category, rationale FROM standing
    WHERE triple_id IN (SELECT unnest($ids)) AND stored_at < $end ORDER BY triple_id, "at", id
"""

# What happened before is what has the earlier time in the log; where the log has none, in the order of judging.
BEFORE = """
    WITH chosen AS (
        SELECT c.triple_id, c.tenant, t.conversation_id, t.user_id, coalesce(t.occurred_at, c.scored_at) AS happened
        FROM current c JOIN triples t ON t.id = c.triple_id WHERE c.triple_id IN (SELECT unnest($ids))
    ), others AS (
        SELECT d.triple_id, d.tenant, t.conversation_id, t.user_id, coalesce(t.occurred_at, d.scored_at) AS happened
        FROM daily d JOIN triples t ON t.id = d.triple_id WHERE d.escalated AND (
            t.conversation_id IN (SELECT conversation_id FROM chosen) OR t.user_id IN (SELECT user_id FROM chosen))
    )
    SELECT c.triple_id,
        CASE WHEN any_value(c.conversation_id) IS NOT NULL THEN
            count(DISTINCT o.triple_id) FILTER (o.conversation_id = c.conversation_id) END AS same_conversation,
        CASE WHEN any_value(c.user_id) IS NOT NULL THEN
            count(DISTINCT o.triple_id) FILTER (o.user_id = c.user_id) END AS same_user
    FROM chosen c LEFT JOIN others o
        ON o.tenant = c.tenant AND o.happened < c.happened AND o.triple_id <> c.triple_id
        AND (o.conversation_id = c.conversation_id OR o.user_id = c.user_id)
    GROUP BY c.triple_id
"""


def cases(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, Row]:
    """The texts of these triples with the verdicts that the report counts, by triple id."""
    return {row["triple_id"]: row for row in scope.rows(cursor, CASES, ids=list(ids))}


def images(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, list[Row]]:
    """The images of these triples in the order shown."""
    return by_triple(scope.rows(cursor, IMAGES, ids=list(ids)))


def earlier_verdicts(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, list[Row]]:
    """All verdicts on these triples before the one that the report counts, also those of backfills."""
    return by_triple(scope.rows(cursor, EARLIER, ids=list(ids)))


def draws(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, list[Row]]:
    """The nights that drew these triples for review."""
    return by_triple(scope.rows(cursor, DRAWS, ids=list(ids)))


def votes(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, list[Row]]:
    """What reviewers said of these triples by the end of the period."""
    return by_triple(scope.rows(cursor, VOTES, ids=list(ids)))


def escalated_before(cursor: duckdb.DuckDBPyConnection, scope: Scope, ids: Sequence[str]) -> dict[str, Row]:
    """How many other escalations of the window came before, in the same conversation and of the same user."""
    return {row["triple_id"]: row for row in scope.rows(cursor, BEFORE, ids=list(ids))}


def by_triple(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by their triple, which is taken out of them but for images."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["triple_id"], []).append(row)
    return found
