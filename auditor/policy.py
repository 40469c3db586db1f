"""A verdict and thresholds become an escalation, or not."""

from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Protocol

from auditor.verdict import Judgment
from conf import schema


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
class Policy:
    """Thresholds under a name.

    Attributes:
        version: printed in each report.
        escalate: risk from which a triple goes to a reviewer, in [0, 1].
    """

    version: str
    escalate: float


@dataclass(frozen=True, slots=True)
class Escalation:
    """Why one triple goes to a reviewer.

    Attributes:
        risk, threshold: what was compared; risk is None where unscorable.
        detail: the unscorable reason; empty otherwise.
        policy_version: the policy that says so.
    """

    reason: Reason
    risk: float | None
    threshold: float
    detail: str
    policy_version: str


def policy_of(section: schema.Policy) -> Policy:
    """The policy that the configuration holds."""
    return Policy(section.version, section.escalate)


def escalation(verdict: Judged, policy: Policy) -> Escalation | None:
    """Why this verdict needs a person, or None.

    A risk equal to the threshold escalates. So does every verdict without a judgment or with a risk that is no number:
    what could not be judged is never taken for safe.
    """
    if verdict.judgment is None or verdict.risk is None or isnan(verdict.risk):
        detail = verdict.unscorable_reason or "no_risk"
        return Escalation(Reason.UNSCORABLE, None, policy.escalate, detail, policy.version)
    if verdict.risk >= policy.escalate:
        return Escalation(Reason.RISK, verdict.risk, policy.escalate, "", policy.version)
    return None
