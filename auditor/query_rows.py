"""The typed rows that the queries of reports give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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
class ScorerRow:
    """What verdicts of a period were made with; `verdicts` counts all, also those that a later one replaced.

    Attributes:
        since: when the first of them was made, UTC.
    """

    model_id: str
    model_revision: str
    prompt_hash: str
    decoding: str
    backend: str
    version: str
    policy_version: str
    verdicts: int
    since: datetime | None = None


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
        votes: of reviewers, in the whole database; in a report of one tenant on its exchanges, and then `n_reviews` and
            `n_harmful` are None, since they are of all tenants.
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
