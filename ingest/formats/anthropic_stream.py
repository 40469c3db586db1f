"""Events of an Anthropic stream become the message they add up to.

Source: anthropic-sdk-python lib/streaming/_messages.py.
"""

from collections.abc import Iterable
from typing import Any

from ingest.formats.reading import Json, mapping, unquoted

# Field of a delta -> field of the block that it makes longer.
GROWS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}


def assembled(events: Iterable[Json]) -> dict[str, Any]:
    """The message, its blocks in order: no `stop_reason` where the stream was cut off, `error` where it failed."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = dict(mapping(event.get("message"), "message_start.message"))
        elif kind == "content_block_start":
            blocks[place(event)] = dict(mapping(event.get("content_block"), "content_block"))
        elif kind == "content_block_delta":
            grow(blocks.setdefault(place(event), {}), mapping(event.get("delta"), "delta"))
        elif kind == "message_delta":
            message |= mapping(event.get("delta"), "message_delta.delta")
        elif kind == "error":
            message["error"] = event.get("error") or "error"
    return message | {"content": [finished(block) for _, block in sorted(blocks.items())]}


def place(event: Json) -> int:
    """Number of the block that an event is about."""
    return int(event.get("index") or 0)


def grow(block: dict[str, Any], delta: Json) -> None:
    """Add a delta to its block; citations and other kinds carry nothing that we read."""
    name = GROWS.get(str(delta.get("type")))
    if name is None:
        return
    block.setdefault("type", name)  # the start of the block may be missing from a log
    block[name] = (block.get(name) or "") + str(delta.get(name) or "")


def finished(block: dict[str, Any]) -> dict[str, Any]:
    """The block with its input decoded; input that was cut off stays text."""
    written = block.pop("partial_json", None)
    return block | {"input": unquoted(written)} if written else block
