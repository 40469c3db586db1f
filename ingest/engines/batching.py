"""Records become batches: by count, by bytes, by age."""

from ingest.qta import Batch, Gap, Normalized
from ingest.source import Partition


class Pending:
    """The batch that is being filled.

    Attributes:
        n_bytes: of the records in it, as read.
        since: time at which its first item came; None while there is nothing to hand over.
    """

    def __init__(self) -> None:
        self.items: list[Normalized] = []
        self.gaps: list[Gap] = []
        self.positions: dict[Partition, int] = {}
        self.starts: dict[Partition, int] = {}
        self.n_bytes = 0
        self.since: float | None = None

    def start(self, partition: Partition, offset: int, now: float) -> None:
        """A partition that is new to the store begins at `offset`; stored even if nothing is read of it."""
        self.starts[partition] = offset
        self.advance(partition, offset, now)

    def add(self, item: Normalized, now: float) -> None:
        """One more record."""
        position = item.record.position
        self.items.append(item)
        self.n_bytes += len(item.record.value)
        self.advance((position.source, position.partition), position.offset + 1, now)

    def skip(self, gap: Gap, now: float) -> None:
        """Offsets that hold no record."""
        self.gaps.append(gap)
        self.advance((gap.source, gap.partition), gap.last + 1, now)

    def advance(self, partition: Partition, next_offset: int, now: float) -> None:
        """Where the partition stands after what came."""
        self.positions[partition] = next_offset
        if self.since is None:
            self.since = now

    def is_due(self, now: float, max_records: int, max_bytes: int, max_age_s: float) -> bool:
        """Whether it is time to hand over: the batch is full, or has waited long enough."""
        if self.since is None:
            return False
        return len(self.items) >= max_records or self.n_bytes >= max_bytes or now - self.since >= max_age_s

    def batch(self) -> Batch:
        """What there is, as an engine hands it over."""
        return Batch(tuple(self.items), self.positions, self.starts, tuple(self.gaps))
