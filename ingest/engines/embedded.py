"""One process: poll, normalize, hand over, advance."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from conf.schema import Batching
from ingest.assembly import Assembler
from ingest.engines.base import Handle
from ingest.engines.batching import Pending
from ingest.engines.resuming import Resuming
from ingest.qta import Gap, Normalized, Record
from ingest.source import Partition, Polled, Source

logger = logging.getLogger(__name__)


class Embedded:
    """Reads sources in turn within the process that stores what they become; an Engine.

    Args:
        assembler: makes of records what they become; it knows which of those stored are held.
        stored: the next offset of each partition, as the store has it.
        clock: seconds that only go up; for the age of a batch.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        assembler: Assembler,
        limits: Batching,
        stored: Mapping[Partition, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = sources
        self.assembler = assembler
        self.limits = limits
        self.stored = stored
        self.resuming = Resuming(stored, assembler.before)
        self.clock = clock
        self.pending = Pending()
        self.handling_s = 0.0

    def run(self, handle: Handle, stop: Event) -> None:
        """See Engine."""
        try:
            self.read(handle, stop)
        finally:
            for source in self.sources:
                source.close()

    def read(self, handle: Handle, stop: Event) -> None:
        """Poll each source that has more, until none has or `stop` is set."""
        for source in self.sources:
            source.resume(self.stored, self.resuming.oldest)
        for item in self.resuming.lost():
            self.pending.settle(item, self.clock())
        live = list(self.sources)
        while live and not stop.is_set():
            for source in tuple(live):
                polled = source.poll()
                self.take(polled, handle, stop)
                if polled.exhausted:
                    live.remove(source)
        if not stop.is_set():
            self.finish(handle)

    def take(self, polled: Polled, handle: Handle, stop: Event) -> None:
        """Add what a poll brought, and hand over whenever a batch is due."""
        for partition, offset in polled.starts.items():
            self.pending.start(partition, offset, self.clock())
        for found in polled.items:
            for item in self.resuming.take(found):
                self.add(item, self.clock())
            self.hand_over_if_due(handle)
            if stop.is_set():
                return
        for whole in self.assembler.due(self.reading_s()):
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
        """Add a record; one that is read again moves no position."""
        if not self.resuming.is_again(record):
            self.pending.read(record, now)
        self.pending.put(self.assembler.take(record, now - self.handling_s), now)

    def reading_s(self) -> float:
        """Seconds spent reading: while a batch is being handled, nothing can come, and nothing becomes idle."""
        return self.clock() - self.handling_s

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
        handle(batch)
        self.handling_s += self.clock() - began
        self.pending = Pending()
        done = {**batch.positions, **self.assembler.oldest()}
        for source in self.sources:
            source.commit(done)
        fields = {"n_records": len(batch.items), "n_held": len(batch.held), "n_gaps": len(batch.gaps)}
        logger.info("batch handed over", extra=fields)
