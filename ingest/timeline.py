"""What was done in one turn, told by several logs that repeat each other: each part once, in order."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.exchange import Image, Message, Part, Refusal, Role, Text, Thinking, ToolResult, ToolUse

Said = tuple[Hashable, ...]
"""What a part says."""

Key = tuple[Said, int]
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

    def add(self, messages: Iterable[Message], *, to_end: bool = True) -> None:
        """Put in what is new of one log, which begins where the turn begins, or later.

        Args:
            messages: the log's.
            to_end: whether what it has behind all that is known is put in too.
        """
        seen: Counter[Said] = Counter()
        news: list[tuple[list[Key], Step]] = []
        for message in messages:
            for part in message.parts:
                said = keys_of(part, message.role)
                seen.update(said)
                keys = [(each, seen[each]) for each in said]
                known = next((self.places[key] for key in self.looked_for(part, keys) if key in self.places), None)
                if known is None:
                    news.append((keys, Step(part, message)))
                elif news:
                    self.put_before(known, news)
                    news = []
        for keys, step in news if to_end else ():
            self.places.update(dict.fromkeys(keys, len(self.steps)))
            self.steps.append(step)

    def looked_for(self, part: Part, keys: list[Key]) -> list[Key]:
        """The keys under which a part may be known: where its call is, a result that says the same is another's."""
        if not isinstance(part, ToolResult) or not part.call_id:
            return keys
        if (("use", part.call_id), 1) not in self.places:
            return keys
        return [(("unnamed", *said[1:]), n) if said[0] == "says" else (said, n) for said, n in keys]

    def put_before(self, place: int, news: Iterable[tuple[list[Key], Step]]) -> None:
        """Put parts before the one at `place`."""
        for keys, step in news:
            self.places.update(dict.fromkeys(keys, place))
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


def keys_of(part: Part, role: Role) -> list[Said]:
    """What is the same of a part in every log that repeats it, the surest first.

    A result goes by its call's id; as some logs leave that out, by what it says too.
    """
    if not isinstance(part, ToolResult):
        return [key_of(part, role)]
    said = ("says", words(part.text))
    return [("result", part.call_id), said] if part.call_id else [said, ("unnamed", words(part.text))]


def key_of(part: Part, role: Role) -> Said:
    """A call's id, else what the part says, white space aside."""
    if isinstance(part, ToolUse):
        return ("use", part.call_id or (part.name, "".join(part.arguments.split())))
    if isinstance(part, Thinking):
        return ("thinking", words(part.text or ""))
    if isinstance(part, Text | Refusal):
        return (role, words(part.text))
    if isinstance(part, ToolResult):
        return ("result", part.call_id or words(part.text))
    return ("image", part.data or part.path) if isinstance(part, Image) else ("unknown", part.type)


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
