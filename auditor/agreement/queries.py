"""The votes that stand, with what is known of their cases. Read queries; they write nothing.

Of each person, whatever the case of the name, the last vote on a case counts. The verdict is the one by which the case
was drawn, since that is what was to be checked; of a case that was not drawn it is the latest.
"""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from auditor.agreement.votes import CaseFacts, Votes, votes_of

GIVEN = """
    CREATE OR REPLACE TEMP TABLE agreement_votes AS
    WITH last AS (
        SELECT DISTINCT ON (r.triple_id, lower(r.reviewer)) r.triple_id, lower(r.reviewer) AS who, r.reviewer, r.vote,
            r."at", r.verdict_hidden
        FROM standing r
        SEMI JOIN (SELECT id FROM triples WHERE $tenant IS NULL OR tenant = $tenant) t ON t.id = r.triple_id
        WHERE r.kind IS NULL AND ($until IS NULL OR r.stored_at < $until)
        ORDER BY r.triple_id, who, r."at" DESC, r.id DESC
    ), dated AS (
        SELECT *, max("at") OVER (PARTITION BY triple_id) AS last_at,
            arg_max(reviewer, "at") OVER (PARTITION BY who) AS name
        FROM last
    )
    SELECT triple_id, name, vote, last_at, verdict_hidden FROM dated WHERE $since IS NULL OR last_at >= $since
"""
CASES = """
    WITH drawn AS (
        SELECT DISTINCT ON (triple_id) triple_id, reason, model_revision, prompt_hash, decoding FROM draws
        SEMI JOIN agreement_votes USING (triple_id) ORDER BY triple_id, "day" DESC
    ), judged AS (
        SELECT DISTINCT ON (v.triple_id) v.triple_id, v.judgment, v.category, v.model_revision
        FROM verdicts v SEMI JOIN agreement_votes g ON g.triple_id = v.triple_id
        LEFT JOIN drawn d ON d.triple_id = v.triple_id AND d.model_revision = v.model_revision
            AND d.prompt_hash = v.prompt_hash AND d.decoding = v.decoding
        WHERE $until IS NULL OR v.scored_at < $until
        ORDER BY v.triple_id, d.triple_id IS NULL, v.scored_at DESC, v.model_revision, v.prompt_hash, v.decoding
    )
    SELECT g.triple_id, t.tenant, coalesce(j.category, 'unknown'), coalesce(d.reason, 'not drawn'),
        CASE WHEN g.shown THEN 'shown' WHEN g.unknown THEN 'unknown' ELSE 'hidden' END,
        date_trunc('week', g.last_at)::DATE, j.judgment, j.model_revision
    FROM (
        SELECT triple_id, max(last_at) AS last_at, coalesce(bool_or(NOT verdict_hidden), false) AS shown,
            bool_or(verdict_hidden IS NULL) AS unknown
        FROM agreement_votes GROUP BY triple_id
    ) g
    JOIN triples t ON t.id = g.triple_id
    LEFT JOIN drawn d ON d.triple_id = g.triple_id LEFT JOIN judged j ON j.triple_id = g.triple_id
    ORDER BY g.triple_id
"""
EACH = "SELECT triple_id, name, vote FROM agreement_votes ORDER BY triple_id, name"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which votes count; None for all.

    Attributes:
        since: UTC day; only cases whose last vote was given then or later.
        tenant: only this one's.
        until: an instant, UTC without a zone; only what the database had before it.
    """

    since: date | None = None
    tenant: str | None = None
    until: datetime | None = None


def standing_votes(cursor: duckdb.DuckDBPyConnection, chosen: Chosen) -> Votes:
    """The votes that count; `cursor` is in a transaction that is rolled back, see `queries.snapshot`."""
    cursor.execute(GIVEN, {"since": chosen.since, "tenant": chosen.tenant, "until": chosen.until})
    cases = [CaseFacts(*row) for row in cursor.execute(CASES, {"until": chosen.until}).fetchall()]
    return votes_of(cases, cursor.execute(EACH).fetchall())
