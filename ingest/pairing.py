"""Which result of a tool belongs to which call: by id, else by name, else in order."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence

from ingest.exchange import Part, ToolResult, ToolUse
from ingest.qta import ToolCall


def paired(parts: Sequence[Part]) -> Iterator[ToolCall]:
    """Tool calls with their results: by call id or name, else in order.

    A result that belongs to no call before it, because the log begins behind it, is kept under no name.
    """
    named: dict[str, list[ToolResult]] = defaultdict(list)
    for part in parts:
        if isinstance(part, ToolResult) and part.call_id:
            named[part.call_id].append(part)
    uses = [part for part in parts if isinstance(part, ToolUse)]
    waiting = Counter(key for use in uses for key in keys_of(use))
    found: list[Sequence[ToolResult]] = []
    for use in uses:
        own = next((held for key in keys_of(use) if (held := under(named, key, is_last=waiting[key] == 1))), [])
        waiting.subtract(keys_of(use))
        found.append(own)
    left = in_order(parts, found)
    yield from (called(use.name, use.arguments, use.call_id, own) for use, own in zip(uses, found, strict=True))
    yield from (called("", "", result.call_id, [result]) for result in left)


def in_order(parts: Sequence[Part], found: list[Sequence[ToolResult]]) -> list[ToolResult]:
    """Give each result that no call's id or name claims to the first call before it that has none; what is left."""
    claimed = {id(result) for own in found for result in own}
    open_calls: deque[int] = deque()
    left: list[ToolResult] = []
    n_uses = 0
    for part in parts:
        if isinstance(part, ToolUse):
            open_calls.extend([] if found[n_uses] else [n_uses])
            n_uses += 1
        elif isinstance(part, ToolResult) and id(part) not in claimed:
            if open_calls:
                found[open_calls.popleft()] = [part]
            else:
                left.append(part)
    return left


def keys_of(use: ToolUse) -> tuple[str, ...]:
    """What a call's results may stand under: its id, else its name."""
    return (*([use.call_id] if use.call_id and use.call_id != use.name else []), use.name)


def under(named: dict[str, list[ToolResult]], key: str, *, is_last: bool) -> list[ToolResult]:
    """The results under an id or a name, which several calls may share: the last of these gets all that are left."""
    held = named.pop(key, [])
    if not is_last and held[1:]:
        named[key] = held[1:]
        return held[:1]
    return held


def called(name: str, arguments: str, call_id: str | None, results: Sequence[ToolResult]) -> ToolCall:
    """One call with all that came back for it."""
    text = "\n".join(result.text for result in results) if results else None
    return ToolCall(name, arguments, text, call_id, any(result.is_error for result in results))
