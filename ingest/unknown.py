"""What a record of no known format looks like, for a person, without its content; what to do about it where we know."""

from collections.abc import Mapping
from typing import Any

from ingest.envelopes.shipper import LINES, SHIPPERS

SAY_WHICH = "say which with ingest.format, or for this topic with a pin"
HALVES = {
    "request": ("request", "input", "messages", "prompt", "contents"),
    "response": ("response", "output", "completion", "choices", "answer"),
}


def shape_of(value: Any) -> str:
    """The shape of a record that no format claims."""
    if isinstance(value, list):
        return array_shape(value)
    if not isinstance(value, dict):
        return f"no object but a {type(value).__name__}"
    if isinstance(value.get("messages"), list):
        return f"messages without a response could be of several formats; {SAY_WHICH}"
    if SHIPPERS & value.keys() and any(isinstance(value.get(name), str) for name in LINES):
        return "a line of a log, as a shipper sends it, that is no JSON"
    return object_shape(value)


def array_shape(value: list[Any]) -> str:
    """The shape of an array that is not one of logs."""
    if any(isinstance(item, dict) and "role" in item for item in value):
        return f"an array of messages could be of several formats; {SAY_WHICH}"
    return f"an array of {len(value)} elements, not all of which are objects" if value else "an empty array"


def object_shape(value: Mapping[str, Any]) -> str:
    """The shape of an object."""
    there = [half for half, names in HALVES.items() if any(value.get(name) is not None for name in names)]
    seen = f"an object with {len(value)} keys"
    if len(there) == 1:
        lacking = "response" if there == ["request"] else "request"
        return f"{seen}, a {there[0]} of no known format and no {lacking}; a mapping file can say what is what"
    if there:
        return f"{seen}, request and response of no known format; a mapping file can say what is what"
    return f"{seen} and no mark of a known format"
