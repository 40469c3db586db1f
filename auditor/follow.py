"""The sink at work: from the topic of outcomes into the database until it is told to stop, whatever breaks meanwhile.

A broker that is away, a blob store or disk that does not answer: the sink says so, waits, and goes on from where the
database says that it stands. What it cannot wait out ends it.
"""

import logging
import time
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

import duckdb

from auditor.errors import StoreUnusable
from auditor.sink import Sink
from auditor.store_sink import sink_positions
from ingest.errors import SourceUnavailable
from ingest.source import Partition

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.kafka import KafkaSource

logger = logging.getLogger(__name__)

RETRY_S = 5.0
FULL_S = 1.0
MESSAGES = 64  # in one transaction, at most
WAITS_OUT = (SourceUnavailable, StoreUnusable, duckdb.IOException, duckdb.OutOfMemoryException)


@dataclass(slots=True)
class Health:
    """How a service stands; written by its sink, read by those who ask.

    Attributes:
        troubles: what a person should look at, in words; a service that has not begun yet is one.
        beat_at: when the sink last went round, in seconds that only go up.
    """

    troubles: list[str] = field(default_factory=lambda: ["starting"])
    beat_at: float = field(default_factory=time.monotonic)

    def report(self, troubles: list[str]) -> None:
        """The sink went round."""
        self.troubles = troubles
        self.beat_at = time.monotonic()


@dataclass(slots=True)
class Follower:
    """Feeds the sink. One thread's, which is the one that the store is used by.

    Attributes:
        connect: a connection to the topic of outcomes, that follows.
        source: the one in use; None between two.
        positions: where the sink stands in the topic, for lag displays.
    """

    sink: Sink
    connect: "Callable[[], KafkaSource]"
    health: Health
    source: "KafkaSource | None" = None
    positions: dict[Partition, int] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        """Go on until `stop` is set.

        Raises:
            SourceNotFound, SourceChanged: the topic is not there, or not the one that was read before.
            duckdb.Error: the database broke in a way that waiting does not mend.
        """
        while not stop.is_set():
            try:
                with closing(self.connect()) as self.source:
                    self.follow(self.source, stop)
            except WAITS_OUT as error:
                logger.error("the sink waits", extra={"error": type(error).__name__})  # noqa: TRY400 - no traceback
                self.health.report([trouble_of(error)])
                stop.wait(RETRY_S)
            finally:
                self.source = None

    def follow(self, source: "KafkaSource", stop: Event) -> None:
        """Read on from where the database says that we stand."""
        self.positions |= sink_positions(self.sink.store)
        source.resume(self.positions)
        while not stop.is_set():
            self.health.report(self.sink.troubles())
            if self.sink.is_full:
                stop.wait(FULL_S)
                continue
            items = source.poll().items
            taken = 0
            while taken < len(items):
                taken += self.sink.take(items[taken : taken + MESSAGES])
            self.positions |= sink_positions(self.sink.store) if items else {}

    def high_waters(self) -> dict[Partition, int]:
        """Where the topic of outcomes ends; see KafkaSource."""
        source = self.source
        return source.high_waters() if source else {}

    def lag(self) -> int:
        """How many messages of the topic are not stored yet, as far as fetches told it; any thread may ask."""
        positions = dict(self.positions)
        return sum(max(0, end - positions.get(place, end)) for place, end in self.high_waters().items())


def trouble_of(error: Exception) -> str:
    """What is said of an error to those who ask for the service's health; DuckDB's own words may quote a row."""
    if isinstance(error, duckdb.Error):
        return f"the database cannot be written ({type(error).__name__})"
    return str(error)
