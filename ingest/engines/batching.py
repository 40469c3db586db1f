"""Records become batches: by count, by bytes, by age."""

from collections.abc import Collection

from ingest.assembly import Assembled
from ingest.qta import Batch, Gap, Held, Normalized, Position, Record
from ingest.source import Partition


class Pending:
    """The batch that is being filled.

    Attributes:
        n_read: records read, whether they settled or are held.
        n_bytes: of the records that settled, with their images and copies of these.
        since: time at which the first of it came; None while there is nothing to hand over.
    """

    def __init__(self) -> None:
        self.items: list[Normalized] = []
        self.held: dict[Position, Held] = {}
        self.gaps: list[Gap] = []
        self.positions: dict[Partition, int] = {}
        self.starts: dict[Partition, int] = {}
        self.n_read = 0
        self.n_bytes = 0
        self.since: float | None = None

    def start(self, partition: Partition, offset: int, now: float) -> None:
        """A partition that is new to the store begins at `offset`; stored even if nothing is read of it."""
        self.starts[partition] = offset
        self.advance(partition, offset, now)

    def read(self, record: Record, now: float) -> None:
        """One more record, of which `settle` or `hold` says what became of it."""
        position = record.position
        self.n_read += 1
        self.advance((position.source, position.partition), position.offset + 1, now)

    def put(self, assembled: Assembled, now: float) -> None:
        """Records that belong together, settled and held."""
        for item in assembled.items:
            self.settle(item, now)
        for position, held in assembled.held.items():
            self.held[position] = held
        if self.since is None and assembled.held:
            self.since = now

    def settle(self, item: Normalized, now: float) -> None:
        """A record, read just now or before, has become what it is."""
        self.items.append(item)
        self.n_bytes += item.n_bytes
        if self.held:
            self.held.pop(item.record.position, None)
        if self.since is None:
            self.since = now

    def skip(self, gap: Gap, now: float) -> None:
        """Offsets that hold no record."""
        self.gaps.append(gap)
        self.advance((gap.source, gap.partition), gap.last + 1, now)

    def drop(self, partitions: Collection[Partition]) -> None:
        """Leave out what was read of partitions that are another reader's now."""

        def stays(place: Position | Gap) -> bool:
            return (place.source, place.partition) not in partitions

        self.items = [item for item in self.items if stays(item.record.position)]
        self.held = {position: held for position, held in self.held.items() if stays(position)}
        self.gaps = [gap for gap in self.gaps if stays(gap)]
        self.positions = {place: end for place, end in self.positions.items() if place not in partitions}
        self.starts = {place: start for place, start in self.starts.items() if place not in partitions}
        if not (self.items or self.held or self.positions):
            self.since = None

    def advance(self, partition: Partition, next_offset: int, now: float) -> None:
        """Where the partition stands after what came."""
        self.positions[partition] = next_offset
        if self.since is None:
            self.since = now

    def is_due(self, now: float, max_records: int, max_bytes: int, max_age_s: float) -> bool:
        """Whether it is time to hand over: the batch is full, or has waited long enough."""
        if self.since is None:
            return False
        n_records = max(self.n_read, len(self.items))
        return n_records >= max_records or self.n_bytes >= max_bytes or now - self.since >= max_age_s

    def batch(self) -> Batch:
        """What there is, as an engine hands it over."""
        return Batch(tuple(self.items), self.positions, self.starts, tuple(self.gaps), self.held)
