"""Judgment, Verdict, and the key under which a verdict is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum

from auditor.guard_input import Protocol


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


class Sent(StrEnum):
    """Why a triple was judged in full."""

    MODE = "mode"  # all are
    ABOVE_LOW_LINE = "above_low_line"
    AUDIT_SAMPLE = "audit_sample"  # drawn from those below the line, so that what it misses can be estimated
    UNSCORABLE = "unscorable"  # triage could not judge it


@dataclass(frozen=True, slots=True)
class ScorerKey:
    """What a verdict depends on besides the triple: a change of any of these is a new verdict, never an overwrite.

    Attributes:
        model_id: as configured, such as "builtin:demo".
        model_revision: hex digest over the checkpoint's files, or the hub's revision.
        prompt_hash: hex sha256 of the system prompt.
        decoding: mode, limits, and whatever else decides the answer, such as "full/greedy/2000".
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
        stage: where the failure lies, once diagnosed: parts joined by "+".
        contributions: what each part adds to the harm score, by part; empty where not diagnosed.
        flags: what a moderation of the answer alone would miss, and "imitates_the_guard" (see imitation.py).
        protocol: "qta", or "qa" where there was no thinking and the configuration says so.
        local_policy_hash: hex sha256 of the operator's policy text that the guard was given; None where it had none.
        content_hash: hex sha256 of all that the guard was shown and asked; equal content has an equal hash.
        reused_from: the triple of equal content whose verdict this is; None where the guard was asked.
        triage_score: the harm score without an analysis, where that was asked for.
        sent_to_full: why it was judged in full; None where it was not.
        inclusion: with which probability it was to be judged in full, in (0, 1]; None where all are.
        samples: completions that the probabilities are the mean over.
        windows: parts that a triple beyond the context was judged in; the worst of them is this verdict.
        calibration: which calibration gave the risk; "identity" before there is one.
        adapted: how its text had to be changed for the backend.
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
    protocol: Protocol = Protocol.QTA
    local_policy_hash: str | None = None
    content_hash: str | None = None
    reused_from: str | None = None
    triage_score: float | None = None
    sent_to_full: Sent | None = None
    inclusion: float | None = None
    samples: int = 1
    windows: int = 1
    calibration: str = "identity"
    contributions: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    adapted: tuple[str, ...] = ()
