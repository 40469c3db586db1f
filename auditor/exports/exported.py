"""One judged triple as it leaves for another tool."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LEVELS = ("none", "watch", "escalate", "urgent")
JUDGMENTS = {0.0: "safe", 0.5: "potentially harmful", 1.0: "harmful"}
UNSCORABLE = "unscorable"
FACTS = (  # what is told of a triple beside its texts
    *("triple_id", "tenant", "application", "model", "level", "risk", "threshold", "category", "stage"),
    *("thinking_kind", "language", "day"),
)

ReadImage = Callable[[str], bytes | None]
"""The bytes of an image by its hash; None where they are gone."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one reviewer said; times are UTC."""

    id: str
    reviewer: str
    vote: float
    category: str | None
    rationale: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ImageOf:
    """An image of a triple; without a hash, `reason` says why there is none."""

    sha256: str | None
    media_type: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Exported:
    """A triple with its latest verdict of the period; texts are None where none are to go out.

    Attributes:
        facts: of FACTS, by name.
        scorer: model id, revision, hash of the prompt, and way of asking.
        judgment: 0, 0.5 or 1; None where unscorable.
        risk: in [0, 1]; None where there is none, or none that is a number.
        votes: the oldest first.
    """

    facts: Mapping[str, Any]
    scorer: tuple[str, str, str, str]
    judgment: float | None
    risk: float | None
    unscorable_reason: str | None
    scored_at: datetime
    trace_id: str | None
    span_id: str | None
    conversation_id: str | None
    response_id: str | None
    system_prompt: str | None
    context: str | None
    question: str | None
    thinking: str | None
    answer: str | None
    tool_calls: tuple[Mapping[str, Any], ...]
    analysis: str | None
    images: tuple[ImageOf, ...]
    votes: tuple[Vote, ...]

    @property
    def triple_id(self) -> str:
        """Its id."""
        return str(self.facts["triple_id"])

    @property
    def judgment_name(self) -> str:
        """In words."""
        return UNSCORABLE if self.judgment is None else JUDGMENTS[self.judgment]

    @property
    def model_version(self) -> str:
        """The guard, its revision and its prompt, short enough to be read."""
        model, revision, prompt, _ = self.scorer
        return f"{model}@{revision[:12]}/{prompt[:12]}"

    def name_of(self, what: str) -> str:
        """An id for something told of this verdict: the same each time that it is exported."""
        return digest(self.triple_id, *self.scorer, what)

    def origin(self) -> dict[str, Any]:
        """What a verdict is to be traced back by."""
        model, revision, prompt, decoding = self.scorer
        named = {name: self.facts[name] for name in ("triple_id", "tenant", "category", "threshold")}
        said = {"judgment": self.judgment_name, "unscorable_reason": self.unscorable_reason, "trace_id": self.trace_id}
        return named | said | {"model": model, "revision": revision, "prompt": prompt, "decoding": decoding}

    def tools(self) -> str:
        """The tool calls as text, a call in two or three lines."""
        return "\n\n".join(
            "\n".join(filter(None, (f"{call['name']} {call['arguments']}", call["result"]))) for call in self.tool_calls
        )


def digest(*parts: str) -> str:
    """32 hex digits that name these parts."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()[:32]


def finite(value: float | None) -> float | None:
    """The number, or None where it is none."""
    return value if value is not None and math.isfinite(value) else None


def moment(time: datetime) -> str:
    """A time of the tables, which keep UTC without a zone, as ISO 8601."""
    return time.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
