"""One process: poll, normalize, hand over, advance."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from conf.schema import Batching
from ingest.engines.base import Handle
from ingest.engines.batching import Pending
from ingest.qta import Gap, Normalized, Record
from ingest.source import Partition, Polled, Source

logger = logging.getLogger(__name__)


class Embedded:
    """Reads sources in turn within the process that stores what they become; an Engine.

    Args:
        stored: the next offset of each partition, as the store has it.
        clock: seconds that only go up; for the age of a batch.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        normalize: Callable[[Record], Normalized],
        limits: Batching,
        stored: Mapping[Partition, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sources = sources
        self.normalize = normalize
        self.limits = limits
        self.stored = stored
        self.clock = clock
        self.pending = Pending()

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
            source.resume(self.stored)
        live = list(self.sources)
        while live and not stop.is_set():
            for source in tuple(live):
                polled = source.poll()
                self.take(polled, handle, stop)
                if polled.exhausted:
                    live.remove(source)
        if not stop.is_set():
            self.hand_over(handle)

    def take(self, polled: Polled, handle: Handle, stop: Event) -> None:
        """Add what a poll brought, and hand over whenever a batch is due."""
        for partition, offset in polled.starts.items():
            self.pending.start(partition, offset, self.clock())
        for item in polled.items:
            if isinstance(item, Gap):
                self.pending.skip(item, self.clock())
            else:
                self.pending.add(self.normalize(item), self.clock())
            self.hand_over_if_due(handle)
            if stop.is_set():
                return
        self.hand_over_if_due(handle)

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
        handle(batch)
        self.pending = Pending()
        for source in self.sources:
            source.commit(batch.positions)
        logger.info("batch handed over", extra={"n_records": len(batch.items), "n_gaps": len(batch.gaps)})
