"""What a source brings again, and what of it is still to be done.

Reading begins at the oldest record that is held. Of what lies before the stored position only the held records are
still to be done.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from ingest.qta import Gap, Normalized, Position, Record, Rejection
from ingest.source import STDIN, Partition

GONE = "held_record_gone"


class Resuming:
    """Passes over what is stored already.

    Args:
        stored: the next offset of each partition.
        held: records before it that wait for the rest of their interactions.
    """

    def __init__(self, stored: Mapping[Partition, int], held: Iterable[Position]) -> None:
        self.held: dict[Partition, set[int]] = defaultdict(set)
        for position in held:
            self.held[position.source, position.partition].add(position.offset)
        self.ends = {partition: stored[partition] for partition in self.held}

    @property
    def oldest(self) -> dict[Partition, int]:
        """The first offset to be read again, for each partition that has one."""
        return {partition: min(offsets) for partition, offsets in self.held.items() if offsets}

    def lost(self) -> list[Normalized]:
        """The held records of earlier standard inputs, of which nothing can be read again."""
        pipes = [partition for partition in self.ends if partition[0].startswith(STDIN)]
        for partition in pipes:
            del self.ends[partition]
        return [gone(Position(*partition, offset)) for partition in pipes for offset in sorted(self.held[partition])]

    def is_again(self, record: Record) -> bool:
        """Whether the record was read before, and was held."""
        position = record.position
        return bool(self.ends) and position.offset < self.ends.get((position.source, position.partition), 0)

    def left(self, items: Iterable[Record | Gap]) -> Iterable[Record | Gap | Normalized]:
        """What of them is still to be done; held records that are not there any more are rejected."""
        return chain.from_iterable(map(self.take, items)) if self.ends else items

    def take(self, item: Record | Gap) -> Iterator[Record | Gap | Normalized]:
        """The same for one of them."""
        return self.take_record(item) if isinstance(item, Record) else self.take_gap(item)

    def take_record(self, record: Record) -> Iterator[Record]:
        """The record, unless it is stored."""
        position = record.position
        partition = (position.source, position.partition)
        if position.offset >= self.ends.get(partition, 0):
            self.ends.pop(partition, None)
            yield record
        elif position.offset in self.held[partition]:
            yield record

    def take_gap(self, gap: Gap) -> Iterator[Gap | Normalized]:
        """The part of the gap that is not stored, and the held records that fell into it."""
        partition = (gap.source, gap.partition)
        end = self.ends.get(partition, 0)
        for offset in sorted(self.held.get(partition, ())):
            if gap.first <= offset <= gap.last:
                yield gone(Position(*partition, offset))
        if gap.last >= end:
            yield replace(gap, first=max(gap.first, end))


def gone(position: Position) -> Normalized:
    """A held record whose bytes are not there any more."""
    rejection = Rejection(position, GONE, "deleted at its source while it waited for the rest of its trace")
    return Normalized(Record(position, b""), None, rejection=rejection)
