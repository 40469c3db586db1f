"""What a format's parser gives: messages and their parts, provider-neutral.

A parser only maps fields. Which message is the question, what thinking belongs to which turn, how ids are made and
whether an image can be had is decided once, for all formats, by `normalize` and the modules it calls.

    Exchange ── messages ── Message ── parts: Text | Thinking | Image | ToolUse | ToolResult | Refusal | Unknown
             └─ choices ─── Choice ─── messages
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingest.qta import GuardSignal, ImageReason, RefKind, Status, ThinkingKind


class Role(StrEnum):
    """Who speaks, under the names of the widest used format."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Scope(StrEnum):
    """Which turns of an exchange are its own."""

    LAST_TURN = "last_turn"  # a request repeats the turns before, and they had records of their own
    ALL_TURNS = "all_turns"  # a transcript: this is the only record there is


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is shown to somebody; `<think>` tags may still be in it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """One segment of thinking, or the trace that there was some.

    Attributes:
        text: None where only ciphertext or a signature is left, which are never text.
        kind: set where the log says it; None leaves it to the rules of `ingest.thinking`.
        fallback: the kind where the model is not known either; what this kind of field usually holds.
    """

    text: str | None
    kind: ThinkingKind | None = None
    fallback: ThinkingKind = ThinkingKind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the log refers to it, not looked at yet.

    Attributes:
        data: data URL, base64 text or bytes, or the link or id itself.
        media_type: what the log claims it is.
        path: for RefKind.PATH.
        failure: set where the log itself says that the image is lost.
    """

    ref_kind: RefKind
    data: str | bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    path: str | None = None
    failure: ImageReason | None = None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call by the model.

    Attributes:
        arguments: as JSON text, or as the log has them.
        by_provider: run inside the provider (web search, code), so that it does not end the model's answer.
    """

    name: str
    arguments: str
    call_id: str | None = None
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back.

    Attributes:
        unknown: types of the parts that the parser does not know.
    """

    text: str
    call_id: str | None = None
    is_error: bool = False
    images: tuple[Image, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal in a field of its own; it is the answer where there is no other."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of a type that the parser does not know: named in the triple's warnings, never lost in silence."""

    type: str


Part = Text | Thinking | Image | ToolUse | ToolResult | Refusal | Unknown


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        synthetic: written by a program under role user, such as a compaction summary: not a question.
        id: the log's own name for it; of a model's message the response id. In a transcript it names the turn.
        model: that wrote it, where a transcript says so for each message.
        at: when it was written; UTC.
    """

    role: Role
    parts: tuple[Part, ...]
    synthetic: bool = False
    id: str | None = None
    model: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of the model to the messages before it, with the tool steps inside it if the log has them."""

    messages: tuple[Message, ...]
    status: Status = Status.COMPLETE
    index: int = 0
    guards: tuple[GuardSignal, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """Whose interaction this was, as far as the log says.

    Attributes:
        user: as logged; only its pseudonym leaves `normalize`.
        occurred_at: UTC.
    """

    tenant: str | None = None
    application: str | None = None
    user: str | None = None
    conversation_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The log's own names for this interaction, best first; see `ingest.identity`."""

    response_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One logged interaction.

    Attributes:
        messages: everything before the answer; in a transcript, everything.
        choices: the answers; several with n > 1. Empty in a transcript, and where the provider failed.
        status: of an exchange without choices.
        turn: number of the last human message, where the log says it; None: it is counted.
        warnings: what else the parser saw and could not use, each a short word without log content.
        guards: what other guards said of the whole call; those that speak of one answer stand with their Choice.
    """

    messages: tuple[Message, ...]
    choices: tuple[Choice, ...] = ()
    scope: Scope = Scope.LAST_TURN
    status: Status = Status.COMPLETE
    model: str | None = None
    labels: Labels = field(default_factory=Labels)
    identity: Identity = field(default_factory=Identity)
    turn: int | None = None
    warnings: tuple[str, ...] = ()
    guards: tuple[GuardSignal, ...] = ()


def image_from_url(url: str, media_type: str | None = None) -> Image:
    """The image behind what a log has in a field for a URL: a data URL, a link, a path, or base64 without a head."""
    scheme = url[:16].partition(":")[0].lower()
    if scheme in SCHEMES and ":" in url[:16]:
        return Image(SCHEMES[scheme], url, media_type)
    if len(url) > LONGEST_PATH:
        return Image(RefKind.BASE64, url, media_type)
    return Image(RefKind.PATH, media_type=media_type, path=url)


LONGEST_PATH = 1024
SCHEMES = {
    "data": RefKind.DATA,
    "https": RefKind.HTTPS,
    "http": RefKind.HTTPS,
    "gs": RefKind.GS,
    "s3": RefKind.S3,
    "attachment": RefKind.ATTACHMENT,
}


def result_of(parts: Iterable[Part], call_id: str | None, *, is_error: bool = False) -> ToolResult:
    """A tool's result from the parts in it."""
    held = tuple(parts)
    return ToolResult(
        text="\n".join(part.text for part in held if isinstance(part, Text)),
        call_id=call_id,
        is_error=is_error,
        images=tuple(part for part in held if isinstance(part, Image)),
        unknown=tuple(part.type for part in held if isinstance(part, Unknown)),
    )


def joined(texts: Iterable[str]) -> str | None:
    """Texts joined by a blank line; None where there is none."""
    return "\n\n".join(text.strip() for text in texts) or None


def texts_of(parts: Iterable[Part]) -> list[str]:
    """The texts among `parts` that are not blank."""
    return [part.text for part in parts if isinstance(part, Text) and part.text.strip()]
