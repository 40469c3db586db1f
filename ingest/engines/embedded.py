"""One process: poll, normalize, hand over, advance."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event

from conf.schema import Batching
from ingest.assembly import Assembler
from ingest.engines.aside import Aside
from ingest.engines.base import Handle
from ingest.engines.batching import Pending
from ingest.engines.resuming import Resuming
from ingest.qta import Gap, Normalized, Record
from ingest.source import Partition, Polled, Source, Stored

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 0.05  # how often sources are kept alive while a batch is handled


class Embedded:
    """Reads sources in turn within the process that handles what they become; an Engine.

    Args:
        assembler: makes of records what they become.
        stored: gives where the store stands; asked whenever a partition begins to be read.
        clock: seconds that only go up; for the age of a batch, and of what is held.

    Attributes:
        ends: where the partitions that are ours stand after the last batch.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        assembler: Assembler,
        limits: Batching,
        stored: Callable[[], Stored],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = sources
        self.assembler = assembler
        self.limits = limits
        self.stored = stored
        self.clock = clock
        self.resuming = Resuming({}, ())
        self.pending = Pending()
        self.ends: dict[Partition, int] = {}
        self.aside = Aside()
        self.handling_s = 0.0

    def run(self, handle: Handle, stop: Event) -> None:
        """See Engine."""
        try:
            self.read(handle, stop)
        finally:
            self.aside.end()
            for source in self.sources:
                source.close()

    def read(self, handle: Handle, stop: Event) -> None:
        """Poll each source that has more, until none has or `stop` is set."""
        self.resume(self.sources)
        for item in self.resuming.lost():
            self.pending.settle(item, self.clock())
        live = list(self.sources)
        while live and not stop.is_set():
            for source in tuple(live):
                polled = source.poll()
                self.take(polled, handle, stop)
                self.give_up(polled, handle)
                if polled.assigned:
                    self.resume([source])
                if polled.exhausted:
                    live.remove(source)
        if not stop.is_set():
            self.finish(handle)

    def resume(self, sources: Iterable[Source]) -> None:
        """Begin to read, or go on with partitions that have come to us."""
        stored = self.stored()
        self.assembler.before = stored.held
        self.resuming = Resuming(stored.positions, stored.held)
        for source in sources:
            source.resume(stored.positions, self.resuming.oldest)

    def give_up(self, polled: Polled, handle: Handle) -> None:
        """Hand over what was read of partitions that go to another reader; drop what is another's already."""
        if gone := polled.revoked | polled.lost:
            self.pending.drop(polled.lost)
            self.hand_over(handle)
            self.assembler.forget(gone)
            self.ends = {place: end for place, end in self.ends.items() if place not in gone}

    def take(self, polled: Polled, handle: Handle, stop: Event) -> None:
        """Add what a poll brought, and hand over whenever a batch is due."""
        for partition, offset in polled.starts.items():
            self.pending.start(partition, offset, self.clock())
        for item in self.resuming.left(polled.items):
            self.add(item, self.clock())
            self.hand_over_if_due(handle)
            if stop.is_set():
                return
        for whole in self.assembler.due(self.clock() - self.handling_s):
            self.pending.put(whole, self.clock())
            self.hand_over_if_due(handle)
        self.hand_over_if_due(handle)

    def add(self, item: Record | Gap | Normalized, now: float) -> None:
        """Add one thing that was read, or that could not be read again."""
        if isinstance(item, Gap):
            self.pending.skip(item, now)
        elif isinstance(item, Normalized):
            self.pending.settle(item, now)
        else:
            self.add_record(item, now)

    def add_record(self, record: Record, now: float) -> None:
        """Add a record; one that is read again moves no position.

        While a batch is handled nothing can come, so that time does not count as idle.
        """
        item = self.assembler.normalize(record)
        if not self.resuming.is_again(record):
            self.pending.read(record, now)
        if item.fragments:
            self.pending.put(self.assembler.take(item, now - self.handling_s), now)
        else:
            self.pending.settle(item, now)

    def finish(self, handle: Handle) -> None:
        """Nothing more will come: hand over all there is, with what was held as it stands."""
        for whole in self.assembler.drain():
            self.pending.put(whole, self.clock())
            self.hand_over_if_due(handle)
        self.hand_over(handle)

    def hand_over_if_due(self, handle: Handle) -> None:
        """Hand over when the batch is full or old."""
        limits = self.limits
        if self.pending.is_due(self.clock(), limits.max_records, limits.max_bytes, limits.max_age_s):
            self.hand_over(handle)

    def hand_over(self, handle: Handle) -> None:
        """Have the batch stored, then let the sources know."""
        if self.pending.since is None:
            return
        batch = self.pending.batch()
        began = self.clock()
        self.aside.run(lambda: handle(batch), self.keep_alive, KEEP_ALIVE_S)
        self.handling_s += self.clock() - began
        self.pending = Pending()
        self.ends |= batch.positions
        done = self.ends | self.assembler.oldest()
        for source in self.sources:
            source.commit(done)
        fields = {"n_records": len(batch.items), "n_held": len(batch.held), "n_gaps": len(batch.gaps)}
        logger.info("batch handed over", extra=fields)

    def keep_alive(self) -> None:
        """While a batch is handled."""
        for source in self.sources:
            source.keep_alive()
