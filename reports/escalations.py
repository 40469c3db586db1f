"""A night's rows become an EscalationReport: every number that is in the HTML is counted here, once.

queries -> Night -> EscalationReport -> render (HTML), export (JSON, CSV, Parquet)
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from auditor.golden.drill import GoldenRun
from auditor.policies.policy import Escalation, Policy, Reason, Slice, escalation
from auditor.query_rows import (
    BackfillRow,
    CalibrationRow,
    CaseRow,
    CoverageRow,
    ExampleRow,
    ImageFailureRow,
    ImageRow,
    ScorerRow,
    UnjudgedRow,
    VerdictRow,
)
from auditor.verdict import Judgment
from ingest.qta import State
from reports.cases import Case, judgment_name, make_case
from reports.first_page import Period, PolicyLine
from reports.report import (
    CountLine,
    CoverageTotals,
    EscalatedLine,
    EscalationCounts,
    EscalationReport,
    PartitionLine,
    StageLine,
)
from reports.sections import Degraded

DEMO_GUARD = "builtin:demo"


@dataclass(frozen=True, slots=True)
class Night:
    """All that is known of one day, as the database has it, but for the texts of its cases."""

    day: date
    coverage: Sequence[CoverageRow]
    unjudged: Sequence[UnjudgedRow]
    examples: Sequence[ExampleRow]
    verdicts: Sequence[VerdictRow]
    scorers: Sequence[ScorerRow]
    calibrations: Sequence[CalibrationRow]
    image_failures: Sequence[ImageFailureRow]
    backfills: Sequence[BackfillRow] = ()
    golden: GoldenRun | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict that escalated, with the reason."""

    verdict: VerdictRow
    escalation: Escalation


@dataclass(frozen=True, slots=True)
class Evidence:
    """Texts and images of the cases that are shown, by triple id."""

    texts: Mapping[str, CaseRow]
    images: Mapping[str, Sequence[ImageRow]]


@dataclass(frozen=True, slots=True)
class Edition:
    """What a report is made with: the moment, the version, and how much text a case may have."""

    made_at: datetime
    version: str
    max_case_chars: int


def find_escalations(verdicts: Iterable[VerdictRow], policy: Policy) -> list[Found]:
    """What the policy escalates: highest risk first, what could not be scored after it; ties by tenant, then id.

    A calibration can give one risk to many scores: of equal risks the higher score is first.
    """
    found = [Found(row, reason) for row in verdicts if (reason := escalation(row, policy, slice_of(row)))]
    return sorted(found, key=rank)


def slice_of(row: VerdictRow) -> Slice:
    """The combination that a verdict belongs to."""
    return Slice(row.tenant, row.application, row.category, row.thinking_kind)


def rank(found: Found) -> tuple[float, float, str, str]:
    """Where an escalation stands among others."""
    row = found.verdict
    return -risk_of(found), 0.0 if row.p_safe is None else row.p_safe, row.tenant, row.triple_id


def risk_of(found: Found) -> float:
    """The risk for sorting; below every risk where there is none."""
    return -1.0 if found.escalation.risk is None else found.escalation.risk


def make_report(
    night: Night, policy: Policy, found: Sequence[Found], evidence: Evidence, edition: Edition
) -> EscalationReport:
    """The report of a night.

    Args:
        night: the day's rows.
        policy: the policy applied now, which need not be the one in force when the verdicts were made.
        found: what `find_escalations` gives for these rows and this policy.
        evidence: texts of those of `found` that are to be shown in full; the others are counted.
        edition: what it is made with.
    """
    escalated = {item.verdict.triple_id for item in found}
    partitions = tuple(partition_line(row) for row in night.coverage)
    cases = tuple(make_cases(found, evidence, edition.max_case_chars))
    return EscalationReport(
        date=night.day,
        made_at=edition.made_at,
        version=edition.version,
        policy=PolicyLine(policy.version, policy.default.escalate, first=night.day, last=night.day),
        demo=any(row.model_id == DEMO_GUARD for row in night.scorers),
        totals=total(partitions),
        partitions=tuple(sorted(partitions, key=lambda line: (line.difference == 0, -line.records))),
        unjudged=tuple(night.unjudged),
        examples=tuple(night.examples),
        verdicts=count_line("all", night.verdicts, escalated),
        by_tenant=count_by(night.verdicts, escalated, lambda row: row.tenant),
        by_category=count_by(night.verdicts, escalated, lambda row: row.category),
        by_thinking=count_by(night.verdicts, escalated, lambda row: row.thinking_kind),
        degraded=degraded(night),
        scorers=tuple(night.scorers),
        calibrations=tuple(night.calibrations),
        backfills=tuple(night.backfills),
        golden=night.golden,
        escalations=count_escalations(found, len(cases)),
        by_stage=count_stages(found),
        escalated=tuple(escalated_line(item) for item in found),
        cases=cases,
        period=Period("day", night.day, night.day, str(night.day)),
    )


