"""A response's stream, however it was logged, becomes its events, one JSON object each.

data: {…}                             the text as it came over the wire, whole or in a list of lines
[{…}, {…}]                            events or chunks as objects
[{"event": "name", "data": {…}}, …]   with the names of the events beside them
[{"chunk": {"bytes": "…"}}, …]        Amazon Bedrock's InvokeModelWithResponseStream
"""

import binascii
from collections.abc import Iterator
from typing import Any

import orjson

from ingest.formats import sse
from ingest.formats.reading import Json, as_list, as_mapping, unquoted

STREAM_FIELDS = ("chunks", "events", "stream")  # of a response that keeps its stream beside other fields
WRAPPER_FIELDS = frozenset({"event", "data", "id", "retry", "type", "time", "timestamp", "index"})


def events_of(response: Any) -> Iterator[Json]:
    """The events in a response that is a text or a list; none where it is anything else."""
    items = sse.events_of(response) if isinstance(response, str) else as_list(response)
    if items and all(isinstance(item, str) for item in items):
        yield from lines_of(items)
        return
    for item in items:
        event = opened(item)
        if isinstance(event, dict):
            yield event


def lines_of(lines: list[str]) -> Iterator[Json]:
    """The events in lines: JSON each, or pieces of a server-sent event stream."""
    found = [unquoted(line) for line in lines]
    if any(isinstance(item, str) for item in found):
        found = sse.events_of("\n".join(lines))
    yield from (item for item in found if isinstance(item, dict))


def opened(item: Any) -> Any:
    """An event, out of what some loggers put around each."""
    item = unquoted(item)
    if not isinstance(item, dict):
        return item
    data = unquoted(item.get("data"))
    if isinstance(data, dict) and item.keys() <= WRAPPER_FIELDS:
        return data
    packed = as_mapping(item.get("chunk")).get("bytes")
    return unpacked(packed) if isinstance(packed, str) else item


def unpacked(packed: str) -> Any:
    """The JSON in base64 or, where the logger decoded it, in plain text; None where it is neither."""
    plain = unquoted(packed)
    if not isinstance(plain, str):
        return plain
    try:
        return orjson.loads(binascii.a2b_base64(packed))
    except ValueError:
        return None
