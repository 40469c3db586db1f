"""A verdict and thresholds become a level: none, watch, escalate, or urgent.

Every threshold of every combination comes from somewhere: a rule that names it, or the default. Nothing can be off.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Protocol

from auditor.verdict import Judgment

GRID = 10_000  # thresholds are multiples of 1 / GRID, so that counts in bins of that width are exact


class Level(StrEnum):
    """What is to be done with a triple, from least to most."""

    NONE = "none"
    WATCH = "watch"  # counted and sampled more; nobody has to look
    ESCALATE = "escalate"  # a person looks
    URGENT = "urgent"  # a person is told at once


class Reason(StrEnum):
    """Why a triple goes to a reviewer."""

    RISK = "risk"  # at or above the threshold
    UNSCORABLE = "unscorable"  # nobody knows, so a person looks


class Judged(Protocol):
    """What the policy reads of a verdict; `Verdict` has it, and so have the rows of a report."""

    @property
    def judgment(self) -> Judgment | None:
        """None where unscorable."""

    @property
    def risk(self) -> float | None:
        """In [0, 1]; None where unscorable."""

    @property
    def unscorable_reason(self) -> str | None:
        """Set where there is no judgment."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The combination that a verdict belongs to; a rule of a policy can name any of the four."""

    tenant: str
    application: str | None
    category: str
    thinking: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Risks in (0, 1] from which a triple is at a level; watch <= escalate <= urgent."""

    watch: float
    escalate: float
    urgent: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Thresholds for the combinations that it names; None: any, and for a threshold: as inherited.

    Attributes:
        line: where it stands in the file.
    """

    tenant: str | None = None
    application: str | None = None
    category: str | None = None
    thinking: str | None = None
    watch: float | None = None
    escalate: float | None = None
    urgent: float | None = None
    line: int | None = None

    @property
    def selectors(self) -> tuple[str | None, ...]:
        """What it names, in the order from the weakest to the strongest."""
        return self.category, self.tenant, self.application, self.thinking

    @property
    def strength(self) -> tuple[int, tuple[bool, ...]]:
        """Of the rules that hold for a combination the greatest decides: more names first, then the stronger name."""
        named = tuple(value is not None for value in reversed(self.selectors))
        return sum(named), named

    @property
    def name(self) -> str:
        """Such as "tenant harbor-bank, category data_privacy"."""
        names = {
            "tenant": self.tenant,
            "application": self.application,
            "category": self.category,
            "thinking": self.thinking,
        }
        return ", ".join(f"{kind} {value}" for kind, value in names.items() if value is not None)

    def holds_for(self, one: Slice) -> bool:
        """Whether the combination is one of those that it names."""
        values = one.category, one.tenant, one.application, one.thinking
        return all(wanted is None or wanted == value for wanted, value in zip(self.selectors, values, strict=True))


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold that holds for a combination.

    Attributes:
        source: the rule's name, "default", or the level that it follows.
    """

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The thresholds of one combination, and where each comes from."""

    watch: Bound
    escalate: Bound
    urgent: Bound

    @property
    def thresholds(self) -> Thresholds:
        """The numbers alone."""
        return Thresholds(self.watch.value, self.escalate.value, self.urgent.value)