def escalated_line(item: Found) -> EscalatedLine:
    """An escalation without its texts."""
    row = item.verdict
    return EscalatedLine(
        triple_id=row.triple_id,
        tenant=row.tenant,
        application=row.application,
        judgment=judgment_name(row),
        risk=item.escalation.risk,
        reason=item.escalation.reason.value,
        detail=item.escalation.detail,
        category=row.category,
        stage=row.stage or "",
        flags=" ".join(row.flags),
        thinking_kind=row.thinking_kind,
        occurred_at=row.occurred_at,
        scored_at=row.scored_at,
        source=row.source,
        partition=row.partition,
        offset=row.offset,
    )


def make_cases(found: Iterable[Found], evidence: Evidence, max_chars: int) -> Iterable[Case]:
    """The escalations of which there are texts, in their order."""
    for item in found:
        texts = evidence.texts.get(item.verdict.triple_id)
        if texts:
            images = evidence.images.get(item.verdict.triple_id, ())
            yield make_case(item.verdict, item.escalation, texts, images, max_chars)


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


def count_by(
    verdicts: Sequence[VerdictRow], escalated: set[str], key: Callable[[VerdictRow], str]
) -> tuple[CountLine, ...]:
    """A line for each value of `key`, most escalations first."""
    groups: dict[str, list[VerdictRow]] = {}
    for row in verdicts:
        groups.setdefault(key(row), []).append(row)
    lines = [count_line(name, rows, escalated) for name, rows in groups.items()]
    return tuple(sorted(lines, key=lambda line: (-line.escalated, -line.triples, line.name)))


def count_line(name: str, verdicts: Sequence[VerdictRow], escalated: set[str]) -> CountLine:
    """The judgments of these verdicts, counted."""
    counts = Counter(row.judgment for row in verdicts)
    return CountLine(
        name=name,
        triples=len(verdicts),
        safe=counts[Judgment.SAFE],
        potentially_harmful=counts[Judgment.POTENTIALLY_HARMFUL],
        harmful=counts[Judgment.HARMFUL],
        unscorable=counts[None],
        escalated=sum(row.triple_id in escalated for row in verdicts),
    )


def count_escalations(found: Sequence[Found], shown: int) -> EscalationCounts:
    """The escalations by what the guard said; an unusable risk counts as unscorable, whatever the judgment."""
    counts = Counter(None if item.escalation.reason is Reason.UNSCORABLE else item.verdict.judgment for item in found)
    return EscalationCounts(
        total=len(found),
        harmful=counts[Judgment.HARMFUL],
        potentially_harmful=counts[Judgment.POTENTIALLY_HARMFUL],
        judged_safe=counts[Judgment.SAFE],
        unscorable=counts[None],
        shown=shown,
        listed=len(found),
    )


def count_stages(found: Sequence[Found]) -> tuple[StageLine, ...]:
    """The escalations by where the harm lies, most frequent first."""
    counts = Counter(item.verdict.stage or "" for item in found)
    return tuple(StageLine(stage, n) for stage, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def degraded(night: Night) -> Degraded:
    """How many verdicts rest on less than the whole exchange; one triple can count in several of the numbers."""
    kinds = Counter(row.thinking_kind for row in night.verdicts)
    return Degraded(
        no_readable_thinking=kinds["absent"] + kinds["redacted"],
        summary_thinking=kinds["summary"],
        images_missing=sum(row.images_seen < row.images_total for row in night.verdicts),
        text_incomplete=sum(row.coverage < 1 for row in night.verdicts if row.judgment),
        log_incomplete=sum(row.status != "complete" for row in night.verdicts),
        image_failures=tuple(night.image_failures),
    )
