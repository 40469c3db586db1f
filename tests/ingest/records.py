"""Records as a source gives them."""

from typing import Any

from ingest.qta import Position, Record


def make_record(value: bytes, offset: int = 0, source: str = "kafka:c/topic", **changes: Any) -> Record:
    """A record of a stream; `folder` makes it one of a file."""
    return Record(Position(source, 0, offset), value, **changes)
