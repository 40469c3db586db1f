"""One escalated triple as a reader sees it: texts, images, verdict, why it escalated, and what is known from before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from auditor.query_rows import ImageRow


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the log, perhaps shortened.

    Attributes:
        shown: the beginning, as logged; making hidden characters visible is the renderer's work.
        left_out: characters that are not shown.
    """

    shown: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CaseTool:
    """A tool call of the turn."""

    name: str
    arguments: Text
    result: Text | None
    is_error: bool


@dataclass(frozen=True, slots=True)
class EarlierVerdict:
    """An earlier verdict on the same triple, by whatever guard.

    Attributes:
        kind: "live", or "backfill" where a stored triple was judged once more.
    """

    scored_at: datetime
    judgment: str
    risk: float | None
    model_id: str
    model_revision: str
    mode: str
    kind: str


@dataclass(frozen=True, slots=True)
class CaseDraw:
    """A night that drew the case for review; `reason` is "urgent", "escalated" or "below"."""

    day: date
    reason: str
    stratum: str


@dataclass(frozen=True, slots=True)
class CaseVote:
    """What a reviewer said of the case; `vote` is "safe", "potentially_harmful" or "harmful"."""

    at: datetime
    reviewer: str
    vote: str
    category: str | None
    rationale: Text | None


@dataclass(frozen=True, slots=True)
class Signal:
    """What another guard said of the case in the log; see SignalLine for its words.

    Attributes:
        categories: in that guard's own words.
    """

    guard: str
    looked_at: str
    verdict: str
    categories: tuple[str, ...]
    score: float | None


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a case besides its verdict, oldest first.

    Attributes:
        verdicts: earlier ones on the same triple.
        same_conversation, same_user: escalations before this one in the same conversation of the tenant, and of the
            same user; None where the log names none. They go back as far as the trend does.
    """

    verdicts: tuple[EarlierVerdict, ...] = ()
    draws: tuple[CaseDraw, ...] = ()
    votes: tuple[CaseVote, ...] = ()
    same_conversation: int | None = None
    same_user: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One escalated triple.

    Attributes:
        judgment: "safe", "potentially_harmful", "harmful" or "unscorable".
        why: a sentence with the numbers that were compared.
        stage: where the harm lies, None where that is not known; see Verdict.
        contributions: what each part adds to the harm score.
        windows: parts that it was judged in; the worst of them is what is shown here.
        source, partition, offset: empty or None in a report of one tenant; see EscalatedLine.
        level: "escalate" or "urgent".
        threshold: the risk from which this slice of the traffic escalated that day; `policy` is what says so.
        language: a code such as "en"; "" where it is not known.
        signals: what other guards said of it in the log.
        tools_left_out: tool calls that are not shown.
        history: earlier verdicts, draws and votes.
    """

    triple_id: str
    tenant: str
    application: str | None
    user: str | None
    model: str | None
    format: str
    conversation_id: str | None
    turn: int
    response_id: str | None
    occurred_at: datetime | None
    scored_at: datetime
    source: str
    partition: int | None
    offset: int | None
    status: str
    judgment: str
    risk: float | None
    p_safe: float | None
    p_potentially_harmful: float | None
    p_harmful: float | None
    category: str
    category_source: str
    why: str
    stage: str | None
    contributions: Mapping[str, float]
    flags: tuple[str, ...]
    guard: str
    coverage: float
    windows: int
    images_seen: int
    images_total: int
    question: Text | None
    thinking: Text | None
    thinking_kind: str
    kind_source: str
    substitute: str
    answer: Text | None
    context: Text | None
    system_prompt: Text | None
    tools: tuple[CaseTool, ...]
    images: tuple[ImageRow, ...]
    warnings: tuple[str, ...]
    analysis: Text | None
    level: str = "escalate"
    threshold: float | None = None
    policy: str = ""
    language: str = ""
    signals: tuple[Signal, ...] = ()
    tools_left_out: int = 0
    history: History = field(default_factory=History)
