"""Topics as a source: every partition, from the stored positions, with what is missing between offsets named.

One process reads all partitions; kafka_group.py is for several that share them.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conf.schema import Config
from conf.schema import Kafka as Settings
from ingest.errors import MissingExtra, SourceChanged
from ingest.kafka_client import cluster_of, connect, milliseconds, passes, unanswered, unavailable
from ingest.qta import Gap, Position, Record
from ingest.source import Partition, Polled
from ingest.topics import Fresh, Start, Topics, gap_between, parse_topics, start_of

try:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.errors import KafkaError, KafkaTimeoutError, LogTruncationError, OffsetOutOfRangeError
except ImportError as error:
    raise MissingExtra("kafka://", "kafka") from error

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_MS = 2000
RETRY_S = 0.5  # after an error that passes
QUIET_S = 60.0  # a source that does not follow gives up when the broker brings nothing for so long before the end


def open_topics(text: str, config: Config, *, follow: bool, group_decides: bool = False) -> "KafkaSource":
    """A source over all partitions of the topics that `text` names; with a group, over those that it gives us.

    See `ingest.source.open_sources` for the options.

    Raises:
        SourceSyntax: see `parse_topics`.
        SourceUnavailable: no broker answers within `kafka.connect_timeout_s`.
        SourceNotFound: a topic that is not there.
        ConfigError: credentials that are not in the environment.
    """
    from ingest.kafka_group import GroupSource

    topics = replace(parse_topics(text), group_decides=group_decides)
    kind = GroupSource if topics.group else KafkaSource
    try:
        cluster = cluster_of(topics, config.kafka)
        return kind(topics, cluster, connect(topics, config.kafka), config.kafka, follow=follow)
    except KafkaTimeoutError:
        raise unanswered(topics, config.kafka) from None
    except (KafkaError, OSError) as error:
        raise unavailable(topics, error) from None


@dataclass(frozen=True, slots=True)
class Found:
    """What taking up partitions found: where new ones start, and what retention deleted of the others."""

    starts: dict[Partition, int] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


class KafkaSource:
    """All partitions of some topics; a Source.

    Args:
        cluster: id of the cluster, part of the name under which positions are stored.
        follow: keep waiting at the end, also through a broker that is away, and take up partitions that are added.

    Attributes:
        next: partition to the offset after the last one handed over, records and gaps alike.
        ends: partition to the offset at which a source that does not follow stops.
        found: what taking up partitions found, for the next poll to bring.
    """

    def __init__(
        self, topics: Topics, cluster: str, consumer: KafkaConsumer, settings: Settings, *, follow: bool
    ) -> None:
        self.topics = topics
        self.cluster = cluster
        self.consumer = consumer
        self.settings = settings
        self.follow = follow
        self.next: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.found = Found()
        self.heard_at = time.monotonic()

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:
        """See Source."""
        sources = {source for source, _ in stored}
        began = time.monotonic()
        for name in self.topics.names:
            # "latest" is for a topic new to us; a partition added while we were away is read from its start.
            fresh: Fresh = "earliest" if self.source(name) in sources else self.settings.start
            while not self.taken_up(name, stored, fresh, again):
                if time.monotonic() - began > QUIET_S:  # nobody could stop us while we wait here
                    raise unavailable(self.topics, f"the broker went away and did not come back for {QUIET_S:g} s")

    def poll(self) -> Polled:
        """See Source."""
        items = self.fetch(milliseconds(self.settings.poll_timeout_s))
        return self.brought(items)

    def brought(self, items: Sequence[Record | Gap]) -> Polled:
        """What a poll brought, with what taking up partitions found before it."""
        found, self.found = self.found, Found()
        items = [*found.gaps, *items]
        if items or self.follow:
            self.heard_at = time.monotonic()
        elif time.monotonic() - self.heard_at > QUIET_S:
            raise unavailable(self.topics, f"nothing came for {QUIET_S:g} s, and the end is not reached")
        if self.follow:
            self.take_up_added()
            return Polled(tuple(items), found.starts)
        return Polled(tuple(items), found.starts, exhausted=self.at_end())

    def keep_alive(self) -> None:
        """See Source; the partitions are ours whatever happens."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; without a group there is nobody to tell."""

    def high_waters(self) -> dict[Partition, int]:
        """The offset after the last record of each partition that is read, as far as a fetch told it; for lag displays.

        Any thread may ask; it asks nobody.
        """
        known = {self.place(tp): self.consumer.highwater(tp) for tp in tuple(self.next) if self.is_assigned(tp)}
        return {place: offset for place, offset in known.items() if offset is not None}

    def is_assigned(self, tp: TopicPartition) -> bool:
        """Whether the client reads a partition right now."""
        return tp in self.consumer.assignment()

    def close(self) -> None:
        """See Source."""
        self.consumer.close(autocommit=False, timeout_ms=CLOSE_TIMEOUT_MS)

    def source(self, topic: str) -> str:
        """The name under which positions of a topic are stored."""
        return f"kafka:{self.cluster}/{topic}"

    def place(self, tp: TopicPartition) -> Partition:
        """Source and partition number, as positions are stored."""
        return self.source(tp.topic), tp.partition

    def missing(self, topic: str) -> list[TopicPartition]:
        """The partitions of a topic that are not read yet."""
        numbers = sorted(self.consumer.partitions_for_topic(topic))
        return [tp for number in numbers if (tp := TopicPartition(topic, number)) not in self.next]

    def taken_up(
        self, topic: str, stored: Mapping[Partition, int], fresh: Fresh, again: Mapping[Partition, int]
    ) -> bool:
        """Begin to read a topic; False where the broker went away, and has been waited for."""
        try:
            self.take_up(self.missing(topic), stored, fresh, again)
        except KafkaError as error:
            self.wait_out(error)
            return False
        return True

    def take_up(
        self,
        new: Sequence[TopicPartition],
        stored: Mapping[Partition, int],
        fresh: Fresh,
        again: Mapping[Partition, int] = {},
    ) -> None:
        """Begin to read partitions, each where it was left, or at its `fresh` end."""
        if not new:
            return
        available = self.available(new)
        self.consumer.assign([*self.next, *new])
        for tp in new:
            place = self.place(tp)
            self.begin(tp, start_of(place, stored.get(place), available[tp], fresh, again.get(place)))
            self.ends[tp] = available[tp].stop

    def begin(self, tp: TopicPartition, start: Start) -> None:
        """Begin to read a partition, and let the next poll say where, if it is new to the store."""
        if start.first is not None:
            self.found.starts[self.place(tp)] = start.first
        self.go_to(tp, start)

    def take_up_added(self) -> None:
        """Begin to read partitions that were added to the topics while following."""
        try:
            for name in self.topics.names:
                self.take_up(self.missing(name), {}, "earliest")
        except KafkaError as error:
            logger.warning("cannot look for new partitions now", extra={"error": str(error)})

    def available(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, range]:
        """The offsets that the broker has; the end is the last stable one, where open transactions begin."""
        timeout_ms = milliseconds(self.settings.connect_timeout_s)
        first = self.consumer.beginning_offsets(list(partitions), timeout_ms=timeout_ms)
        end = self.consumer.end_offsets(list(partitions), timeout_ms=timeout_ms)
        return {tp: range(first[tp], end[tp]) for tp in partitions}

    def go_to(self, tp: TopicPartition, start: Start) -> None:
        """Read on at `start`, and let the next poll name what was passed over."""
        if start.gap:
            self.found.gaps.append(start.gap)
        self.consumer.seek(tp, start.offset)
        self.next[tp] = start.offset

    def fetch(self, timeout_ms: int) -> list[Record | Gap]:
        """What the broker has next, gaps named; nothing when it is away and we can wait.

        Raises:
            SourceChanged: the log is not the one that was read before.
            SourceUnavailable: it is away, and what is followed ends at what was there; or it does not let us in.
        """
        try:
            polled = self.consumer.poll(timeout_ms, self.settings.poll_records)
            items = [item for tp, messages in polled.items() for item in self.numbered(tp, messages)]
            return [*items, *self.passed_over()]
        except OffsetOutOfRangeError as error:
            self.overtaken(error.args[0])
        except LogTruncationError as error:
            tp = next(iter(error.divergent_offsets))
            raise SourceChanged(f"{self.source(tp.topic)} partition {tp.partition}", self.next[tp]) from None
        except KafkaError as error:
            self.wait_out(error)
        return []

    def wait_out(self, error: KafkaError) -> None:
        """Wait a moment, if the error passes and there is no end to come to.

        Raises:
            SourceUnavailable: it does not, or there is.
        """
        if not (self.follow and passes(error)):
            raise unavailable(self.topics, error) from None
        logger.warning("the broker is away", extra={"error": type(error).__name__})
        time.sleep(RETRY_S)

    def numbered(self, tp: TopicPartition, messages: Iterable[Any]) -> Iterator[Record | Gap]:
        """Messages of one partition as records, with the gaps between them."""
        place, expected = self.place(tp), self.next[tp]
        for message in messages:
            if message.offset > expected:
                yield from gap_between(place, expected, message.offset)
            expected = message.offset + 1
            yield record_of(place, message)
        self.next[tp] = expected

    def passed_over(self) -> Iterator[Gap]:
        """The offsets behind the last record that the consumer saw and that hold none, such as transaction markers."""
        for tp in tuple(self.next):
            yield from self.behind(tp)

    def behind(self, tp: TopicPartition) -> list[Gap]:
        """The same for one partition."""
        position, expected = self.consumer.position(tp, timeout_ms=0), self.next[tp]
        if position is None or position <= expected:
            return []
        self.next[tp] = position
        return gap_between(self.place(tp), expected, position)

    def overtaken(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go on where the broker still has records, after retention deleted those that we came for."""
        try:
            found = self.available([tp for tp in offsets if tp in self.next])
        except KafkaError as error:
            self.wait_out(error)
        else:
            for tp, available in found.items():
                self.go_to(tp, start_of(self.place(tp), self.next[tp], available, "earliest"))

    def at_end(self) -> bool:
        """Whether all that was there at the start is read."""
        return all(self.next[tp] >= end for tp, end in self.ends.items())


def record_of(place: Partition, message: Any) -> Record:
    """A message as a record; one without a value, as compaction uses to delete a key, has an empty one."""
    return Record(
        Position(*place, message.offset),
        message.value or b"",
        key=message.key,
        headers=tuple([(name, value or b"") for name, value in message.headers]) if message.headers else (),
        timestamp_ms=message.timestamp,
    )
