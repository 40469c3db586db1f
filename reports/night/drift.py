"""How far harm scores moved from those of the 28 days before, by tenant and audited model; and the golden set.

The population stability index over fixed bins is the sum of (now - before) * ln(now / before) over their shares. Each
count is taken half an exchange higher, so that an empty bin has a logarithm. Source: the usual index of credit scoring,
with its usual readings: below 0.1 stable, below 0.25 moved, above it shifted.
"""

from collections.abc import Mapping, Sequence
from math import log

import duckdb

from auditor import queries_drift
from auditor.golden.drill import GoldenRun
from auditor.scope import Row, Scope
from reports.first_page import Period
from reports.night.period import band_start
from reports.sections import Drift, DriftLine, GoldenLine

# Finer where scores of harmless traffic lie, and where they decide.
EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95, 1.0)
BINS = len(EDGES) - 1
ENOUGH = 200  # scores on each side: with fewer, chance alone moves the index by about BINS / n
MOST_LINES = 100
MOVED, SHIFTED = 0.1, 0.25


def read_drift(cursor: duckdb.DuckDBPyConnection, scope: Scope, period: Period) -> Drift:
    """The drift of the period against the days before it."""
    rows = queries_drift.score_bins(cursor, scope, band_start(period), EDGES[1:-1], MOST_LINES)
    sides: dict[tuple[str | None, str | None], dict[bool, Row]] = {}
    for row in rows:
        key = (None, None) if row["whole"] else (row["tenant"], row["model"])
        sides.setdefault(key, {})[row["is_now"]] = row
    lines = [drift_line(tenant, model, side) for (tenant, model), side in sides.items() if True in side]
    return Drift(EDGES, ENOUGH, tuple(sorted(lines, key=in_order)))


def in_order(line: DriftLine) -> tuple[bool, float, int]:
    """All together first, then the most moved, then the largest."""
    return line.tenant is not None, -1.0 if line.psi is None else -line.psi - 2, -line.n


def drift_line(tenant: str | None, model: str | None, side: Mapping[bool, Row]) -> DriftLine:
    """One tenant and model; `side` has the counts now (True) and before (False), where there are any."""
    now, before = (counts_of(side.get(is_now)) for is_now in (True, False))
    n, n_before = sum(now), sum(before)
    if min(n, n_before) < ENOUGH:
        return DriftLine(tenant, model, n, n_before, None, "too_few", same_guard(side))
    index = psi(before, now)
    reading = "stable" if index < MOVED else "moved" if index < SHIFTED else "shifted"
    shares = tuple(count / n_before for count in before), tuple(count / n for count in now)
    return DriftLine(tenant, model, n, n_before, index, reading, same_guard(side), *shares)


def counts_of(row: Row | None) -> list[int]:
    """Scores in each bin."""
    counts = [0] * BINS
    if row is not None:
        for place, n in zip(row["bins"], row["counts"], strict=True):
            counts[place] = n
    return counts


def same_guard(side: Mapping[bool, Row]) -> bool:
    """Whether one and the same guard scored all."""
    return len({guard for row in side.values() for guard in row["guards"]}) == 1


def psi(before: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of two distributions over the same bins.

    Args:
        before: counts.
        now: counts, in the same bins.
    """
    total = 0.0
    for old, new in zip(smoothed(before), smoothed(now), strict=True):
        total += (new - old) * log(new / old)
    return total


def smoothed(counts: Sequence[int]) -> list[float]:
    """Shares of which none is 0."""
    whole = sum(counts) + len(counts) / 2
    return [(count + 0.5) / whole for count in counts]


def golden_lines(runs: Sequence[GoldenRun]) -> tuple[GoldenLine, ...]:
    """Runs over the golden set, the last one first."""
    return tuple(
        GoldenLine(
            at=run.at,
            model_id=run.scorer.model_id,
            model_revision=run.scorer.model_revision,
            n=run.figures.n,
            agreement=run.figures.agreement,
            false_positive_rate=run.figures.false_positive_rate,
            canaries=run.figures.canaries,
            canaries_caught=run.figures.canaries_caught,
            unscorable=run.figures.unscorable,
            alarms=len(run.alarms),
            same_cases=run.cases_hash == runs[0].cases_hash,
        )
        for run in runs
    )
