"""The first page of a report as data: what moved, what is estimated to be missed, what changed, what is reviewed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Period:
    """The UTC days that a report is about.

    Attributes:
        kind: "day", "week" (from Monday, as ISO 8601 has it) or "month".
        first, last: both included; the same for a day.
        name: as in the names of files: "2026-11-22", "2026-W47", "2026-11".
    """

    kind: str
    first: date
    last: date
    name: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Thresholds that one rule of a policy sets for a part of the traffic.

    Attributes:
        tenant, application, category, thinking: what it is for; None where the rule does not name it.
        watch, escalate, urgent: risks from which the level holds, in (0, 1]; None where it is inherited.
    """

    tenant: str | None = None
    application: str | None = None
    category: str | None = None
    thinking: str | None = None
    watch: float | None = None
    escalate: float | None = None
    urgent: float | None = None


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A policy that held in the period.

    Attributes:
        version: its name.
        escalate, watch, urgent: its default thresholds on risk, in (0, 1].
        number: of the version in the database; None for the one of the configuration, which nobody had to approve.
        effective_from: the day from which it holds; None for the one of the configuration.
        proposed_by, approved_by: people; None for the one of the configuration.
        first, last: the days of the period on which it held.
        rules: what it sets apart from the default; in a report of one tenant only what concerns that tenant.
    """

    version: str
    escalate: float
    watch: float | None = None
    urgent: float | None = None
    number: int | None = None
    effective_from: date | None = None
    proposed_by: str | None = None
    approved_by: str | None = None
    first: date | None = None
    last: date | None = None
    rules: tuple[RuleLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A number of the period beside those before it.

    Attributes:
        name: "read", "exchanges", "escalated", "urgent", "unscorable" or "degraded".
        now: in the period.
        per_day: `now` over the days of the period that exist; the same as `now` in a report of one day.
        before: in the period before, of the same kind; None where nothing was read or judged in it.
        days: of the 28 days before the period, how many exist: days on which something was read or judged.
        median, low, high: of those days, with the 10th and 90th percentile; None where there are fewer than 7 days.
        outside: "above" or "below" where `per_day` lies outside [low, high]; "" inside, or where there is no band.
    """

    name: str
    now: int
    per_day: float
    before: int | None
    days: int
    median: float | None
    low: float | None
    high: float | None
    outside: str


@dataclass(frozen=True, slots=True)
class MissedEstimate:
    """How much harm lies below the line, estimated from the random draws below it and what reviewers said of them.

    Attributes:
        why_not: "" where there is an estimate; otherwise why there is none: "no_sample", "no_reviews", "too_few".
        first, last: days of the draws that it rests on; None without any.
        population: exchanges below the line on those days.
        drawn, reviewed, harmful: of the population; harmful as the reviewers said.
        missed: estimated harmful exchanges below the line on those days.
        low, high: its 95 % interval; where too few harmful ones were found for an estimate, `high` alone can be known.
        per_day: `missed` over the days of the draws.
        method: of the estimate and its interval, in a few words.
    """

    why_not: str = "no_sample"
    first: date | None = None
    last: date | None = None
    population: int = 0
    drawn: int = 0
    reviewed: int = 0
    harmful: int = 0
    missed: float | None = None
    low: float | None = None
    high: float | None = None
    per_day: float | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was when the last report was made.

    Attributes:
        what: "model", "prompt", "decoding", "mode", "version" (of traceaudit), "calibration", "policy" or "threshold".
        name: of which of several: for a threshold the part of the traffic and the level; otherwise mostly "".
        before, now: as text; "" where there was, or is, none.
        at: when it changed, or from when it holds; None where that is not known.
        proposed_by, approved_by: people; "" where nobody had to.
    """

    what: str
    name: str
    before: str
    now: str
    at: datetime | None = None
    proposed_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last report of the same kind and tenant on an earlier period.

    Attributes:
        since: when that was made; None where this is the first, and then there are no `lines`.
        name: its period.
        lines: nothing changed where it is empty.
    """

    since: datetime | None = None
    name: str = ""
    lines: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewDay:
    """The draw of one night, and what became of it by the time of the report.

    Attributes:
        urgent, escalated, below: cases drawn, by reason.
        voted: of all three, those with a vote at least.
        done: those with as many reviewers as the policy of that day wants.
        overdue: those not done that were drawn longer ago than ReviewWork.overdue_days.
    """

    day: date
    urgent: int
    escalated: int
    below: int
    voted: int
    done: int
    overdue: int

    @property
    def drawn(self) -> int:
        """Cases drawn that night."""
        return self.urgent + self.escalated + self.below


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """What one reviewer did in the period.

    Attributes:
        first, last: of the votes, UTC.
    """

    reviewer: str
    votes: int
    cases: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class ReviewWork:
    """Review work due and done.

    Attributes:
        drawn: cases drawn in the period.
        due: cases of all nights up to the end of the period that are not done.
        overdue: those of them that were drawn longer ago than `overdue_days`.
        done: cases drawn at any time whose last vote that was needed came in the period.
        votes: votes stored in the period, also on cases that nobody drew.
        days: the nights of the 28 days before and of the period that had a draw, latest first.
        reviewers: most votes first.
        overdue_days: after how many days a drawn case is overdue, in words, since it depends on why it was drawn.
        outcomes: what reviewers said in the period: vote ("safe", "potentially_harmful", "harmful") -> votes.
    """

    drawn: int = 0
    due: int = 0
    overdue: int = 0
    done: int = 0
    votes: int = 0
    days: tuple[ReviewDay, ...] = ()
    reviewers: tuple[ReviewerLine, ...] = ()
    overdue_days: str = ""
    outcomes: Mapping[str, int] = field(default_factory=dict)
