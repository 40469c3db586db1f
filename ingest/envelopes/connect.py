"""Kafka Connect's JsonConverter with schemas enabled: {"schema": {…}, "payload": …}, and nothing beside."""

from typing import Any

from ingest.envelopes.opening import Headers, Nothing, Opened


def opens(value: Any, headers: Headers) -> Opened | Nothing | None:  # noqa: ARG001 - all have one form
    """The payload; None when it is no such pair."""
    if not isinstance(value, dict) or value.keys() != {"schema", "payload"}:
        return None
    if not isinstance(value["schema"], dict | None):
        return None
    return Nothing("tombstone") if value["payload"] is None else Opened(value["payload"])
