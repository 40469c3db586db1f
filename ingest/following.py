"""Which call of a model goes on from which: the one that answers to its tools, or repeats it and has more."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ingest.exchange import Exchange, Image, Message, Role, Scope, Text, ToolResult, ToolUse
from ingest.identity import is_unique
from ingest.timeline import ids_in, key_of, words
from ingest.turns import Turn, grouped, told_apart


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An exchange, looked through.

    Attributes:
        last: its last turn, without the answer of the choices.
        answer: what its first choice says.
    """

    exchange: Exchange
    last: Turn
    answer: tuple[Message, ...]

    @property
    def is_told(self) -> bool:
        """Whether the log has anything of what the model said or did."""
        return bool(self.answer) or (self.exchange.scope is Scope.ALL_TURNS and bool(self.last.steps))

    def turn(self) -> tuple[Message, ...]:
        """Everything after the question."""
        return (*self.last.steps, *self.answer)


def looked_through(exchange: Exchange) -> Call:
    """An exchange with its last turn."""
    drafts = grouped(tuple(told_apart(exchange.messages)))
    said = tuple(told_apart(exchange.choices[0].messages)) if exchange.choices else ()
    return Call(exchange, drafts[-1] if drafts else Turn(), named(said, exchange))


def named(messages: Iterable[Message], exchange: Exchange) -> tuple[Message, ...]:
    """An answer's messages under their call's name, which tells them from those of the calls beside it."""
    name = exchange.identity.response_id or exchange.identity.span_id or exchange.identity.message_id
    return tuple(replace(message, id=message.id or name) for message in messages)


def following(calls: Sequence[Call]) -> list[int | None]:
    """For each call the place of the one that goes on from it, which always is behind it; None where none does.

    One that says something comes before one that failed, and was tried again.
    """
    marks = [list(marks_of(call)) for call in calls]
    answered = index(marks, [place for place, call in enumerate(calls) if call.is_told])
    failed = index(marks, [place for place, call in enumerate(calls) if not call.is_told])
    found = []
    for place, call in enumerate(calls):
        ends = list(ends_of(call))
        later = (first_after(places.get(mark, ()), place) for places in (answered, failed) for mark in ends)
        found.append(next((one for one in later if one is not None), None))
    return found


def index(marks: Sequence[Iterable[Hashable]], places: Iterable[int]) -> dict[Hashable, list[int]]:
    """Where each mark is, in order."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for place in places:
        for mark in marks[place]:
            found[mark].append(place)
    return found


def first_after(places: Sequence[int], place: int) -> int | None:
    """The first of `places` behind `place`."""
    at = bisect_right(places, place)
    return places[at] if at < len(places) else None


def ends_of(call: Call) -> Iterator[Hashable]:
    """What the call that goes on from this one has among its marks, the surest first."""
    for choice in call.exchange.choices:
        yield from (("tool", call_id) for call_id in open_in(choice.messages))
    if call.answer and (call.last.asked or call.last.steps):
        *_, before = beginnings(call.last.log)
        yield ("after", before.so_far, mark_of(call.answer))
    yield from response_of(call)


def open_in(messages: Sequence[Message]) -> list[str]:
    """The ids of the tool calls that have no result yet, in order."""
    parts = [part for message in messages for part in message.parts]
    closed = {part.call_id for part in parts if isinstance(part, ToolResult)}
    uses = [part for part in parts if isinstance(part, ToolUse) and not part.by_provider]
    return [use.call_id for use in uses if use.call_id and use.call_id not in closed]


def marks_of(call: Call) -> Iterator[Hashable]:
    """What the calls that this one goes on from end in: ids of tools, and what its last turn begins with."""
    yield from (("tool", call_id) for call_id in ids_in(call.last.steps))
    so_far = 0
    for beginning in beginnings(call.last.log) if call.last.steps else ():
        if beginning.role is Role.ASSISTANT and beginning.start >= call.last.start:
            yield ("after", so_far, beginning.said)
        so_far = beginning.so_far
    yield from response_of(call)


def response_of(call: Call) -> Iterator[tuple[Hashable, ...]]:
    """The response's id, which a call that is logged twice has twice; not those that small servers use again."""
    response_id = call.exchange.identity.response_id
    if response_id and is_unique(("response", response_id)):
        yield ("response", response_id)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A log up to the end of one run of messages in one role.

    Attributes:
        start: place in the log where the run begins.
        said: what the run says.
        so_far: stands for everything up to its end.
    """

    role: Role
    start: int
    said: Hashable
    so_far: int


def beginnings(log: Sequence[Message]) -> Iterator[Beginning]:
    """Each beginning of a log; the system's messages, which may change from call to call, are left out."""
    so_far = 0
    spoken = ((place, message) for place, message in enumerate(log) if message.role is not Role.SYSTEM)
    for role, run in groupby(spoken, key=lambda placed: placed[1].role):
        placed = list(run)
        said = mark_of(message for _, message in placed)
        so_far = hash((so_far, role, said))
        yield Beginning(role, placed[0][0], said, so_far)


def mark_of(run: Iterable[Message]) -> Hashable:
    """What a run of messages says, however it is cut up; thinking is left out, as in most histories."""
    texts: list[str] = []
    others: list[Hashable] = []
    for message in run:
        for part in message.parts:
            if isinstance(part, Text):
                texts.append(words(part.text))
            elif isinstance(part, ToolUse):
                others.append(part.name)
            elif isinstance(part, Image):
                others.append(key_of(part, message.role))
    return (" ".join(filter(None, texts)), tuple(others))
