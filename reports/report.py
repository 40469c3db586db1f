"""EscalationReport: every number and text of a nightly report, whatever form it is written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from auditor.golden.drill import GoldenRun
from auditor.policy import Policy
from auditor.query_rows import BackfillRow, CalibrationRow, ExampleRow, ImageFailureRow, ScorerRow, UnjudgedRow
from reports.cases import Case


@dataclass(frozen=True, slots=True)
class PartitionLine:
    """A partition's share of the day, in which nothing is left over: `difference` is 0.

    `offsets` + `brought` = `records` + `gap_offsets` + `left_over` + `difference`: records that waited for the rest of
    their traces over midnight are brought from the day before, or left to the next.
    """

    source: str
    partition: int
    first: int
    end: int
    offsets: int
    records: int
    states: Mapping[str, int]
    gap_offsets: int
    brought: int
    left_over: int
    difference: int


@dataclass(frozen=True, slots=True)
class CoverageTotals:
    """The sum of all partitions; `unbalanced` counts partitions whose difference is not 0."""

    partitions: int
    unbalanced: int
    offsets: int
    records: int
    states: Mapping[str, int]
    gap_offsets: int
    brought: int
    left_over: int
    difference: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """Verdicts under one name: the four judgments add up to `triples`; `escalated` is a part of them."""

    name: str
    triples: int
    safe: int
    potentially_harmful: int
    harmful: int
    unscorable: int
    escalated: int


@dataclass(frozen=True, slots=True)
class EscalationCounts:
    """The escalated triples by what the guard said; `shown` of them are in the report with their texts."""

    total: int
    harmful: int
    potentially_harmful: int
    judged_safe: int
    unscorable: int
    shown: int


@dataclass(frozen=True, slots=True)
class StageLine:
    """Escalated triples whose harm lies in one part, or one combination; "" where nobody asked or it cannot be told."""

    stage: str
    triples: int


@dataclass(frozen=True, slots=True)
class EscalatedLine:
    """One escalated triple without its texts; `risk` is None where it could not be scored, and `detail` says why.

    Attributes:
        stage: where the harm lies, "" where that is not known; see Verdict.
        flags: separated by spaces.
    """

    triple_id: str
    tenant: str
    application: str | None
    judgment: str
    risk: float | None
    reason: str
    detail: str
    category: str
    stage: str
    flags: str
    thinking_kind: str
    occurred_at: datetime | None
    scored_at: datetime
    source: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Degraded:
    """Verdicts that rest on less than the whole exchange.

    Attributes:
        no_readable_thinking: thinking withheld or not in the log.
        summary_thinking: a provider's summary stands in for the thinking.
        images_missing: triples of which at least one image was not seen.
        text_incomplete: triples of which the guard did not see all of the text.
        log_incomplete: triples whose log is not complete.
    """

    no_readable_thinking: int
    summary_thinking: int
    images_missing: int
    text_incomplete: int
    log_incomplete: int
    image_failures: tuple[ImageFailureRow, ...]


@dataclass(frozen=True, slots=True)
class EscalationReport:
    """One night, ready to be read; times are UTC.

    Attributes:
        demo: whether the demo auditor made any of the verdicts.
        unjudged, examples: records without a verdict: counted by reason, and some of each to look up.
        golden: the last run of the guard over the golden set by then; its cases are in no number.
        backfills: stored exchanges that were judged once more that day; they are in no other number.
        escalated: all escalations, highest risk first; `cases` are the first of them with their texts.
    """

    date: date
    made_at: datetime
    version: str
    policy: Policy
    demo: bool
    totals: CoverageTotals
    partitions: tuple[PartitionLine, ...]
    unjudged: tuple[UnjudgedRow, ...]
    examples: tuple[ExampleRow, ...]
    verdicts: CountLine
    by_tenant: tuple[CountLine, ...]
    by_category: tuple[CountLine, ...]
    by_thinking: tuple[CountLine, ...]
    degraded: Degraded
    scorers: tuple[ScorerRow, ...]
    calibrations: tuple[CalibrationRow, ...]
    backfills: tuple[BackfillRow, ...]
    golden: GoldenRun | None
    escalations: EscalationCounts
    by_stage: tuple[StageLine, ...]
    escalated: tuple[EscalatedLine, ...]
    cases: tuple[Case, ...]
