"""The verdicts of a period with the levels that the policies of its days give them: one temporary table.

What reports, samples and exports count, they count on this table; it is made inside `queries.snapshot`, and is gone
after it. One row is one triple with its latest live verdict of the period, read by the policy of the day on which that
was scored. What backfills judged is not in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from auditor.policies.policy import Policy, Slice
from auditor.queries import period

LIVE = """
    FROM verdicts v WHERE v.scored_at >= $start AND v.scored_at < $end
    AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'live')
"""

# Verdicts that a later one of the period (or, with $each_day, of the same day) replaces. Few triples have more than
# one: only those are put in order, instead of every row with all its columns.
REPLACED = f"""
    SELECT triple_id, model_revision, prompt_hash, decoding FROM (
        SELECT v.triple_id, CASE WHEN $each_day THEN v.scored_at::DATE END AS of_day, v.scored_at, v.run_id,
            v.model_revision, v.prompt_hash, v.decoding {LIVE}
    ) SEMI JOIN (
        SELECT v.triple_id, CASE WHEN $each_day THEN v.scored_at::DATE END AS of_day {LIVE}
        GROUP BY ALL HAVING count(*) > 1
    ) several USING (triple_id)
    QUALIFY row_number() OVER (PARTITION BY triple_id, of_day
        ORDER BY scored_at DESC, run_id DESC, model_revision, prompt_hash, decoding) > 1
"""  # noqa: S608 - our own text

# Risks are compared as `level_of` compares them: what has no usable risk is at escalate.
MAKE = f"""
    CREATE TEMP TABLE judged AS
    WITH replaced AS ({REPLACED}), latest AS (
        SELECT
            v.triple_id, v.scored_at::DATE AS day, t.tenant, t.application, v.category, t.thinking_kind,
            t.language, t.model, v.model_id, v.model_revision, v.prompt_hash, v.decoding, v.mode,
            v.protocol, v.calibration, v.judgment, v.p_safe, v.p_potentially_harmful, v.p_harmful, v.harm_score, v.risk,
            v.unscorable_reason, v.stage, v.coverage, v.windows, v.images_seen, v.images_total, t.status, v.scored_at,
            t.occurred_at, t.stored_at, t.source, t."partition", t."offset", coalesce(v.flags, []) AS flags,
            v.triage_score, v.sent_to_full, v.inclusion, t.guards, v.content_hash
        FROM (SELECT v.* {LIVE}) v ANTI JOIN replaced r ON r.triple_id = v.triple_id
            AND r.model_revision = v.model_revision AND r.prompt_hash = v.prompt_hash AND r.decoding = v.decoding
        JOIN triples t ON t.id = v.triple_id
        WHERE $tenant IS NULL OR t.tenant = $tenant
    )
    SELECT latest.*, b.escalate AS threshold, b.watch AS watch_threshold, b.urgent AS urgent_threshold,
        b.source AS rule,
        CASE WHEN judgment IS NULL OR risk IS NULL OR isnan(risk) THEN 'escalate'
            WHEN risk >= b.urgent THEN 'urgent' WHEN risk >= b.escalate THEN 'escalate'
            WHEN risk >= b.watch THEN 'watch' ELSE 'none' END AS level
    FROM latest JOIN bounds b ON b.day = latest.day AND b.tenant = latest.tenant
        AND b.application IS NOT DISTINCT FROM latest.application
        AND b.category = latest.category AND b.thinking = latest.thinking_kind
"""  # noqa: S608

COMBINATIONS = """
    SELECT DISTINCT v.scored_at::DATE, t.tenant, t.application, v.category, t.thinking_kind
    FROM verdicts v JOIN triples t ON t.id = v.triple_id
    WHERE v.scored_at >= $start AND v.scored_at < $end AND ($tenant IS NULL OR t.tenant = $tenant)
"""

BOUNDS = pa.schema(
    [
        ("day", pa.date32()),
        ("tenant", pa.string()),
        ("application", pa.string()),
        ("category", pa.string()),
        ("thinking", pa.string()),
        ("watch", pa.float64()),
        ("escalate", pa.float64()),
        ("urgent", pa.float64()),
        ("source", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Combination:
    """What was judged of one combination on one day."""

    day: date
    one: Slice


def make_judged(  # noqa: PLR0913 - which days and whose, and what counts of each
    cursor: duckdb.DuckDBPyConnection,
    first: date,
    last: date,
    policies: Mapping[date, Policy],
    tenant: str | None = None,
    *,
    each_day: bool = False,
) -> None:
    """Make the table `judged`.

    Args:
        cursor: in a transaction that is rolled back, see `queries.snapshot`.
        first: UTC day.
        last: UTC day, included.
        policies: of each of these days.
        tenant: only this one's; None for all.
        each_day: keep the latest verdict of each day on which a triple was judged, not only the latest of the period.
    """
    values = period(first, last) | {"tenant": tenant}
    rows = cursor.execute(COMBINATIONS, values).fetchall()
    combinations = [Combination(row[0], Slice(*row[1:])) for row in rows]
    cursor.register("bounds", bounds_of(combinations, policies))
    try:
        cursor.execute(MAKE, values | {"each_day": each_day})
    finally:
        cursor.unregister("bounds")


def bounds_of(combinations: Iterable[Combination], policies: Mapping[date, Policy]) -> pa.Table:
    """The thresholds of these combinations by the policies of their days, as a table of BOUNDS."""
    known: dict[tuple[int, Slice], tuple[float, float, float, str]] = {}
    rows = []
    for at in combinations:
        policy, one = policies[at.day], at.one
        key = id(policy), one
        if key not in known:
            resolved = policy.at(one)
            levels = resolved.thresholds
            known[key] = levels.watch, levels.escalate, levels.urgent, resolved.escalate.source
        rows.append((at.day, one.tenant, one.application, one.category, one.thinking, *known[key]))
    return pa.Table.from_pylist([dict(zip(BOUNDS.names, row, strict=True)) for row in rows], schema=BOUNDS)
