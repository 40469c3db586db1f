"""What is wrong with a record, and what was looked at."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bad:
    """The first thing that is not as it was written.

    Attributes:
        table: where; "file" for one outside the database.
        key: which row, by the columns that name it; empty where only the batch is known.
        batch: the row's, or the number of the event; None where it has none.
        what: is wrong.
    """

    table: str
    key: str
    batch: int | None
    what: str

    def __str__(self) -> str:
        place = self.key or ("" if self.batch is None else f"batch {self.batch}")
        return f"{self.table} {place}: {self.what}" if place else f"{self.table}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"table": self.table, "key": self.key, "batch": self.batch, "what": self.what}


@dataclass(slots=True)
class Checked:
    """How much was looked at, up to the first thing that is wrong.

    Attributes:
        rows: by table.
        since_checkpoint: events after the last checkpoint, which no signature covers yet.
        notes: what a reader has to know of the result.
    """

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    released: int = 0
    checkpoints: int = 0
    since_checkpoint: int = 0
    outside: int = 0
    images: int = 0
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "events": self.events,
            "rows": dict(self.rows),
            "released": self.released,
            "checkpoints": self.checkpoints,
            "events_since_checkpoint": self.since_checkpoint,
            "checkpoints_outside": self.outside,
            "images": self.images,
            "notes": list(self.notes),
        }
