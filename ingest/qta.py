"""The types that flow: Record and Position in, QTATriple with its images out, Outcome for every record.

bytes --formats--> Exchange --normalize--> QTATriple --scorer--> Verdict --store--> report
  └----- anything that cannot go on -----> Rejection / Unscorable, never silence
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class ThinkingKind(StrEnum):
    """What the log holds of the model's thinking."""

    RAW = "raw"  # the full chain of thought
    SUMMARY = "summary"  # written by the provider in its place
    REDACTED = "redacted"  # there was thinking; only ciphertext or a signature is left
    ABSENT = "absent"  # nothing in the record; never "did not think"
    UNKNOWN = "unknown"  # text that may be raw or a summary


class KindSource(StrEnum):
    """How the thinking kind is known."""

    EXPLICIT = "explicit"  # the log says so
    MODEL_RULE = "model_rule"  # follows from format, block type and model
    ASSUMED = "assumed"


class Substitute(StrEnum):
    """What stands in where there is no thinking to read."""

    NONE = "none"
    PLAN = "plan"
    TOOL_CALLS = "tool_calls"


class Status(StrEnum):
    """Whether a triple is whole, and if not, what it lacks."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    ERROR = "error"
    CONTENT_NOT_CAPTURED = "content_not_captured"
    BLOCKED = "blocked"


class State(StrEnum):
    """The terminal state of a record: exactly one each."""

    SCORED = "scored"
    DUPLICATE = "duplicate"
    UNSCORABLE = "unscorable"
    REJECTED = "rejected"
    EMPTY = "empty"
    SHED = "shed"


class RefKind(StrEnum):
    """How a log refers to an image."""

    DATA = "data"
    BASE64 = "base64"
    HTTPS = "https"
    GS = "gs"
    S3 = "s3"
    FILE_ID = "file_id"
    PATH = "path"
    ATTACHMENT = "attachment"
    TOKEN = "token"  # noqa: S105 - a media token, not a secret


class Origin(StrEnum):
    """Who showed an image."""

    USER = "user"
    CONTEXT = "context"
    TOOL = "tool"
    MODEL_OUTPUT = "model_output"


class ImageReason(StrEnum):
    """Why an image could not be had."""

    NOT_FETCHED_POLICY = "not_fetched_policy"
    HOST_NOT_ALLOWED = "host_not_allowed"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    NOT_REACHABLE = "not_reachable"
    TIMEOUT = "timeout"
    EXPIRED_URL = "expired_url"
    NEEDS_CREDENTIALS = "needs_credentials"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    NOT_AN_IMAGE = "not_an_image"
    DECODE_ERROR = "decode_error"
    DECOMPRESSION_BOMB = "decompression_bomb"
    TRUNCATED_BY_LOGGER = "truncated_by_logger"
    REDACTED_BY_LOGGER = "redacted_by_logger"
    PROVIDER_FILE_ID = "provider_file_id"
    ATTACHMENT_MISSING = "attachment_missing"
    BAD_SHAPE = "bad_shape"
    BLOB_GONE = "blob_gone"  # kept once, and no longer in the blob store as it was


class Position(NamedTuple):
    """Where a record was read; a tuple, since one is made, compared and looked up for each record.

    Attributes:
        source: "kafka:<cluster id>/<topic>", "file:<absolute path>", or "stdin:<run id>".
        partition: Kafka partition; 0 for files.
        offset: Kafka offset; for files the number of the record, from 0.
    """

    source: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is still known of bytes that masking does not let go on: enough to find the record where it was read."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka message or one record of a file, as bytes.

    Attributes:
        folder: folder that relative image paths may point below; None for streams, which may not.
        withheld: set where masking took value, key and headers away.
    """

    position: Position
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None
    folder: str | None = None
    withheld: Withheld | None = None

    @property
    def n_bytes(self) -> int:
        """The size of the value as it was read."""
        return self.withheld.n_bytes if self.withheld else len(self.value)


@dataclass(frozen=True, slots=True)
class ImageCopy:
    """The first frame of an image as the guard's backends scale it further: RGB, upright, on white, never scaled up.

    Attributes:
        pixels: width times height times three bytes.
        max_pixels: the limit that it was made for.
    """

    width: int
    height: int
    pixels: bytes = field(repr=False)
    max_pixels: int


