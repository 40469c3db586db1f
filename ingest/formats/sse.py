"""A server-sent event stream as text becomes its JSON events.

Source: WHATWG HTML, "9.2.6 Interpreting an event stream".
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

DONE = "[DONE]"
LINE_END = re.compile(r"\r\n|\r|\n")  # splitlines() would also split at U+2028, which JSON may hold as it is


def events_of(stream: str) -> list[Any]:
    """The data of each event, decoded; comments, `[DONE]` and events that are cut off are left out."""
    return [event for data in blocks_of(stream) for event in decoded(data)]


def blocks_of(stream: str) -> Iterator[str]:
    """The data lines of each event, joined; events end at a blank line."""
    lines: list[str] = []
    for line in LINE_END.split(stream):
        field, _, value = line.partition(":")
        if field == "data":
            lines.append(value.removeprefix(" "))
        elif not line.strip() and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def decoded(data: str) -> Iterator[Any]:
    """The JSON of one event; loggers that drop blank lines leave several events in one, a line each."""
    try:
        yield orjson.loads(data)
    except orjson.JSONDecodeError:
        lines = [line for line in data.split("\n") if line.strip() not in ("", DONE)]
        if len(lines) > 1:
            yield from (event for line in lines for event in decoded(line))
