"""A table `judged` made by SQL, and the counts of a policy by reading all of it: what the index must agree with."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from auditor.policies.policy import Policy, Slice

# Risks of every kind: spread, exactly on the grid, one step of a double beside it, the ends, and none.
JUDGED = """
    CREATE TEMP TABLE judged AS
    WITH numbers AS (
        SELECT i, (hash('risk' || i::VARCHAR) % 1000003) / 1000003.0::DOUBLE AS a,
            (hash('place' || i::VARCHAR) % 10007)::INTEGER AS b
        FROM range($n) t(i)
    )
    SELECT i::VARCHAR AS triple_id, DATE '2026-11-01' + (i % 28)::INTEGER AS day,
        ['harbor-bank', 'city-clinic', 'ornata-shop'][1 + b % 3] AS tenant,
        ['chat', NULL][1 + b % 2] AS application,
        ['cybersecurity', 'data_privacy', 'hate_speech', 'other'][1 + b % 4] AS category,
        ['raw', 'summary', 'absent', 'redacted'][1 + (b // 7) % 4] AS thinking_kind,
        'guard' AS model_id, 'r1' AS model_revision, 'p1' AS prompt_hash, 'triage' AS decoding, 'triage' AS mode,
        'qta' AS protocol, 'identity' AS calibration, a AS harm_score,
        CASE WHEN i % 101 = 0 THEN NULL ELSE 1 END AS judgment,
        CASE WHEN i % 103 = 0 THEN NULL WHEN i % 107 = 0 THEN 'nan'::DOUBLE WHEN i % 7 = 0 THEN round(a, 4)
            WHEN i % 11 = 0 THEN round(a, 4) * (1 - 1.2e-16) WHEN i % 13 = 0 THEN round(a, 4) * (1 + 2.3e-16)
            WHEN i % 17 = 0 THEN round(a)
            ELSE a * a END AS risk,
        ['none', 'watch', 'escalate', 'urgent'][1 + b % 4] AS level
    FROM numbers
"""

SCAN = """
    SELECT count(*) FILTER (judgment IS NULL OR risk IS NULL OR isnan(risk) OR risk >= b.escalate) FROM judged j
    JOIN bounds b ON b.tenant = j.tenant AND b.application IS NOT DISTINCT FROM j.application
        AND b.category = j.category AND b.thinking = j.thinking_kind
"""


def full_scan(cursor: duckdb.DuckDBPyConnection, policy: Policy, slices: Iterable[Slice]) -> int:
    """Alerts of a policy, by comparing every risk with its threshold."""
    rows = [(one.tenant, one.application, one.category, one.thinking, policy.at(one).escalate.value) for one in slices]
    names = ("tenant", "application", "category", "thinking", "escalate")
    columns = map(list, zip(*rows, strict=True))
    cursor.register("bounds", pa.table(dict(zip(names, columns, strict=True))))
    ((found,),) = cursor.execute(SCAN).fetchall()
    cursor.unregister("bounds")
    return int(found)
