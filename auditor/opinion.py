"""What the guard said of one case, before it becomes a verdict."""

from dataclasses import dataclass

from auditor.guard_input import GuardInput
from auditor.labels import LabelProbabilities
from auditor.verdict import Judgment, Mode, Sent

TOO_LONG = "prompt_too_long"
NO_NUMBERS = "probabilities_not_finite"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the guard said of one case.

    Attributes:
        mode: how it was reached.
        judgment: None where it cannot be told; `unscorable` says why.
        probabilities: None exactly where `judgment` is.
        analysis: what the guard wrote; the whole completion where that could not be read.
        triage: the probabilities without an analysis, where those were asked for.
        sent, inclusion: see Verdict.
        samples: completions that the probabilities are the mean over.
        windows, coverage, images_seen: of the whole case; see Verdict.
        shown: what was shown of it where it was found to be so: the deciding window; None where it was not judged.
    """

    mode: Mode
    judgment: Judgment | None = None
    probabilities: LabelProbabilities | None = None
    unscorable: str | None = None
    analysis: str = ""
    prompt_tokens: int = 0
    output_tokens: int = 0
    triage: LabelProbabilities | None = None
    sent: Sent | None = None
    inclusion: float | None = None
    samples: int = 1
    adapted: tuple[str, ...] = ()
    windows: int = 1
    coverage: float = 0.0
    images_seen: int = 0
    shown: GuardInput | None = None

    @property
    def harm_score(self) -> float | None:
        """1 - p_safe; None where it could not be judged."""
        return self.probabilities.harm_score if self.probabilities else None
