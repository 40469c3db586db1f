"""Debezium: a change of a database row, as a connector sends it; the row after the change is the log.

{"before": …, "after": {…}, "op": "c" | "u" | "r" | "d" | "t" | "m", "source": {…}, "ts_ms": …}

A deleted or truncated row holds nothing. Of an outbox table the row's `payload` is the log, under the row's own id; a
logical message (`m`) has it as base64.

Source: Debezium's documentation, "Change event values", "Outbox event router", "Message events".
"""

import binascii
from base64 import b64decode
from typing import Any

from ingest.envelopes.opening import Around, Headers, Nothing, Opened
from ingest.formats.reading import Json, first_text, instant
from ingest.payload import Unreadable

ROWS, GONE, MESSAGE = ("c", "u", "r"), ("d", "t"), "m"
OUTBOX = ("aggregatetype", "aggregateid", "aggregate_type", "aggregate_id")


def opens(value: Any, headers: Headers) -> Opened | Nothing | Unreadable | None:  # noqa: ARG001 - all have one form
    """What is in the change; None when it is none."""
    if not isinstance(value, dict) or "op" not in value or not ("source" in value or "ts_ms" in value):
        return None
    if value["op"] in GONE:
        return Nothing("deleted")
    if value["op"] == MESSAGE:
        return message(value.get("message"))
    if value["op"] not in ROWS or "after" not in value:
        return None
    return row(value) if isinstance(value["after"], dict) else Unreadable("malformed_debezium", "after")


def row(change: Json) -> Opened:
    """The row after the change; a snapshot (`r`) says nothing of when that was."""
    after, source = change["after"], change.get("source")
    changed = source.get("ts_ms") if isinstance(source, dict) and change["op"] != "r" else None
    time = instant(changed)
    if after.get("payload") is not None and any(name in after for name in OUTBOX):
        return Opened(after["payload"], Around(message_id=first_text(after.get("id")), occurred_at=time))
    return Opened(after, Around(occurred_at=time))


def message(value: Any) -> Opened | Unreadable:
    """The content of a logical message."""
    try:
        return Opened(b64decode(value["content"], validate=True))
    except (LookupError, binascii.Error, ValueError, TypeError):
        return Unreadable("malformed_debezium", "message.content")