@dataclass(frozen=True, slots=True)
class ImageBlob:
    """An image whose bytes we have and could decode.

    Attributes:
        sha256: hex digest of the original bytes; its name in the blob store.
        media_type: as sniffed from the bytes, not as declared.
        width, height: pixels.
        data: the original bytes; empty where they were left behind in the blob store.
        copy: what the guard sees, decoded once when the image was checked; None where it has to be decoded again.
        stored_bytes: their number, where they were left behind.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    data: bytes = field(repr=False)
    ref_kind: RefKind = RefKind.BASE64
    origin: Origin = Origin.USER
    copy: ImageCopy | None = field(default=None, repr=False, compare=False)
    stored_bytes: int | None = None

    @property
    def n_bytes(self) -> int:
        """The size of the original."""
        return len(self.data) if self.stored_bytes is None else self.stored_bytes

    @property
    def is_left_behind(self) -> bool:
        """Whether only the blob store has its bytes."""
        return self.stored_bytes is not None

    def left_behind(self) -> "ImageBlob":
        """The same image without its bytes, for where they lie in the blob store and need not travel."""
        return replace(self, data=b"", stored_bytes=self.n_bytes, copy=None)


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """An image that the log shows or names and that we do not have."""

    reason: ImageReason
    ref_kind: RefKind
    origin: Origin = Origin.USER


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call of the turn with what it gave back."""

    name: str
    arguments: str
    result: str | None = None
    call_id: str | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class GuardSignal:
    """What another guard, whose word the log carries, said of this exchange; kept beside the triple, never a verdict.

    Attributes:
        guard: who says it, such as "openai.finish_reason", "gemini.block_reason" or "litellm.<guardrail name>".
        stage: what it looked at: "input", "output", or "unknown".
        verdict: "passed", "flagged", "masked", "blocked", "refused" or "failed" (the guard itself broke).
        categories: what it found, in its own words; never text of the log.
        score: in the guard's own scale; None where it gives none.
    """

    guard: str
    stage: str
    verdict: str
    categories: tuple[str, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class QTATriple:
    """One exchange to audit: what was asked, what the model thought, what it answered.

    Attributes:
        id: hex digest from the log's own identity: the same on every replay, mirror and twin span.
        status: complete, or what is missing.
        context: earlier turns as "role: text" lines, bounded by `ingest.max_context_chars`.
        question: the human text of this turn; None when the log holds none.
        thinking: every segment of the turn in order, joined by a blank line; None when there is none to read.
        answer: the final text; None when there is none.
        images: in the order shown to the model; failures keep their place.
        position: where it was first read.
        occurred_at: UTC; None when the log does not say.
        turn: number of this human message in its conversation, from 0.
        warnings: part types that were not understood, each once.
        guards: what other guards said of it, as far as the log tells.
        trace_id, span_id: as the log names it to those who trace it; None where it does not.
    """

    id: str
    status: Status
    question: str | None
    thinking: str | None
    thinking_kind: ThinkingKind
    answer: str | None
    position: Position
    kind_source: KindSource = KindSource.ASSUMED
    substitute: Substitute = Substitute.NONE
    images: tuple[ImageBlob | ImageFailure, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    system_prompt: str | None = None
    context: str = ""
    tenant: str = "default"
    application: str | None = None
    user: str | None = None
    model: str | None = None
    conversation_id: str | None = None
    turn: int = 0
    response_id: str | None = None
    occurred_at: datetime | None = None
    format: str = ""
    warnings: tuple[str, ...] = ()
    guards: tuple[GuardSignal, ...] = ()
    trace_id: str | None = None
    span_id: str | None = None

    @property
    def has_model_output(self) -> bool:
        """Whether there is anything that the model said, did or drew to judge."""
        drawn = any(image.origin is Origin.MODEL_OUTPUT and isinstance(image, ImageBlob) for image in self.images)
        return bool(self.thinking or self.answer or self.tool_calls or drawn)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot be read; it goes to the dead letters with its original bytes.

    Attributes:
        reason: one of a closed list of words, such as "not_json"; never log content.
        detail: for a person, without log content.
    """

    position: Position
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a record holds of one interaction whose other parts may come in other records.

    Attributes:
        key: the same for all parts of the interaction, such as a trace id or a session id.
        payload: what the format's `join` takes, one for each fragment of a key.
        closes: the log says that nothing of this interaction comes after it, such as the root span of a trace.
    """

    key: str
    payload: Any = field(repr=False)
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Normalized:
    """What one record became, before anything is scored.

    Exactly one of these holds: `rejection` is set; `triples` is not empty; `fragments` is not empty, and the record
    waits for the rest; `empty_reason` is set. One exception: a record that holds parts of several interactions, and is
    rejected for one of them, carries the triples of the others beside its rejection.

    Attributes:
        part_of: ids of triples that this record holds parts of, and that went with another record.
        because: the mark by which its format is known, and the envelopes around it; "" where no format is.
    """

    record: Record
    format: str | None
    triples: tuple[QTATriple, ...] = ()
    rejection: Rejection | None = None
    empty_reason: str | None = None
    fragments: tuple[Fragment, ...] = ()
    part_of: tuple[str, ...] = ()
    because: str = ""

    @property
    def n_bytes(self) -> int:
        """About the memory that it holds: the record as read, and images with the copies made of them."""
        held = self.record.n_bytes
        for triple in self.triples:
            images = (image for image in triple.images if isinstance(image, ImageBlob))
            held += sum(len(image.data) + (len(image.copy.pixels) if image.copy else 0) for image in images)
        return held


@dataclass(frozen=True, slots=True)
class Held:
    """A record that was read and waits for the rest of its interactions; its position is stored, its bytes are not.

    Attributes:
        closed: names of its interactions whose triples are out already, see `ingest.assembly.name_of`; read again
            after a crash, the record has no part in them.
        triple_ids: the triples of those.
    """

    closed: tuple[str, ...] = ()
    triple_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets that hold no record for us: compacted, a transaction marker, or retention overtook us.

    Attributes:
        first, last: inclusive offsets.
    """

    source: str
    partition: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What an engine hands over: records in the order in which they settled, and where each partition stands after it.

    Attributes:
        items: settled records: those just read, and those that were held in batches before.
        positions: (source, partition) -> the next offset to read once this batch is stored.
        starts: (source, partition) -> the first offset that was ever asked for; given for partitions new to the store.
        held: records that stay held: those just read, and those held before of which there is news.
    """

    items: tuple[Normalized, ...]
    positions: Mapping[tuple[str, int], int]
    starts: Mapping[tuple[str, int], int] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    held: Mapping[Position, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: its one terminal state, and the reason where it was not scored.

    Attributes:
        triple_ids: the triples that went with it, then those that it holds parts of.
    """

    position: Position
    state: State
    reason: str | None = None
    format: str | None = None
    triple_ids: tuple[str, ...] = ()
