"""The typed rows that the queries of reports give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.verdict import Judgment


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A partition's share of a day.

    Attributes:
        first, end: the offsets that the day answers for, `end` not included.
        states: terminal state -> records.
        gap_offsets: offsets that are known to hold no record.
        brought: records among `states` that were read on a day before, and held until this one.
        left_over: records read that day that were held at its end.
    """

    source: str
    partition: int
    first: int
    end: int
    states: Mapping[str, int]
    gap_offsets: int
    brought: int
    left_over: int


@dataclass(frozen=True, slots=True)
class UnjudgedRow:
    """Records that were read and not judged; `reason` is empty where none was kept."""

    state: str
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One record that was read and not judged; `detail` comes with the dead letter, if there is one."""

    source: str
    partition: int
    offset: int
    state: str
    reason: str
    format: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What a report counts of one triple: no texts, so that a million of them fit."""

    triple_id: str
    judgment: Judgment | None
    risk: float | None
    unscorable_reason: str | None
    p_safe: float | None
    p_potentially_harmful: float | None
    p_harmful: float | None
    category: str
    coverage: float
    windows: int
    images_seen: int
    images_total: int
    scored_at: datetime
    tenant: str
    application: str | None
    thinking_kind: str
    status: str
    source: str
    partition: int
    offset: int
    occurred_at: datetime | None
    stage: str | None
    flags: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScorerRow:
    """What verdicts of the day were made with; `verdicts` counts all, also those that a later one replaced."""

    model_id: str
    model_revision: str
    prompt_hash: str
    decoding: str
    backend: str
    version: str
    policy_version: str
    verdicts: int


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """Stored triples that were judged once more on a day; they are not of its traffic.

    Attributes:
        first, last: when the triples were stored, UTC.
    """

    model_id: str
    model_revision: str
    prompt_hash: str
    decoding: str
    backend: str
    verdicts: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """What gave the day's verdicts of one guard and mode their risks.

    Attributes:
        calibration: its id; "identity" where the risk is the score itself, and then the rest of it is None.
        votes: of reviewers, in the whole database.
        verdicts: those with a risk.
    """

    model_id: str
    model_revision: str
    mode: str
    calibration: str
    method: str | None
    n_reviews: int | None
    n_harmful: int | None
    fitted_at: datetime | None
    votes: int
    verdicts: int


@dataclass(frozen=True, slots=True)
class ImageFailureRow:
    """Images that the logs name and that the guard could not see."""

    reason: str
    images: int
    triples: int


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image of a case: its hash, or the reason why there is none."""

    triple_id: str
    origin: str
    sha256: str | None
    media_type: str | None
    width: int | None
    height: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """The texts of one triple, and what its verdict says in words."""

    triple_id: str
    user_id: str | None
    model: str | None
    format: str
    conversation_id: str | None
    turn: int
    response_id: str | None
    system_prompt: str | None
    context: str
    question: str | None
    thinking: str | None
    kind_source: str
    substitute: str
    answer: str | None
    tool_calls: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    analysis: str
    category_source: str
    guard_id: str
    guard_revision: str
    mode: str
    contributions: Mapping[str, float]
