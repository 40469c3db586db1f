r"""Log shippers, which put a line of a log into a field: Filebeat, Fluent Bit, Vector, Docker's json-file.

{"@timestamp": …, "message": "{…}", "agent": …}     {"log": "{…}\n", "stream": "stdout", "time": …}

Taken only where the line is a JSON object, and where a shipper's own fields stand beside it or nothing does. `log` may
hold the object itself, as Fluent Bit's parser leaves it; `message` as an object is a model's message.
"""

from typing import Any

from ingest.envelopes.opening import Around, Headers, Opened
from ingest.formats.reading import instant, unquoted

LINES = ("message", "log")
SHIPPERS = {
    "@timestamp",
    "@metadata",
    "agent",
    "container_id",
    "container_name",
    "date",
    "ecs",
    "file",
    "host",
    "kubernetes",
    "source_type",
    "stream",
    "tag",
    "time",
    "timestamp",
}


def opens(value: Any, headers: Headers) -> Opened | None:  # noqa: ARG001 - all have one form
    """The line's JSON; None when it is no shipper's record."""
    if not isinstance(value, dict) or not (len(value) == 1 or SHIPPERS & value.keys()):
        return None
    for name in LINES:
        line = unquoted(value.get(name)) if isinstance(value.get(name), str) or name == "log" else None
        if isinstance(line, dict):
            times = (value.get(field) for field in ("@timestamp", "time", "timestamp", "date"))
            return Opened(line, Around(occurred_at=instant(*times)))
    return None
