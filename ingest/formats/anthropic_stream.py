"""Events of an Anthropic stream become the message they add up to.

Source: anthropic-sdk-python lib/streaming/_messages.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.formats.reading import Json, mapping, unquoted

# Type of a delta -> the field of its block that it makes longer; citations and other deltas carry nothing we read.
GROWS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}


def assembled(events: Iterable[Json]) -> dict[str, Any]:
    """The message, its blocks in order: no `stop_reason` where the stream was cut off, `error` where it failed."""
    message: dict[str, Any] = {}
    starts: dict[int, Json] = {}
    deltas: dict[int, list[Json]] = defaultdict(list)
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = dict(mapping(event.get("message"), "message_start.message"))
        elif kind == "content_block_start":
            starts[place(event)] = mapping(event.get("content_block"), "content_block")
        elif kind == "content_block_delta":
            deltas[place(event)].append(mapping(event.get("delta"), "delta"))
        elif kind == "message_delta":
            message |= mapping(event.get("delta"), "message_delta.delta")
        elif kind == "error":
            message["error"] = event.get("error") or "error"
    places = sorted(starts.keys() | deltas.keys())
    return message | {"content": [block_from(starts.get(at, {}), deltas.get(at, ())) for at in places]}


def place(event: Json) -> int:
    """Number of the block that an event is about."""
    return int(event.get("index") or 0)


def block_from(start: Json, deltas: Sequence[Json]) -> dict[str, Any]:
    """A block from its start, which a log may lack, and its deltas; input that was cut off stays text."""
    block = dict(start)
    for kind, name in GROWS.items():
        pieces = [str(delta.get(name) or "") for delta in deltas if delta.get("type") == kind]
        if pieces:
            block.setdefault("type", name)
            block[name] = str(block.get(name) or "") + "".join(pieces)
    written = block.pop("partial_json", None)
    return block | {"input": unquoted(written)} if written else block
