"""The votes that stand, with what is known of their cases. Read queries; they write nothing.

Of each person, whatever the case of the name, the last vote on a case counts. The verdict is the one by which the case
was drawn, since that is what was to be checked; of a case that was not drawn it is the latest.
"""

from datetime import date

import duckdb

from auditor.agreement.votes import CaseFacts, Votes, votes_of

GIVEN = """
    CREATE OR REPLACE TEMP TABLE agreement_votes AS
    WITH last AS (
        SELECT DISTINCT ON (r.triple_id, lower(r.reviewer)) r.triple_id, lower(r.reviewer) AS who, r.reviewer, r.vote,
            r."at"
        FROM standing r
        SEMI JOIN (SELECT id FROM triples WHERE $tenant IS NULL OR tenant = $tenant) t ON t.id = r.triple_id
        WHERE r.kind IS NULL
        ORDER BY r.triple_id, who, r."at" DESC, r.id DESC
    ), dated AS (
        SELECT *, max("at") OVER (PARTITION BY triple_id) AS last_at,
            arg_max(reviewer, "at") OVER (PARTITION BY who) AS name
        FROM last
    )
    SELECT triple_id, name, vote, last_at FROM dated WHERE $since IS NULL OR last_at >= $since
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
        ORDER BY v.triple_id, d.triple_id IS NULL, v.scored_at DESC, v.model_revision, v.prompt_hash, v.decoding
    )
    SELECT g.triple_id, t.tenant, coalesce(j.category, 'unknown'), coalesce(d.reason, 'not drawn'),
        date_trunc('week', g.last_at)::DATE, j.judgment, j.model_revision
    FROM (SELECT triple_id, max(last_at) AS last_at FROM agreement_votes GROUP BY triple_id) g
    JOIN triples t ON t.id = g.triple_id
    LEFT JOIN drawn d ON d.triple_id = g.triple_id LEFT JOIN judged j ON j.triple_id = g.triple_id
    ORDER BY g.triple_id
"""
EACH = "SELECT triple_id, name, vote FROM agreement_votes ORDER BY triple_id, name"


def standing_votes(cursor: duckdb.DuckDBPyConnection, since: date | None, tenant: str | None) -> Votes:
    """The votes that count.

    Args:
        cursor: in a transaction that is rolled back, see `queries.snapshot`.
        since: UTC day; only cases whose last vote was given then or later. None for all.
        tenant: only this one's; None for all.
    """
    cursor.execute(GIVEN, {"since": since, "tenant": tenant})
    cases = [CaseFacts(*row) for row in cursor.execute(CASES).fetchall()]
    return votes_of(cases, cursor.execute(EACH).fetchall())
