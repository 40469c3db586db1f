"""Judgments and levels, counted by every name that a reader asks for; all of it is counted by the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import duckdb

from auditor import queries_counts
from auditor.scope import Row, Scope
from reports.report import CountLine, EscalatedLine, EscalationCounts, StageLine

MOST_NAMES = 200  # lines of one table; the others are one line
PARTS = ("image", "question", "thinking", "answer")
COLUMNS = tuple(column.name for column in fields(EscalatedLine))
NOTHING = CountLine("all", 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a period; see EscalationReport for its parts."""

    verdicts: CountLine
    by: Mapping[str, tuple[CountLine, ...]]
    by_stage: tuple[StageLine, ...]
    by_part: tuple[StageLine, ...]
    escalations: EscalationCounts
    escalated: tuple[EscalatedLine, ...]


def read_counts(cursor: duckdb.DuckDBPyConnection, scope: Scope, listed: int, shown: int) -> Counts:
    """The counts of the period.

    Args:
        cursor: in the report's snapshot, with the views.
        scope: the period.
        listed: escalations that are told one by one.
        shown: of them, those that are told in full.
    """
    slices = {
        name: tuple(CountLine(**row) for row in rows)
        for name, rows in queries_counts.slices(cursor, scope, MOST_NAMES).items()
    }
    (verdicts,) = slices.pop("all", (NOTHING,))
    counts = queries_counts.escalation_counts(cursor, scope)
    lines = tuple(EscalatedLine(**row) for row in queries_counts.escalated(cursor, scope, COLUMNS, listed))
    stages = queries_counts.stages(cursor, scope)
    return Counts(
        verdicts=verdicts,
        by=slices,
        by_stage=tuple(StageLine(**row) for row in stages),
        by_part=count_parts(stages),
        escalations=EscalationCounts(**counts, shown=min(shown, len(lines)), listed=len(lines)),
        escalated=lines,
    )


def count_parts(stages: Sequence[Row]) -> tuple[StageLine, ...]:
    """The escalated by each part that is named in their stage, alone or with others."""
    return tuple(
        StageLine(part, sum(row["triples"] for row in stages if part in row["stage"].split("+"))) for part in PARTS
    )
