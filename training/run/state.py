"""What a run has come to, on disk: written whole before anything rests on it."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from auditor.files import write_whole
from auditor.registry.results import GateResult

STATE = "state.json"
MOST_STARTS = 20


@dataclass(frozen=True, slots=True)
class State:
    """A run under way.

    Attributes:
        settings: hex sha256 over what it began with; see `Order.settings`.
        began_at: UTC.
        by: who wanted it.
        base_model, base_revision: what it trains.
        data_hash: hex sha256 over its items.
        card: the data card, Markdown.
        counts: items by bucket, and what was left out by reason.
        starts: processes that worked on it, this one included.
        gate: what the gate found; None before it ended.
    """

    run_id: str
    settings: str
    began_at: datetime
    by: str
    base_model: str
    base_revision: str
    data_hash: str
    card: str
    counts: dict[str, int] = field(default_factory=dict)
    starts: int = 1
    gate: GateResult | None = None


FILE: TypeAdapter[State] = TypeAdapter(State)


def read_state(run: Path) -> State | None:
    """What a run has come to; None where it had not begun, or cannot be read."""
    try:
        return FILE.validate_json((run / STATE).read_bytes())
    except (OSError, ValidationError):
        return None


def write_state(run: Path, state: State) -> None:
    """Keep it.

    Raises:
        OSError: it cannot be written; the one before it stays.
    """
    write_whole(run / STATE, FILE.dump_json(state, indent=1))
