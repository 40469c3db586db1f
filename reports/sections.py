"""The sections behind the first page as data: trends, open cases, drift, degraded coverage, the three layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from auditor.agreement.figures import Figure
from auditor.query_rows import ImageFailureRow


@dataclass(frozen=True, slots=True)
class DayLine:
    """One UTC day of the trend, by the policy that held on it.

    Attributes:
        read: records stored that day; in a report of one tenant those that hold its exchanges.
        exchanges: judged that day, each once.
        escalated: need a person, urgent ones included.
        degraded: judged on less than the whole exchange; see Degraded.
        policy: version of the policy that held.
        policy_number: of it in the database; None for the one of the configuration.
        in_period: whether the day belongs to the report's period, or is one of those before it.
    """

    day: date
    read: int
    exchanges: int
    watch: int
    escalated: int
    urgent: int
    unscorable: int
    degraded: int
    policy: str
    policy_number: int | None
    in_period: bool


@dataclass(frozen=True, slots=True)
class AgeLine:
    """Open cases of one age, counted from the day of the draw or verdict to the end of the period.

    Attributes:
        low, high: days, both included; `high` is None in the last line.
        drawn: drawn for review, and without a vote yet.
        not_drawn: escalated, never drawn and without a vote; known for the days of the trend only.
    """

    low: int
    high: int | None
    drawn: int
    not_drawn: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that was drawn and that nobody has voted on.

    Attributes:
        day: of the draw.
        age: days from it to the end of the period.
        reason: "urgent", "escalated" or "below".
    """

    triple_id: str
    tenant: str
    day: date
    age: int
    reason: str
    level: str
    risk: float | None


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Cases that wait for a person.

    Attributes:
        ages: youngest first.
        oldest: some of the drawn ones, oldest first.
        days: as far back as `not_drawn` was looked for, from the end of the period.
    """

    ages: tuple[AgeLine, ...] = ()
    oldest: tuple[OpenCase, ...] = ()
    days: int = 0

    @property
    def drawn(self) -> int:
        """Drawn and without a vote."""
        return sum(line.drawn for line in self.ages)

    @property
    def not_drawn(self) -> int:
        """Escalated, and neither drawn nor voted on."""
        return sum(line.not_drawn for line in self.ages)


@dataclass(frozen=True, slots=True)
class DriftLine:
    """How far the harm scores of one tenant and audited model moved from those of the 28 days before.

    Attributes:
        tenant, model: None for all together; a model of "" is not named in the log.
        n, n_before: exchanges with a score, in the period and in the 28 days before it.
        psi: population stability index over `bins`; None where either n is below `min_n` of Drift.
        reading: "stable" (below 0.1), "moved" (below 0.25), "shifted", or "too_few".
        same_guard: whether one guard revision, prompt and decoding gave all these scores: if not, a shift may be the
            guard's.
        before, now: share of the scores in each bin, in [0, 1]; empty where there are too few.
    """

    tenant: str | None
    model: str | None
    n: int
    n_before: int
    psi: float | None
    reading: str
    same_guard: bool
    before: tuple[float, ...] = ()
    now: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """Drift of the score distribution.

    Attributes:
        edges: of the bins of the harm score: bin i holds [edges[i], edges[i + 1]), the last one also its end.
        min_n: scores on both sides from which on there is an index.
        lines: all together first; then most moved first.
    """

    edges: tuple[float, ...] = ()
    min_n: int = 0
    lines: tuple[DriftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class GoldenLine:
    """One run of the guard over the golden set; see GoldenFigures for its numbers.

    Attributes:
        same_cases: whether it ran over the same cases as the last run: only such runs are compared.
    """

    at: datetime
    model_id: str
    model_revision: str
    n: int
    agreement: float | None
    false_positive_rate: float | None
    canaries: int
    canaries_caught: int
    unscorable: int
    alarms: int
    same_cases: bool


@dataclass(frozen=True, slots=True)
class DegradedLine:
    """Verdicts of one tenant that rest on less than the whole exchange; one exchange can be in several columns.

    Attributes:
        degraded: those with at least one of the lacks that follow.
        absent, redacted, summary: what the log holds of the thinking, where that is not all of it.
        unknown_thinking: text that may be thinking or a summary of it; not counted as a lack.
        images_missing, text_incomplete, log_incomplete: as in Degraded.
    """

    name: str
    exchanges: int
    degraded: int
    absent: int
    redacted: int
    summary: int
    unknown_thinking: int
    images_missing: int
    text_incomplete: int
    log_incomplete: int


@dataclass(frozen=True, slots=True)
class GapLine:
    """Offsets that hold no record for us, found in the period, by source and reason."""

    source: str
    reason: str
    ranges: int
    offsets: int


@dataclass(frozen=True, slots=True)
class MissingTraces:
    """What should be there and is not; as of the report, but for `gaps`.

    Attributes:
        gaps: most offsets first.
        gap_offsets: their sum.
        unaccounted: offsets of the period without a state: the differences of all partitions, each taken positive.
        held: records that were read and wait for the rest of their traces, now.
        held_since: when the oldest of them was read.
        missing_ahead: offsets that workers have not delivered, while later ones of their partitions wait for them.
        unreadable: records of the period that could not be read.
        not_captured: exchanges whose telemetry was set not to record texts.
    """

    gaps: tuple[GapLine, ...] = ()
    gap_offsets: int = 0
    unaccounted: int = 0
    held: int = 0
    held_since: datetime | None = None
    missing_ahead: int = 0
    unreadable: int = 0
    not_captured: int = 0


@dataclass(frozen=True, slots=True)
class Degraded:
    """Verdicts that rest on less than the whole exchange.

    Attributes:
        no_readable_thinking: thinking withheld or not in the log.
        summary_thinking: a provider's summary stands in for the thinking.
        images_missing: triples of which at least one image was not seen.
        text_incomplete: triples of which the guard did not see all of the text.
        log_incomplete: triples whose log is not complete.
        image_failures: images that could not be had, by reason.
        exchanges: triples with at least one of the lacks above.
        escalated: those of them that need a person.
        by_tenant: most degraded first.
        statuses: status of the log, such as "incomplete" or "error" -> triples; without the complete ones.
        traces: what is not there at all; None in a report of one tenant, since it cannot be told whose it was.
    """

    no_readable_thinking: int
    summary_thinking: int
    images_missing: int
    text_incomplete: int
    log_incomplete: int
    image_failures: tuple[ImageFailureRow, ...]
    exchanges: int = 0
    escalated: int = 0
    by_tenant: tuple[DegradedLine, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    traces: MissingTraces | None = None


@dataclass(frozen=True, slots=True)
class SignalLine:
    """What one guard of the log said, by what it looked at and its word.

    Attributes:
        guard: such as "openai.moderation".
        looked_at: "input", "output" or "unknown".
        verdict: "passed", "flagged", "masked", "blocked", "refused" or "failed".
        exchanges: that carry it.
        escalated: those of them that the audit escalates.
    """

    guard: str
    looked_at: str
    verdict: str
    exchanges: int
    escalated: int


@dataclass(frozen=True, slots=True)
class LayerLine:
    """Exchanges by what moderation said, over what the audit says; the five columns after `exchanges` add up to it.

    Attributes:
        said: the strongest word of the log's guards: "stopped" (blocked, refused, masked), "flagged", "passed",
            "failed" (the guard itself broke), or "nothing" (the log carries no guard's word).
        unscorable: could not be scored, and therefore escalates; not in the other columns.
    """

    said: str
    exchanges: int
    none: int
    watch: int
    escalated: int
    urgent: int
    unscorable: int


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """What looking at images adds.

    Attributes:
        exchanges: with at least one image in the log.
        seen: of them, those of which the guard saw all images.
        escalated: of `exchanges`.
        image_in_stage: escalated, and the harm lies in the image or in it with other parts.
        image_alone: escalated, and the harm lies in the image alone.
        needs_image: escalated, and below the line without its images.
        passed_and_needs_image: of `needs_image`, those that moderation passed, or said nothing of.
    """

    exchanges: int = 0
    seen: int = 0
    escalated: int = 0
    image_in_stage: int = 0
    image_alone: int = 0
    needs_image: int = 0
    passed_and_needs_image: int = 0


@dataclass(frozen=True, slots=True)
class TrajectoryLayer:
    """What reading the whole trajectory adds.

    Attributes:
        escalated: in all, without what could not be scored.
        thinking_in_stage: the harm lies in the thinking, or in it with other parts.
        clean_answer: harmful thinking behind an answer that lies below the line by itself.
        passed: escalated although moderation passed it.
        silent: escalated, and no guard of the log said anything.
    """

    escalated: int = 0
    thinking_in_stage: int = 0
    clean_answer: int = 0
    passed: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Exchanges of which moderation and the audit say opposite things.

    Attributes:
        kind: "passed_escalated": moderation passed it, the audit escalates it; "stopped_safe" and "flagged_safe":
            moderation stopped or flagged it, the audit finds nothing (below watch).
        by_tenant: tenant -> exchanges, most first, at most 20.
        examples: triple ids, highest risk first for the first kind, lowest for the others; at most 10.
    """

    kind: str
    exchanges: int
    by_tenant: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layers:
    """Three layers side by side: moderation in the log, the images, the trajectory."""

    lines: tuple[LayerLine, ...] = ()
    signals: tuple[SignalLine, ...] = ()
    image: ImageLayer = field(default_factory=ImageLayer)
    trajectory: TrajectoryLayer = field(default_factory=TrajectoryLayer)
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery, or a job of the schedule, that failed since the last report.

    Attributes:
        channel: "files", "email", "webhook", "kafka" or "siem"; "job" for a job.
        target: the delivery's name in the configuration, or the job's.
        subject: what was to be delivered, or the job's period.
        attempts: made so far.
        settled: whether a later attempt succeeded.
    """

    at: datetime
    channel: str
    target: str
    subject: str
    attempts: int
    error: str
    settled: bool


NO_FIGURE = Figure(None)


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """How far votes agree, harmful or not; figures have 95 % intervals, or the reason why not.

    Attributes:
        cases: with two votes or more, or with a vote and a judgment.
        same: the share of pairs of votes that are the same.
        both_harmful: where one is for harmful, how often the other is.
        ac1: Gwet's coefficient: agreement beyond chance.
    """

    cases: int = 0
    same: Figure = NO_FIGURE
    both_harmful: Figure = NO_FIGURE
    ac1: Figure = NO_FIGURE


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree with each other, and with the guard.

    Attributes:
        first, last: UTC days; cases whose last vote is of these, by what the database had by the end of `last`.
        cases: with a vote.
        people: with each other.
        guard: people with the guard.
        ahead: AC1 of people less AC1 of people and guard, on cases that have both.
    """

    first: date | None = None
    last: date | None = None
    cases: int = 0
    people: AgreementLine = field(default_factory=AgreementLine)
    guard: AgreementLine = field(default_factory=AgreementLine)
    ahead: Figure = NO_FIGURE
