"""What was done in one turn, told by several logs that repeat each other: each part once, in order."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.exchange import Image, Message, Part, Refusal, Role, Text, Thinking, ToolResult, ToolUse

Key = tuple[Hashable, int]
"""What a part says, and how many that say the same came before it in its log."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part, and the message that it came in."""

    part: Part
    message: Message


@dataclass(eq=False, slots=True)
class Timeline:
    """The parts of a turn.

    Logs are added in the order of their times. A part that is known marks a place; what a log has before that place
    and we do not know is put there, what it has behind all known ones goes to the end.

    Attributes:
        steps: in order, but for `before`.
        before: what came to be known later, by the place in `steps` that it goes before.
        places: where a known part is.
    """

    steps: list[Step] = field(default_factory=list)
    before: dict[int, list[Step]] = field(default_factory=dict)
    places: dict[Key, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, messages: Iterable[Message]) -> None:
        """Put in what is new of one log, which begins where the turn begins, or later."""
        seen: Counter[Hashable] = Counter()
        news: list[tuple[Key, Step]] = []
        for message in messages:
            for part in message.parts:
                said = key_of(part, message.role)
                seen[said] += 1
                key = (said, seen[said])
                if key not in self.places:
                    news.append((key, Step(part, message)))
                elif news:
                    self.put_before(self.places[key], news)
                    news = []
        for key, step in news:
            self.places[key] = len(self.steps)
            self.steps.append(step)

    def put_before(self, place: int, news: Iterable[tuple[Key, Step]]) -> None:
        """Put parts before the one at `place`."""
        for key, step in news:
            self.places[key] = place
            self.before.setdefault(place, []).append(step)

    def messages(self, start: int = 0, end: int | None = None) -> tuple[Message, ...]:
        """The messages from one place in `steps` to another."""
        places = range(start, len(self.steps) if end is None else end)
        return tuple(regrouped(step for place in places for step in (*self.before.get(place, ()), self.steps[place])))


def regrouped(steps: Iterable[Step]) -> Iterator[Message]:
    """The messages that parts came in, with those parts that are left of each."""
    message: Message | None = None
    parts: list[Part] = []
    for step in steps:
        if message is not None and step.message is not message:
            yield replace(message, parts=tuple(parts))
            parts = []
        message = step.message
        parts.append(step.part)
    if message is not None:
        yield replace(message, parts=tuple(parts))


def key_of(part: Part, role: Role) -> Hashable:
    """What is the same of a part in every log that repeats it: a call's id, else what it says, white space aside."""
    if isinstance(part, ToolUse):
        return ("use", part.call_id or (part.name, "".join(part.arguments.split())))
    if isinstance(part, ToolResult):
        return ("result", part.call_id or words(part.text))
    if isinstance(part, Thinking):
        return ("thinking", words(part.text or ""))
    if isinstance(part, Text | Refusal):
        return (role, words(part.text))
    return (type(part).__name__, part.data or part.path) if isinstance(part, Image) else ("unknown", part.type)


def words(text: str) -> str:
    """`text` with its white space made even."""
    return " ".join(text.split())


def ids_in(messages: Sequence[Message]) -> set[str]:
    """The ids of the tool calls, and of those that results are for, in `messages`."""
    return {
        part.call_id
        for message in messages
        for part in message.parts
        if isinstance(part, ToolUse | ToolResult) and part.call_id
    }
