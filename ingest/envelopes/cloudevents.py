"""CloudEvents 1.0 on Kafka: structured, batch and binary.

Structured: a JSON object with the attributes beside `data` or `data_base64`. A batch is an array of those, which is
split like any array. Binary: the attributes are headers `ce_…`, and the value is the data itself.

`source` with `id` names an event, and so a log that has no name of its own. `subject` is left aside: it is about
whatever the sender says it is.

Source: cloudevents/spec, kafka-protocol-binding.md and json-format.md.
"""

import binascii
from base64 import b64decode
from typing import Any

from ingest.envelopes.opening import Around, Headers, Nothing, Opened, has_keys, header
from ingest.formats.reading import Json, instant
from ingest.payload import Unreadable

REQUIRED = ("specversion", "id", "source", "type")
PREFIXES = ("ce_", "ce-")


def opens(value: Any, headers: Headers) -> Opened | Nothing | Unreadable | None:
    """What is in the event; None when it is none."""
    if isinstance(value, bytes):
        return binary(value, headers)
    return structured(value) if isinstance(value, dict) and has_keys(value, REQUIRED) else None


def binary(value: bytes, headers: Headers) -> Opened | None:
    """The value of a record whose headers are the event's attributes."""
    if not (header(headers, "ce_specversion") or header(headers, "ce-specversion")):
        return None
    attributes = {name.lower()[3:]: text.decode(errors="replace") for name, text in headers if is_attribute(name)}
    return Opened(value, around(attributes), tuple(pair for pair in headers if not is_attribute(pair[0])))


def is_attribute(name: str) -> bool:
    """Whether a header is an attribute of the event."""
    return name.lower().startswith(PREFIXES)


def structured(event: Json) -> Opened | Nothing | Unreadable:
    """The data of an event that is one JSON object."""
    if event.get("data_base64") is not None:
        try:
            return Opened(b64decode(event["data_base64"], validate=True), around(event))
        except (binascii.Error, ValueError, TypeError):
            return Unreadable("malformed_cloudevents", "data_base64")
    if event.get("data") is None:
        return Nothing("no_data")
    return Opened(event["data"], around(event))


def around(attributes: Json) -> Around:
    """The event's name and time."""
    source, event_id = attributes.get("source"), attributes.get("id")
    named = f"{source} {event_id}" if source and event_id else None
    return Around(message_id=named, occurred_at=instant(attributes.get("time")))
