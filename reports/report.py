"""EscalationReport: every number and text of a nightly, weekly or monthly report, whatever form it is written in.

Its first page is in first_page.py, the sections behind it in sections.py, a case in cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from auditor.golden.drill import GoldenRun
from auditor.query_rows import BackfillRow, CalibrationRow, ExampleRow, ScorerRow, UnjudgedRow
from reports.cases import Case
from reports.first_page import Changes, Compared, MissedEstimate, Period, PolicyLine, ReviewWork
from reports.sections import Agreement, DayLine, Degraded, Drift, FailedDelivery, GoldenLine, Layers, OpenCases


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
class TenantCoverage:
    """What became of one tenant's exchanges; offsets and records without a tenant are in the operator's report alone.

    Attributes:
        records: of the period that hold exchanges of this tenant.
        states: terminal state -> those records.
        exchanges: of this tenant, first stored in the period.
        judged: of them, those with a verdict by the time of the report, also one that says why there is no judgment.
        difference: `exchanges` - `judged`; 0.
    """

    records: int
    states: Mapping[str, int]
    exchanges: int
    judged: int
    difference: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """Verdicts under one name: the four judgments add up to `triples`; `escalated` is a part of them.

    Attributes:
        tenant: whose name it is, where names are each tenant's own (applications); otherwise None.
        watch: at the level "watch": noted, no person needed.
        escalated: need a person: level "escalate" or "urgent", and all that could not be scored.
        urgent: those of `escalated` at the level "urgent".
        names: how many names the line stands for: more than 1 in the last line of a long table, whose name is "".
    """

    name: str
    triples: int
    safe: int
    potentially_harmful: int
    harmful: int
    unscorable: int
    escalated: int
    tenant: str | None = None
    watch: int = 0
    urgent: int = 0
    names: int = 1


@dataclass(frozen=True, slots=True)
class EscalationCounts:
    """The escalated triples by what the guard said; the four kinds add up to `total`.

    Attributes:
        shown: in the report with their texts (`cases`).
        listed: in the report without them (`escalated`); all are in the CSV and Parquet files.
        urgent: those of `total` at the level "urgent".
        watch: at the level "watch"; not in `total`.
    """

    total: int
    harmful: int
    potentially_harmful: int
    judged_safe: int
    unscorable: int
    shown: int
    listed: int = 0
    urgent: int = 0
    watch: int = 0


@dataclass(frozen=True, slots=True)
class StageLine:
    """Escalated triples whose harm lies in one part, or one combination; "" where nobody asked or it cannot be told."""

    stage: str
    triples: int


@dataclass(frozen=True, slots=True)
class EscalatedLine:
    """One escalated triple without its texts; `risk` is None where it could not be scored, and `detail` says why.

    Attributes:
        level: "escalate" or "urgent".
        threshold: the risk from which this slice of the traffic escalated that day.
        stage: where the harm lies, "" where that is not known; see Verdict.
        flags: separated by spaces.
        language: of the question and answer, as a code such as "en"; "" where it is not known.
        model: that was audited.
        source, partition, offset: where it was read; empty or None in a report of one tenant, since offsets of a
            partition that others share would tell how much they wrote.
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
    partition: int | None
    offset: int | None
    level: str = "escalate"
    threshold: float | None = None
    language: str = ""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class EscalationReport:
    """One period, ready to be read; times are UTC. See Period: a night, a week or a month.

    Attributes:
        date: the first day of the period.
        tenant: the only tenant that it is about; None for all. Then `totals` are of the tenant's own records,
            `partitions` and `examples` are empty, and `tenant_coverage` reconciles what is the tenant's.
        policy: the one in force on the last day; `policies` are all that held in the period, the last one first.
        demo: whether the demo auditor made any of the verdicts.
        notes: what readers are to know of the whole database, such as that its timing is made up.
        unjudged, examples: records without a verdict: counted by reason, and some of each to look up.
        compared: escalations and other counts against the period before and the band of the 28 days before.
        missed: what is estimated to be missed below the line.
        changes: since the last report.
        reviews: review work due and done.
        trend: the 28 days before the period, or more where the period before is longer, and the period itself.
        by_stage: of escalated triples, by each combination of parts; by_part: by each of the four parts, where one
            triple can be in several lines.
        golden: the last run of the guard over the golden set by then; its cases are in no number.
        golden_runs: the last runs, the latest first.
        backfills: stored exchanges that were judged once more in the period; they are in no other number.
        escalated: the first escalations, urgent ones first, then highest risk first, what could not be scored last;
            `cases` are the first of them with their texts. All are in the CSV and Parquet files.
        failed_deliveries: since the last report; empty in a report of one tenant.
        agreement: of reviewers with each other and with the guard, over four weeks.
    """

    date: date
    made_at: datetime
    version: str
    policy: PolicyLine
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
    period: Period
    tenant: str | None = None
    tenant_coverage: TenantCoverage | None = None
    policies: tuple[PolicyLine, ...] = ()
    compared: tuple[Compared, ...] = ()
    missed: MissedEstimate = field(default_factory=MissedEstimate)
    changes: Changes = field(default_factory=Changes)
    reviews: ReviewWork = field(default_factory=ReviewWork)
    trend: tuple[DayLine, ...] = ()
    by_application: tuple[CountLine, ...] = ()
    by_language: tuple[CountLine, ...] = ()
    by_part: tuple[StageLine, ...] = ()
    open_cases: OpenCases = field(default_factory=OpenCases)
    drift: Drift = field(default_factory=Drift)
    golden_runs: tuple[GoldenLine, ...] = ()
    layers: Layers = field(default_factory=Layers)
    failed_deliveries: tuple[FailedDelivery, ...] = ()
    notes: tuple[str, ...] = ()
    agreement: Agreement = field(default_factory=Agreement)