@dataclass(frozen=True, slots=True)
class Costs:
    """What mistakes cost, in any one unit, such as euros.

    Attributes:
        false_alarm: a harmless exchange that a person looked at.
        miss: a harmful exchange that nobody looked at.
    """

    false_alarm: float
    miss: float
    unit: str


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """What reviewers can do, and what is drawn for them each night.

    Attributes:
        cases_per_day: that all of them together can decide.
        escalated_share: of the escalated, drawn for review, in (0, 1]; all that are urgent are.
        below_line_per_day: exchanges below the line that are drawn at random.
        votes: reviewers who have to agree or disagree on a case.
        hide_verdict: "urgent", "escalated", "below", by the reason of a draw, or "all": on such cases reviewers do not
            see the guard's verdict before they voted.
    """

    cases_per_day: int
    minutes_per_case: float
    escalated_share: float
    below_line_per_day: int
    votes: int
    hide_verdict: tuple[str, ...] = ("below",)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds under a name, with what they are weighed by.

    Attributes:
        version: the name; printed in each report.
        approvers: who may approve the policy after this one; empty: anyone but its proposer.
        text: the file that says all this.
    """

    version: str
    default: Thresholds
    rules: tuple[Rule, ...]
    costs: Costs
    review: ReviewPlan
    approvers: tuple[str, ...]
    text: str

    def at(self, one: Slice) -> Resolved:
        """The thresholds of a combination.

        For each threshold by itself the strongest rule decides that holds for the combination and gives it: the one
        that names more of tenant, application, category and thinking; of those that name equally many, the one that
        names the thinking, then the application, then the tenant. Without any it is the default. A threshold for
        watching that would lie above the one for escalating gives way to it, and so does one for urgent below it.
        """
        rules = sorted((rule for rule in self.rules if rule.holds_for(one)), key=lambda rule: rule.strength)
        watch, escalate, urgent = (bound(level, self.default, rules) for level in ("watch", "escalate", "urgent"))
        follows = Bound(escalate.value, "follows escalate")
        return Resolved(
            follows if watch.value > escalate.value else watch,
            escalate,
            follows if urgent.value < escalate.value else urgent,
        )

    @property
    def lowest_escalate(self) -> float:
        """No exchange with a lower risk escalates, whatever its combination."""
        return min([self.default.escalate, *(rule.escalate for rule in self.rules if rule.escalate is not None)])


@dataclass(frozen=True, slots=True)
class Escalation:
    """Why one triple goes to a reviewer.

    Attributes:
        risk, threshold: what was compared; risk is None where unscorable.
        detail: the unscorable reason; empty otherwise.
        policy_version: the policy that says so.
        level: escalate or urgent.
        source: what gave the threshold; see Bound.
    """

    reason: Reason
    risk: float | None
    threshold: float
    detail: str
    policy_version: str
    level: Level = Level.ESCALATE
    source: str = "default"


def bound(level: str, default: Thresholds, rules: Iterable[Rule]) -> Bound:
    """The threshold of a level; of `rules` the last that gives one decides."""
    found = Bound(getattr(default, level), "default")
    for rule in rules:
        value = getattr(rule, level)
        if value is not None:
            found = Bound(value, rule.name)
    return found


def level_of(verdict: Judged, thresholds: Thresholds) -> Level:
    """The level of a verdict.

    A risk equal to a threshold is at its level. A verdict without a judgment, or with a risk that is no number, is at
    ESCALATE: what could not be judged is never taken for safe.
    """
    risk = usable_risk(verdict)
    if risk is None:
        return Level.ESCALATE
    if risk >= thresholds.urgent:
        return Level.URGENT
    if risk >= thresholds.escalate:
        return Level.ESCALATE
    return Level.WATCH if risk >= thresholds.watch else Level.NONE


def escalation(verdict: Judged, policy: Policy, one: Slice) -> Escalation | None:
    """Why this verdict of that combination needs a person, or None."""
    bounds = policy.at(one)
    level, escalate = level_of(verdict, bounds.thresholds), bounds.escalate
    if level in {Level.NONE, Level.WATCH}:
        return None
    risk = usable_risk(verdict)
    if risk is None:
        detail = verdict.unscorable_reason or "no_risk"
        return Escalation(Reason.UNSCORABLE, None, escalate.value, detail, policy.version, level, escalate.source)
    return Escalation(Reason.RISK, risk, escalate.value, "", policy.version, level, escalate.source)


def usable_risk(verdict: Judged) -> float | None:
    """The risk; None where nothing can be compared with a threshold."""
    if verdict.judgment is None or verdict.risk is None or isnan(verdict.risk):
        return None
    return verdict.risk
