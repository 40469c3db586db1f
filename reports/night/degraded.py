"""Verdicts on less than the whole exchange, and what is not there at all."""

import duckdb

from auditor import queries_degraded, queries_records
from auditor.query_rows import ImageFailureRow
from auditor.scope import Row, Scope
from ingest.qta import State, Status
from reports.night.coverage import Coverage
from reports.sections import Degraded, DegradedLine, GapLine, MissingTraces

MOST_TENANTS = 100
MOST_GAPS = 100


def read_degraded(cursor: duckdb.DuckDBPyConnection, scope: Scope, coverage: Coverage) -> Degraded:
    """The degraded coverage of the period."""
    whole, *tenants = queries_degraded.degraded(cursor, scope, MOST_TENANTS)
    statuses = {row["status"]: row["exchanges"] for row in queries_degraded.statuses(cursor, scope)}
    failures = queries_degraded.image_failures(cursor, scope)
    return Degraded(
        no_readable_thinking=whole["absent"] + whole["redacted"],
        summary_thinking=whole["summary"],
        images_missing=whole["images_missing"],
        text_incomplete=whole["text_incomplete"],
        log_incomplete=whole["log_incomplete"],
        image_failures=tuple(ImageFailureRow(**row) for row in failures),
        exchanges=whole["degraded"],
        escalated=whole["degraded_escalated"],
        by_tenant=tuple(map(degraded_line, tenants)),
        statuses=statuses,
        traces=missing_traces(cursor, scope, coverage, statuses) if scope.tenant is None else None,
    )


def degraded_line(row: Row) -> DegradedLine:
    """One tenant."""
    return DegradedLine(**{name: value for name, value in row.items() if name not in {"whole", "degraded_escalated"}})


def missing_traces(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, coverage: Coverage, statuses: dict[str, int]
) -> MissingTraces:
    """What should be there and is not."""
    totals = coverage.totals
    return MissingTraces(
        gaps=tuple(GapLine(**row) for row in queries_records.gaps(cursor, scope, MOST_GAPS)),
        gap_offsets=totals.gap_offsets,
        unaccounted=sum(abs(line.difference) for line in coverage.partitions),
        **queries_records.missing(cursor, scope),
        unreadable=totals.states[State.REJECTED.value],
        not_captured=statuses.get(Status.CONTENT_NOT_CAPTURED.value, 0),
    )
