"""A part of a day's records, as a source that an audit reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.qta import Gap, Position, Record
from ingest.source import Partition, Polled
from reports.demo_store.calendar import Entry
from reports.demo_store.scenes import Said


@dataclass(slots=True)
class Topics:
    """Topics that grow as the days go by, and know what their records were made of.

    Attributes:
        ends: the next offset of each partition.
        said: what a record was made of, by its position.
    """

    ends: dict[Partition, int] = field(default_factory=dict)
    said: dict[Position, Said] = field(default_factory=dict)

    def write(self, entries: Iterable[Entry]) -> "Window":
        """Append entries, and give them as a source."""
        starts, items = dict(self.ends), list[Record | Gap]()
        for entry in entries:
            place = entry.source, entry.partition
            offset = self.ends.get(place, 0)
            starts.setdefault(place, 0)
            self.ends[place] = offset + 1
            if entry.said:
                self.said[Position(*place, offset)] = entry.said
            items.append(item_of(entry, offset))
        return Window(joined(items), starts)


def item_of(entry: Entry, offset: int) -> Record | Gap:
    """The entry at its offset."""
    if entry.data is None:
        return Gap(entry.source, entry.partition, offset, offset, "retention")
    at_ms = int(entry.at.timestamp() * 1000)
    return Record(Position(entry.source, entry.partition, offset), entry.data, timestamp_ms=at_ms)


def joined(items: Iterable[Record | Gap]) -> list[Record | Gap]:
    """The same with gaps that follow each other as one."""
    found: list[Record | Gap] = []
    holes: dict[Partition, int] = {}  # where the last gap of a partition stands in `found`
    for item in items:
        if isinstance(item, Record):
            found.append(item)
            holes.pop((item.position.source, item.position.partition), None)
            continue
        place = item.source, item.partition
        if (at := holes.get(place)) is not None and isinstance(before := found[at], Gap):
            found[at] = replace(before, last=item.last)
        else:
            holes[place] = len(found)
            found.append(item)
    return found


class Window:
    """A Source that gives what was written in a part of a day, and ends."""

    def __init__(self, items: Sequence[Record | Gap], starts: Mapping[Partition, int]) -> None:
        self.items = tuple(items)
        self.starts = starts
        self.new: dict[Partition, int] = {}

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:  # noqa: ARG002
        """See Source; nothing waits from one window to the next."""
        self.new = {place: start for place, start in self.starts.items() if place not in stored}

    def poll(self) -> Polled:
        """See Source."""
        return Polled(self.items, self.new, exhausted=True)

    def keep_alive(self) -> None:
        """See Source."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source."""

    def close(self) -> None:
        """See Source."""
