"""A turn becomes a QTATriple: texts joined, thinking assembled, tool calls paired, images looked at, names made."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TypeVar

from conf.schema import Ingest
from ingest.exchange import (
    Exchange,
    Identity,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Scope,
    Text,
    Thinking,
    ToolResult,
    Unknown,
    joined,
    texts_of,
)
from ingest.identity import pseudonym, triple_id
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.masking import Mask, masked
from ingest.metadata import without_metadata
from ingest.pairing import paired
from ingest.privacy import Privacy
from ingest.qta import (
    ImageBlob,
    ImageFailure,
    ImageReason,
    Origin,
    Position,
    QTATriple,
    Status,
    Substitute,
    ThinkingKind,
    ToolCall,
)
from ingest.thinking import Assembled, assemble
from ingest.turns import Turn, parts_of

PLAN_TOOLS = {"update_plan", "todowrite", "todo_write", "write_todos", "create_plan", "plan", "make_plan"}
MAX_CONTEXT_MESSAGES = 200  # a transcript of thousands of short turns repeats them beside each of its triples
LONGEST_FIND = 400  # characters that personal data has at most, for texts that are cut
T = TypeVar("T")
HIDDEN_THINKING = "hidden_reasoning_tokens"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a record is read: where it came from, and what the configuration and its envelope add.

    Attributes:
        images: gives the images that the log refers to.
        tenant: of an exchange that names none.
        privacy: what is kept of the people in it.
        folder: where relative image paths may point below; None for streams.
    """

    position: Position
    format: str
    ingest: Ingest
    images: Resolver
    tenant: str
    privacy: Privacy
    folder: str | None


def triple_of(exchange: Exchange, turn: Turn, reading: Reading) -> QTATriple:
    """The triple of one turn."""
    model = last_of(message.model for message in turn.done) or exchange.model
    thinking = assemble((part for part in parts_of(turn.done) if isinstance(part, Thinking)), model)
    calls = tuple(paired(parts_of(turn.done)))
    question, answer = asked(turn), said(turn)
    tenant = exchange.labels.tenant or reading.tenant
    mask = reading.privacy.masks.of(tenant)
    content = [
        question or "",
        thinking.text or "",
        answer or "",
        *(f"{c.name}{c.arguments}" for c in calls),
        *(mark(image) for image, _ in images_in(turn)),
    ]
    identity, place = named(exchange, turn)
    user = exchange.labels.user
    triple = QTATriple(
        id=triple_id(tenant, identity, place, content),
        status=turn.status,
        question=question,
        thinking=thinking.text,
        thinking_kind=thinking.kind,
        answer=answer,
        position=reading.position,
        kind_source=thinking.source,
        substitute=substitute(thinking, calls),
        images=tuple(map(without_metadata, shown(turn, reading)) if mask else shown(turn, reading)),
        tool_calls=calls,
        system_prompt=turn.system_prompt,
        context=context(turn, reading.ingest.max_context_chars, mask),
        tenant=tenant,
        application=exchange.labels.application,
        user=pseudonym(user, reading.privacy.user_key) if user else None,
        model=model,
        conversation_id=exchange.labels.conversation_id,
        turn=turn.number if exchange.turn is None else exchange.turn,
        response_id=identity.response_id or exchange.identity.response_id,
        occurred_at=last_of(message.at for message in turn.asked) or exchange.labels.occurred_at,
        format=reading.format,
        warnings=warnings(exchange, turn, thinking),
        guards=(*exchange.guards, *turn.guards),
        trace_id=exchange.identity.trace_id,
        span_id=exchange.identity.span_id,
    )
    return masked(triple, mask, reading.privacy.masks.alias) if mask else triple


def named(exchange: Exchange, turn: Turn) -> tuple[Identity, tuple[int, ...]]:
    """Whose name the triple goes by, and its place under that name.

    A turn of a transcript goes by the model's last message in it, where that has a name: the same when the log is read
    again after it grew, in a copy of it, and, where the name is a response id, in a gateway's log of that response. A
    turn that went on after it was read ends in another message, and is another triple. A call without its content
    leaves the response's name to whoever has the content.
    """
    step = () if turn.step is None else (turn.step,)
    own = last_of(message.id for message in turn.done) if exchange.scope is Scope.ALL_TURNS else None
    if own:
        return Identity(response_id=own), (0, turn.choice, *step)
    identity = exchange.identity
    if turn.status is Status.CONTENT_NOT_CAPTURED and not turn.done and identity.span_id:
        identity = replace(identity, response_id=None)
    return identity, (turn.number if exchange.scope is Scope.ALL_TURNS else 0, turn.choice, *step)


def last_of(values: Iterable[T | None]) -> T | None:
    """The last of `values` that is there."""
    found = None
    for value in values:
        found = value or found
    return found


