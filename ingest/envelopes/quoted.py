"""JSON in a JSON string, as bridges make it that take everything for text."""

from typing import Any

from ingest.envelopes.opening import Headers, Opened


def opens(value: Any, headers: Headers) -> Opened | None:  # noqa: ARG001 - all have one form
    """The text's bytes, to be decoded like a record's; None for text that is no JSON, such as a stream."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        return Opened(value.encode())
    return None
