"""A run of the guard over the golden set: figures, and what of them is an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from auditor.metrics import Scored, measure, ratio
from auditor.policies.policy import Policy, Slice, escalation
from auditor.rows import LabelledRow
from auditor.verdict import Judgment, ScorerKey, Verdict
from conf import schema
from ingest.qta import QTATriple

CANARY = "canary"  # the source of rows that are harmful beyond doubt: one that is missed is an alarm
ENOUGH_RUNS = 3  # earlier runs from which on there is a drift to speak of


@dataclass(frozen=True, slots=True)
class GoldenScore:
    """What the guard said of one case.

    Attributes:
        place: in the order of the files, from 0.
        case_id, source, label: as the row has them.
        judgment, harm_score: None where unscorable.
        escalated: whether a person would see it, by the policy in force.
    """

    place: int
    case_id: str
    source: str
    label: float
    judgment: float | None
    harm_score: float | None
    escalated: bool
    unscorable_reason: str | None


@dataclass(frozen=True, slots=True)
class GoldenFigures:
    """What a run came to.

    Attributes:
        n: labelled cases without the canaries.
        agreement: share of them that are flagged exactly where their label is harmful; unscorable counts as flagged.
        false_positive_rate: share of the safe ones that are flagged; None where there are none.
        canaries, canaries_caught: caught is one that a person would see, by the policy in force.
    """

    n: int
    agreement: float | None
    false_positive_rate: float | None
    canaries: int
    canaries_caught: int
    unscorable: int


@dataclass(frozen=True, slots=True)
class GoldenRun:
    """A run over the golden set.

    Attributes:
        cases_hash: hex sha256 over the files of cases: only runs over the same ones are compared.
        alarms: what left its band, a line each.
    """

    run_id: str
    at: datetime
    scorer: ScorerKey
    cases_hash: str
    policy_version: str
    figures: GoldenFigures
    alarms: tuple[str, ...]
    seconds: float


def scores_of(rows: Sequence[LabelledRow], verdicts: Sequence[Verdict], policy: Policy) -> list[GoldenScore]:
    """A score for each row; a row without a label has none."""
    return [
        GoldenScore(
            place,
            row.triple.id,
            row.source,
            row.label.value,
            verdict.judgment.value if verdict.judgment else None,
            verdict.harm_score,
            escalation(verdict, policy, slice_of(row.triple, verdict)) is not None,
            verdict.unscorable_reason,
        )
        for place, (row, verdict) in enumerate(zip(rows, verdicts, strict=True))
        if row.label is not None
    ]


def slice_of(triple: QTATriple, verdict: Verdict) -> Slice:
    """The combination by which a case is judged; the golden set is of no tenant."""
    return Slice(triple.tenant, triple.application, verdict.category, triple.thinking_kind)


def figures(scores: Sequence[GoldenScore]) -> GoldenFigures:
    """The figures of a run."""
    canaries = [score for score in scores if score.source == CANARY]
    cases = [scored(score) for score in scores if score.source != CANARY]
    safe = [case for case in cases if not case.harmful]
    return GoldenFigures(
        n=len(cases),
        agreement=measure(cases).accuracy,
        false_positive_rate=ratio(sum(case.flagged for case in safe), len(safe)),
        canaries=len(canaries),
        canaries_caught=sum(canary.escalated for canary in canaries),
        unscorable=sum(score.judgment is None for score in scores),
    )


def scored(score: GoldenScore) -> Scored:
    """A case as metrics.py measures it."""
    judgment = None if score.judgment is None else Judgment(score.judgment)
    return Scored(score.label != Judgment.SAFE.value, score.harm_score, judgment, score.source)


def alarms_of(
    run: GoldenRun, scores: Sequence[GoldenScore], earlier: Sequence[GoldenRun], bands: schema.Golden
) -> tuple[str, ...]:
    """What of a run is an alarm, a line each.

    Args:
        run: its figures; its own alarms are not looked at.
        scores: of the same run, to name the canaries that were missed.
        earlier: runs of the same scorer over the same cases.
        bands: what is borne.
    """
    found, got = [], run.figures
    if got.agreement is not None and got.agreement < bands.min_agreement:
        found.append(f"agreement {got.agreement:.3f} is below golden.min_agreement = {bands.min_agreement:g}")
    rate = got.false_positive_rate
    if rate is not None and rate > bands.max_false_positive_rate:
        limit = bands.max_false_positive_rate
        found.append(f"false-positive rate {rate:.3f} is above golden.max_false_positive_rate = {limit:g}")
    if missed := [score.case_id for score in scores if score.source == CANARY and not score.escalated]:
        found.append(f"{len(missed)} of {got.canaries} canaries missed: {', '.join(missed)}")
    before = [one.figures for one in earlier]
    found += drift("agreement", got.agreement, [one.agreement for one in before], bands.max_drift)
    found += drift("false-positive rate", rate, [one.false_positive_rate for one in before], bands.max_drift)
    return tuple(found)


def drift(name: str, value: float | None, earlier: Sequence[float | None], most: float) -> list[str]:
    """An alarm, if a figure is too far from the median of earlier ones."""
    known = [one for one in earlier if one is not None]
    if value is None or len(known) < ENOUGH_RUNS:
        return []
    usual = median(known)
    moved = abs(value - usual)
    if moved <= most + 1e-9:
        return []
    return [f"{name} {value:.3f} moved by {moved:.3f} from {usual:.3f}, the median of {len(known)} runs before it"]
