"""Harm scores in fixed bins, of a report's period and of the days before it; on the view `daily`.

Scores, not risks: a new calibration moves every risk, and is no drift of the traffic.
"""

from collections.abc import Sequence

import duckdb

from auditor.scope import Row, Scope

# An exchange that was judged on two days of a side counts on both: a distribution is of verdicts.
BINS = """
    WITH scores AS (
        SELECT tenant, coalesce(model, '') AS model, day >= $first AS is_now,
            len(list_filter($inner, lambda edge: harm_score >= edge)) AS bin,
            model_revision || ' ' || prompt_hash || ' ' || decoding AS guard
        FROM daily WHERE harm_score IS NOT NULL AND NOT isnan(harm_score) AND day >= $before
    ), counted AS (
        SELECT grouping(tenant) = 1 AS whole, tenant, model, is_now, bin, count(*) AS n,
            list_sort(list(DISTINCT guard)) AS guards
        FROM scores GROUP BY GROUPING SETS ((is_now, bin), (tenant, model, is_now, bin))
    )
    SELECT whole, tenant, model, is_now, sum(n)::BIGINT AS n, list(bin ORDER BY bin) AS bins,
        list(n ORDER BY bin) AS counts, list_sort(list_distinct(flatten(list(guards)))) AS guards
    FROM counted GROUP BY whole, tenant, model, is_now
    QUALIFY whole OR row_number() OVER (PARTITION BY whole, is_now ORDER BY sum(n) DESC, tenant, model) <= $most
    ORDER BY whole DESC, tenant, model, is_now
"""


def score_bins(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, before: object, inner: Sequence[float], most: int
) -> list[Row]:
    """Counts of scores by tenant, audited model and side of the period's first day; the first rows are of all.

    Args:
        cursor: with the views.
        scope: the period.
        before: the first day that it is compared with.
        inner: edges of the bins without the outermost ones; bin i holds [inner[i - 1], inner[i]).
        most: pairs of tenant and model with the most scores on each side.
    """
    return scope.rows(cursor, BINS, before=before, inner=list(inner), most=most)
