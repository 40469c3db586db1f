"""Events of Amazon Bedrock's ConverseStream become the response they add up to.

Source: botocore data/bedrock-runtime, `ConverseStreamOutput`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.formats.reading import Json, as_list, as_mapping, either, mapping, unquoted

START, DELTA, STOP, METADATA = "contentBlockStart", "contentBlockDelta", "messageStop", "metadata"
EVENTS = ("messageStart", START, DELTA, STOP)


def assembled(events: Iterable[Json]) -> dict[str, Any]:
    """The response: no `stopReason` where the stream was cut off, `error` where it failed."""
    response: dict[str, Any] = {}
    starts: dict[int, Json] = {}
    deltas: dict[int, list[Json]] = defaultdict(list)
    for event in events:
        if start := either(event, START):
            starts[place(start)] = as_mapping(mapping(start, START).get("start"))
        elif delta := either(event, DELTA):
            deltas[place(delta)].append(as_mapping(mapping(delta, DELTA).get("delta")))
        elif ended := either(event, STOP) or event.get(METADATA):
            response |= mapping(ended, STOP)
        elif failed := [name for name in event if name.endswith(("Exception", "_exception"))]:
            response["error"] = failed[0]
    places = sorted(starts.keys() | deltas.keys())
    content = [block_from(starts.get(at, {}), deltas.get(at, ())) for at in places]
    return response | {"output": {"message": {"role": "assistant", "content": content}}}


def place(event: Any) -> int:
    """Number of the block that an event is about."""
    return int(either(mapping(event, "event"), "contentBlockIndex") or 0)


def block_from(start: Json, deltas: Sequence[Json]) -> dict[str, Any]:
    """A block from its start, which only tools and images have, and its deltas; input that was cut off stays text."""
    calls = [as_mapping(found) for part in (start, *deltas) if (found := either(part, "toolUse"))]
    if calls:
        written = joined(call.get("input") for call in calls)
        return {"toolUse": {**calls[0], "input": unquoted(written)}}
    results = [found for part in (start, *deltas) if (found := either(part, "toolResult"))]
    if results:
        content = [block for found in results for block in as_list(found)]
        return {"toolResult": {**as_mapping(results[0]), "content": content}}
    thoughts = [as_mapping(found) for delta in deltas if (found := either(delta, "reasoningContent"))]
    if thoughts:
        said = joined(thought.get("text") for thought in thoughts)
        return {"reasoningContent": {"reasoningText": {"text": said}}}
    if any(isinstance(delta.get("text"), str) for delta in deltas):
        return {"text": joined(delta.get("text") for delta in deltas)}
    return {name: value for part in (start, *deltas) for name, value in part.items()}


def joined(pieces: Iterable[Any]) -> str:
    """The texts among `pieces` as one."""
    return "".join(piece for piece in pieces if isinstance(piece, str))
