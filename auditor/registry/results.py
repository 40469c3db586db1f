"""What a gate found of a candidate beside the guard that serves; pure, and kept with whatever it decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Ruling(StrEnum):
    """What came of one check."""

    PASSED = "passed"
    FAILED = "failed"
    TOO_FEW = "too_few"  # cases to tell: as good as failed where the check is required
    NOT_ASKED = "not_asked"  # what it needs is not there, and it is not required


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a candidate was tried on.

    Attributes:
        name: such as "gold", "frozen_sample", "category:cybersecurity", "language:zh", "over_refusal", "canaries",
            "calibration", "latency".
        ruling: what came of it.
        reason: why, in one sentence with the figures, for a person.
        candidate, champion: the figure of either; None where it has none.
        measure: what the figure is, such as "F1", "recall", "ECE", "seconds per case".
        low, high: 95 % interval of candidate less champion; None where there is none.
        limit: what the difference, or the figure, is held against.
        n: cases that it rests on.
        required: whether a candidate that does not pass it is refused.
    """

    name: str
    ruling: Ruling
    reason: str
    measure: str
    candidate: float | None = None
    champion: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    n: int = 0
    required: bool = True

    @property
    def refuses(self) -> bool:
        """Whether a candidate is refused for it."""
        return self.required and self.ruling in {Ruling.FAILED, Ruling.TOO_FEW}


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found.

    Attributes:
        run_id: of the gate's run.
        at: when, in UTC.
        candidate, champion: revisions; the champion is the guard that served then.
        checks: in the order in which they were made.
        data: hex sha256 of each set of cases that it used, by name.
        seconds: that it took.
    """

    run_id: str
    at: datetime
    candidate: str
    champion: str
    checks: tuple[Check, ...]
    data: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the candidate may be promoted: something was checked, and nothing refuses it."""
        return bool(self.checks) and not any(check.refuses for check in self.checks)