def asked(turn: Turn) -> str | None:
    """The human text of the turn."""
    return joined("\n".join(texts_of(message.parts)) for message in turn.asked if texts_of(message.parts))


def said(turn: Turn) -> str | None:
    """The answer's text, or the refusal where there is no other."""
    parts = parts_of(turn.answer)
    return joined(runs(parts)) or joined(part.text for part in parts if isinstance(part, Refusal))


def runs(parts: Iterable[Part]) -> Iterator[str]:
    """Texts of an answer; those that stand side by side are pieces of one, split at citations."""
    run = ""
    for part in parts:
        if isinstance(part, Text):
            run += part.text
        elif run.strip():
            yield run
            run = ""
    if run.strip():
        yield run


def shown(turn: Turn, reading: Reading) -> Iterator[ImageBlob | ImageFailure]:
    """The turn's images in the order shown; beyond the limit they are counted, not looked at."""
    for place, (image, origin) in enumerate(images_in(turn)):
        if place >= reading.images.limits.max_per_triple:
            yield ImageFailure(ImageReason.TOO_MANY, image.ref_kind, origin)
        elif image.failure:
            yield ImageFailure(image.failure, image.ref_kind, origin)
        else:
            reference = ImageRef(image.ref_kind, origin, image.data, image.media_type, image.path)
            yield reading.images.resolve(reference, reading.folder)


def images_in(turn: Turn) -> Iterator[tuple[Image, Origin]]:
    """The images of a turn, each with who showed it."""
    for part in parts_of((*turn.asked, *(turn.done if turn.step is None else answered_to(turn.whole, turn.since)))):
        if isinstance(part, ToolResult):
            yield from ((image, Origin.TOOL) for image in part.images)
    for messages, origin in ((turn.asked, Origin.USER), (turn.done, Origin.MODEL_OUTPUT)):
        yield from ((part, origin) for part in parts_of(messages) if isinstance(part, Image))


def answered_to(whole: Sequence[Message], since: int) -> Sequence[Message]:
    """The messages between a step and the model's last before it: what tools gave back, which the step is about."""
    start = since
    while start and whole[start - 1].role is not Role.ASSISTANT:
        start -= 1
    return whole[start:since]


def mark(image: Image) -> str:
    """What stands for an image in an id made from content: what the log wrote, whether or not we could get at it.

    A path can be followed from a file and not from a topic; the triple is the same.
    """
    written = image.data or image.path or ""
    return hashlib.sha256(written.encode() if isinstance(written, str) else written).hexdigest()


def substitute(thinking: Assembled, calls: Sequence[ToolCall]) -> Substitute:
    """What stands in for thinking that cannot be read."""
    if thinking.text or not calls:
        return Substitute.NONE
    return Substitute.PLAN if any(call.name.lower() in PLAN_TOOLS for call in calls) else Substitute.TOOL_CALLS


def context(turn: Turn, max_chars: int, mask: Mask | None) -> str:
    """Earlier turns, and what was said between this turn's tool calls, as "role: text" lines; the last `max_chars`."""
    earlier = (turn.log[place] for place in range(turn.start - 1, -1, -1))
    lines: list[str] = []
    room = max_chars
    stepped = (turn.whole[place] for place in range(turn.since - 1, -1, -1))
    latest_first = chain(reversed(turn.steps), stepped, earlier)
    for line in filter(None, map(spoken, islice(latest_first, MAX_CONTEXT_MESSAGES))):
        if room <= 0:
            break
        lines.append(head_of(line, room, mask))
        room -= len(line) + 1
    return "\n".join(reversed(lines))


def head_of(text: str, n_chars: int, mask: Mask | None) -> str:
    """The beginning of a text, masked as in the whole text, without looking through all of it."""
    if mask is None:
        return text[:n_chars]
    window = text[: n_chars + LONGEST_FIND]
    shown = mask(window)
    return (shown[:-LONGEST_FIND] if len(window) < len(text) else shown)[:n_chars]


def spoken(message: Message) -> str:
    """What a message says as one "role: text", tool results included, thinking left out; "" when it says nothing."""
    results = [part.text for part in message.parts if isinstance(part, ToolResult)] if message.role is Role.TOOL else []
    text = "\n".join([*texts_of(message.parts), *results]).strip()
    return f"{message.role}: {text}" if text and message.role is not Role.SYSTEM else ""


def warnings(exchange: Exchange, turn: Turn, thinking: Assembled) -> tuple[str, ...]:
    """What was there and not understood, each once; hidden thinking only where none is in the log."""
    parts = parts_of((*turn.asked, *turn.done))
    unknown = [part.type for part in parts if isinstance(part, Unknown)]
    unknown += [word for part in parts if isinstance(part, ToolResult) for word in part.unknown]
    told = (word for word in exchange.warnings if word != HIDDEN_THINKING or thinking.kind is ThinkingKind.ABSENT)
    return tuple(dict.fromkeys((*unknown, *told)))
