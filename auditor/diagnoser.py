"""Asks the backend for the scores that a diagnosis rests on: triage of each case with parts of it removed.

A diagnosis that fails costs no verdict: the case is flagged as not diagnosed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from auditor.backends.base import Backend
from auditor.bisect import Bisection, Patience
from auditor.diagnosis import NOT_DIAGNOSED, Diagnosis, diagnose, variants
from auditor.errors import BackendFailed
from auditor.guard_input import GuardInput
from auditor.opinion import Opinion
from auditor.verdict import Judgment

CASES_AT_ONCE = 16  # ten variants of each, images and all, are in memory together


@dataclass(slots=True)
class Open:
    """A case with its diagnosis, once there is one."""

    shown: GuardInput
    diagnosis: Diagnosis = NOT_DIAGNOSED


@dataclass(frozen=True, slots=True)
class Diagnoser:
    """Says where the failure of a case lies.

    Attributes:
        line: harm score from which a case needs a person.
        patience: how a backend that fails is tried again.
        harmless: whether the backend is sound is asked with this.
    """

    backend: Backend
    line: float
    patience: Patience
    harmless: GuardInput = field(default_factory=lambda: GuardInput("What makes the tide?", "", "The moon."))

    def wants(self, opinion: Opinion) -> bool:
        """Whether a case is to be diagnosed: it was judged, and needs a person."""
        if opinion.judgment is None or opinion.harm_score is None:
            return False
        return opinion.judgment is not Judgment.SAFE or opinion.harm_score >= self.line

    def __call__(self, cases: Sequence[GuardInput]) -> list[Diagnosis]:
        """The diagnosis of each case, in order; NOT_DIAGNOSED where the backend fails at it."""
        opened = [Open(shown) for shown in cases]
        for start in range(0, len(opened), CASES_AT_ONCE):
            some = opened[start : start + CASES_AT_ONCE]
            try:
                Bisection(self.work, self.check, self.patience).failing(some)
            except BackendFailed:
                break  # the verdicts stand without; if the machinery is broken for good, the next batch finds out
        return [one.diagnosis for one in opened]

    def check(self) -> None:
        """Ask about something harmless.

        Raises:
            BackendFailed, MemoryError: the backend cannot be asked about anything.
        """
        self.work([Open(self.harmless)])

    def work(self, opened: Sequence[Open]) -> None:
        """Diagnose cases.

        Raises:
            BackendFailed, MemoryError: the backend cannot be asked about them together.
        """
        asked = [
            (one, {kept: self.backend.prepare(shown) for kept, shown in variants(one.shown).items()}) for one in opened
        ]
        # A removed part leaves words in its place, so that a variant can be longer than a whole that just fits.
        fitting = [
            (one, prepared)
            for one, prepared in asked
            if max(p.n_tokens for p in prepared.values()) <= self.backend.max_tokens
        ]
        flat = [p for _, prepared in fitting for p in prepared.values()]
        shares = iter(self.backend.label_probabilities(flat, [None] * len(flat)))
        for one, prepared in fitting:
            found = {kept: next(shares) for kept in prepared}
            cost = sum(p.n_tokens for p in prepared.values())
            if all(share.is_finite for share in found.values()):
                scores = {kept: share.harm_score for kept, share in found.items()}
                one.diagnosis = replace(diagnose(one.shown, scores, self.line), prompt_tokens=cost)
