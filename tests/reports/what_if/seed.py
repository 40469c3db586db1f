"""A store with weeks of verdicts, made by SQL alone, so that a million rows take seconds; the same rows each time."""

from datetime import date, datetime

from auditor.store import Store

FIRST = date(2026, 11, 1)
NOW = datetime(2026, 12, 1)  # noqa: DTZ001 - as the database keeps it

# A number in [0, 1) for each row and name, spread evenly.
SPREAD = "(hash({name!r} || i::VARCHAR) % 1000003) / 1000003.0::DOUBLE"

ROWS = f"""
    CREATE TEMP TABLE seeded AS
    WITH numbers AS (
        SELECT i, {SPREAD.format(name="harm")} AS a, {SPREAD.format(name="risk")} AS b,
            {SPREAD.format(name="tenant")} AS c, {SPREAD.format(name="kind")} AS d, {SPREAD.format(name="lost")} AS e
        FROM range($n) t(i)
    ), labelled AS (
        SELECT *, a < $prevalence AS harmful FROM numbers
    )
    SELECT sha256(i::VARCHAR) AS id, harmful, i,
        CASE WHEN e < 0.002 THEN NULL WHEN i % 500 = 0 THEN round(b * 20) / 20
            WHEN harmful THEN 1 - b ** 1.6 * 0.98 ELSE b ** 6 * 0.98 END AS risk,
        ['harbor-bank', 'city-clinic', 'ornata-shop'][1 + (c * c * 3)::INTEGER % 3] AS tenant,
        ['chat', NULL, 'agent'][1 + (i % 3)] AS application,
        ['raw', 'summary', 'absent', 'redacted'][1 + (d * d * 4)::INTEGER % 4] AS thinking_kind,
        CASE WHEN e < 0.002 THEN 'unknown' ELSE
            ['cybersecurity', 'data_privacy', 'hate_speech', 'other'][1 + (i % 7) % 4] END AS category,
        $first::TIMESTAMP + to_days((i % $days)::INTEGER) + INTERVAL 9 HOUR AS moment
    FROM labelled
"""  # noqa: S608 - our own words

TRIPLES = """
    INSERT INTO triples BY NAME
    SELECT id, tenant, application, 'model-x' AS model, 'qta' AS format, 'complete' AS status, 0 AS turn,
        moment AS occurred_at,
        '' AS context, thinking_kind, 'marked' AS kind_source, 'none' AS substitute, [] AS tool_calls, [] AS warnings,
        'file:seed' AS source, 0 AS "partition", i AS "offset", moment AS stored_at
    FROM seeded
"""

VERDICTS = """
    INSERT INTO verdicts BY NAME
    SELECT id AS triple_id, 'guard' AS model_id, 'r1' AS model_revision, 'p1' AS prompt_hash, 'triage' AS decoding,
        'triage' AS mode, CASE WHEN risk IS NULL THEN NULL WHEN risk >= 0.8 THEN 1 WHEN risk >= 0.5 THEN 0.5 ELSE 0 END
        AS judgment, 1 - risk AS p_safe, 0.0 AS p_potentially_harmful, risk AS p_harmful, risk AS harm_score, risk,
        category, 'guard' AS category_source, '' AS analysis, 1.0 AS coverage, 0 AS images_seen, 0 AS images_total,
        CASE WHEN risk IS NULL THEN 'unreadable_no_judgment' END AS unscorable_reason, 10 AS prompt_tokens,
        1 AS output_tokens, 0.1 AS seconds, 'run-1' AS run_id, moment AS scored_at
    FROM seeded
"""

# As the nightly draw does: all urgent, a share of the escalated, and below the line a sample from each band.
DRAWS = """
    CREATE TEMP TABLE nightly AS
    WITH placed AS (
        SELECT *, moment::DATE AS day,
            CASE WHEN risk >= 0.95 THEN 'urgent' WHEN risk IS NULL OR risk >= 0.5 THEN 'escalated' ELSE 'below'
            END AS reason,
            CASE WHEN risk < 0.05 THEN 'low' WHEN risk < 0.5 THEN 'high' ELSE '' END AS band
        FROM seeded
    ), numbered AS (
        SELECT *, count(*) OVER (PARTITION BY day, reason, band) AS size,
            row_number() OVER (PARTITION BY day, reason, band ORDER BY hash('draw' || id)) AS place
        FROM placed
    )
    SELECT *, CASE reason WHEN 'urgent' THEN size WHEN 'escalated' THEN ceil(size * $escalated_share)
        ELSE least(size, $below / 2) END AS drawn FROM numbered
"""

KEEP = (
    """INSERT INTO draws BY NAME SELECT day, id AS triple_id, reason, reason || band AS stratum,
        drawn / size AS inclusion,
        'none' AS level, 0 AS policy_number, risk, 'r1' AS model_revision, 'p1' AS prompt_hash,
        'triage' AS decoding, moment AS drawn_at
        FROM nightly WHERE place <= drawn""",
    """INSERT INTO strata BY NAME SELECT DISTINCT day, reason || band AS stratum, reason, band, size, drawn,
        '' AS seed, day AS drawn_at
        FROM nightly""",
    """INSERT INTO reviews BY NAME SELECT sha256('review' || id) AS id, id AS triple_id, 'ann' AS reviewer,
        harmful::INTEGER AS vote, moment AS "at", moment AS stored_at FROM nightly
        WHERE place <= drawn AND hash('seen' || id) % 100 < $reviewed * 100""",
)


def fill(store: Store, n: int, days: int = 28, prevalence: float = 0.04) -> None:
    """`n` verdicts over the days from FIRST on; `harmful` of each stays in the temporary table `seeded`."""
    values = {"n": n, "days": days, "prevalence": prevalence, "first": FIRST}
    store.connection.execute(ROWS, values)
    store.connection.execute(TRIPLES)
    store.connection.execute(VERDICTS)


def draw_and_review(store: Store, below: int = 40, escalated_share: float = 0.5, reviewed: float = 0.9) -> None:
    """Draw each day's sample of what `fill` made, and review most of it."""
    store.connection.execute(DRAWS, {"below": below, "escalated_share": escalated_share})
    for statement in KEEP:
        store.connection.execute(statement, {"reviewed": reviewed} if "$reviewed" in statement else {})
