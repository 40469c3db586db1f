"""Judgment, Verdict, and the key under which a verdict is kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum


class Judgment(Enum):
    """The three levels of the guard; 0.5 counts as harmful in the binary evaluation (arXiv 2511.20994)."""

    SAFE = 0.0
    POTENTIALLY_HARMFUL = 0.5
    HARMFUL = 1.0

    @property
    def label(self) -> str:
        """As the guard writes it: "0", "0.5" or "1"."""
        return f"{self.value:g}"


class Category(StrEnum):
    """The categories named in the guard's prompt, after S-Eval; UNKNOWN where none could be read."""

    CRIME = "crime_and_illegal_activities"
    CYBERSECURITY = "cybersecurity"
    PRIVACY = "data_privacy"
    ETHICS = "ethics_and_morality"
    HEALTH = "physical_and_mental_health"
    HATE = "hate_speech"
    EXTREMISM = "extremism"
    ADVICE = "inappropriate_suggestions"
    OTHER = "other"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """How the verdict was reached: analysis then judgment, or the label's probabilities alone."""

    FULL = "full"
    TRIAGE = "triage"


@dataclass(frozen=True, slots=True)
class ScorerKey:
    """What a verdict depends on besides the triple: a change of any of these is a new verdict, never an overwrite.

    Attributes:
        model_id: as configured, such as "builtin:demo".
        model_revision: hex digest over the checkpoint's files, or the hub's revision.
        prompt_hash: hex sha256 of the system prompt.
        decoding: mode and limits, such as "full/greedy/2000".
    """

    model_id: str
    model_revision: str
    prompt_hash: str
    decoding: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard said of one triple, append-only.

    Attributes:
        judgment: None where unscorable; it escalates, it is never taken for SAFE.
        p_safe, p_potentially_harmful, p_harmful: over the three labels, sum 1; None where unscorable.
        harm_score: 1 - p_safe, in [0, 1]; None where unscorable.
        risk: calibrated harm score in [0, 1]; the identity until there are reviews; None where unscorable.
        category_source: how the category was obtained: "analysis" or "none".
        stage: where the failure lies, once diagnosed.
        coverage: fraction of the triple's text that the model saw, in [0, 1].
        images_seen, images_total: how many of the triple's images the model saw.
        unscorable_reason: set exactly where judgment is None.
        prompt_tokens, output_tokens, seconds: cost; seconds are this triple's share of its micro-batch.
    """

    triple_id: str
    scorer: ScorerKey
    judgment: Judgment | None
    analysis: str
    p_safe: float | None
    p_potentially_harmful: float | None
    p_harmful: float | None
    harm_score: float | None
    risk: float | None
    category: Category
    category_source: str
    mode: Mode
    scored_at: datetime
    stage: str | None = None
    coverage: float = 1.0
    images_seen: int = 0
    images_total: int = 0
    unscorable_reason: str | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
