"""The coverage ledger: whether every offset that was asked for is accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One source partition: what was read of it, and what became of that.

    Attributes:
        start: the first offset ever asked for.
        end: the next offset to read.
        records: outcomes stored.
        offsets: different offsets among them; less than `records` when one was counted twice.
        states: state to number of records.
        gaps: reason to number of offsets that held no record for us.
        held: records that were read and wait for the rest of their interactions.
        missing: offsets at `end` that did not come from the workers, while later ones did.
    """

    source: str
    partition: int
    start: int
    end: int
    records: int
    offsets: int
    states: Mapping[str, int]
    gaps: Mapping[str, int]
    held: int = 0
    missing: int = 0

    @property
    def n_gaps(self) -> int:
        """Offsets that held no record for us."""
        return sum(self.gaps.values())

    @property
    def balanced(self) -> bool:
        """Whether each offset asked for is one record in one state, one that is held, or a gap that is named."""
        whole = self.end - self.start == self.records + self.n_gaps + self.held
        return whole and not self.missing and self.records == self.offsets == sum(self.states.values())

    def as_json(self) -> dict[str, Any]:
        """The line of `traceaudit ledger --json`."""
        return {
            "source": self.source,
            "partition": self.partition,
            "from": self.start,
            "to": self.end,
            "records": self.records,
            "states": dict(self.states),
            "gaps": self.n_gaps,
            "gap_reasons": dict(self.gaps),
            "held": self.held,
            "missing": self.missing,
            "balanced": self.balanced,
        }
