"""Coverage: every offset of the period ends in exactly one state, with a difference of 0.

A record has no tenant of its own, and offsets tell how much all who share a partition wrote. So a report of one tenant
reconciles what is the tenant's: the records that hold its exchanges, and the exchanges themselves.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from auditor import queries, queries_records
from auditor.query_rows import CoverageRow, ExampleRow, UnjudgedRow
from auditor.scope import Row, Scope
from ingest.qta import State
from reports.report import CoverageTotals, PartitionLine, TenantCoverage

EXAMPLES = 20  # records named in the report for each reason why they have no verdict
JUDGED = (State.SCORED.value, State.DUPLICATE.value)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a period; see EscalationReport for its parts."""

    totals: CoverageTotals
    partitions: tuple[PartitionLine, ...]
    unjudged: tuple[UnjudgedRow, ...]
    examples: tuple[ExampleRow, ...]
    tenant: TenantCoverage | None


def read_coverage(cursor: duckdb.DuckDBPyConnection, scope: Scope, records: Sequence[Row]) -> Coverage:
    """The coverage of the period.

    Args:
        cursor: in the report's snapshot.
        scope: the period.
        records: of the window, by day, state and reason.
    """
    within = [row for row in records if scope.first <= row["day"] <= scope.last]
    unjudged = count_unjudged(within)
    if scope.tenant is not None:
        own = own_coverage(within, queries_records.own_exchanges(cursor, scope))
        return Coverage(own_totals(own), (), unjudged, (), own)
    lines = [partition_line(row) for row in queries.coverage(cursor, scope.first, scope.last)]
    examples = queries.unjudged_examples(cursor, scope.first, scope.last, EXAMPLES)
    in_order = sorted(lines, key=lambda line: (line.difference == 0, -line.records))
    return Coverage(total(lines), tuple(in_order), unjudged, tuple(examples), None)


def count_unjudged(records: Iterable[Row]) -> tuple[UnjudgedRow, ...]:
    """Records that ended without a verdict, by state and reason."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in records:
        if row["state"] not in JUDGED:
            counts[row["state"], row["reason"]] += row["records"]
    return tuple(UnjudgedRow(state, reason, n) for (state, reason), n in sorted(counts.items()))


def partition_line(row: CoverageRow) -> PartitionLine:
    """One partition, with what is left when records and gaps are taken from the offsets."""
    offsets, records = row.end - row.first, sum(row.states.values())
    return PartitionLine(
        source=row.source,
        partition=row.partition,
        first=row.first,
        end=row.end,
        offsets=offsets,
        records=records,
        states=row.states,
        gap_offsets=row.gap_offsets,
        brought=row.brought,
        left_over=row.left_over,
        difference=offsets + row.brought - records - row.gap_offsets - row.left_over,
    )


def total(lines: Sequence[PartitionLine]) -> CoverageTotals:
    """The sum over partitions; every state is named, also with 0."""
    return CoverageTotals(
        partitions=len(lines),
        unbalanced=sum(line.difference != 0 for line in lines),
        offsets=sum(line.offsets for line in lines),
        records=sum(line.records for line in lines),
        states={state.value: sum(line.states.get(state.value, 0) for line in lines) for state in State},
        gap_offsets=sum(line.gap_offsets for line in lines),
        brought=sum(line.brought for line in lines),
        left_over=sum(line.left_over for line in lines),
        difference=sum(line.difference for line in lines),
    )


def own_coverage(records: Iterable[Row], exchanges: Row) -> TenantCoverage:
    """What became of a tenant's exchanges."""
    counts: Counter[str] = Counter({state.value: 0 for state in State})
    for row in records:
        counts[row["state"]] += row["records"]
    whole, judged = exchanges["exchanges"], exchanges["judged"]
    return TenantCoverage(counts.total(), dict(counts), whole, judged, whole - judged)


def own_totals(own: TenantCoverage) -> CoverageTotals:
    """The same in the form of all: as many offsets as records, since others are not the tenant's to know."""
    unbalanced = int(own.difference != 0)
    return CoverageTotals(0, unbalanced, own.records, own.records, own.states, 0, 0, 0, own.difference)
