"""Topics as a source: every partition, from the stored positions, with what is missing between offsets named.

No group rebalancing: one process reads all partitions. The group, when one is given, is told how far we are, for lag
displays; where reading starts is decided by the stored positions alone.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from conf.schema import Config
from conf.schema import Kafka as Settings
from ingest.errors import MissingExtra, SourceNotFound, SourceUnavailable
from ingest.qta import Gap, Position, Record
from ingest.source import Partition, Polled
from ingest.topics import Fresh, Start, Topics, gap_between, parse_topics, start_of

try:
    from kafka import KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
    from kafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError
except ImportError as error:
    raise MissingExtra("kafka://", "kafka") from error

logger = logging.getLogger(__name__)

COMMIT_TIMEOUT_MS = 2000
RECONNECT_MS = 3000  # a broker that comes back is noticed after this long at most; the client's default is 30 s
NEW_PARTITIONS_S = 30.0  # age at which a followed topic's metadata is asked for again: partitions may have been added
QUIET_S = 60.0  # a source that does not follow gives up when the broker brings nothing for so long before the end


def open_topics(text: str, config: Config, *, follow: bool) -> "KafkaSource":
    """A source over all partitions of the topics that `text` names.

    Raises:
        SourceSyntax: see `parse_topics`.
        SourceUnavailable: no broker answers within `kafka.connect_timeout_s`.
        SourceNotFound: a topic that is not there.
    """
    topics = parse_topics(text)
    try:
        cluster = cluster_of(topics, config.kafka)
        return KafkaSource(topics, cluster, connect(topics, config.kafka), config.kafka, follow=follow)
    except KafkaTimeoutError:
        reason = f"no broker answers within {config.kafka.connect_timeout_s:g} s; is one running there?"
        raise unavailable(topics, reason) from None
    except (KafkaError, OSError) as error:
        raise unavailable(topics, error) from None


def cluster_of(topics: Topics, settings: Settings) -> str:
    """The id of the cluster that has the topics; asking makes no topic that is not there."""
    timeout_ms = milliseconds(settings.connect_timeout_s)
    with closing(KafkaAdminClient(bootstrap_servers=list(topics.brokers), bootstrap_timeout_ms=timeout_ms)) as admin:
        found = {topic["name"] for topic in admin.describe_topics(list(topics.names)) if not topic["error_code"]}
        if missing := [name for name in topics.names if name not in found]:
            raise SourceNotFound(f"{','.join(topics.brokers)}: no topic {', '.join(missing)}")
        return str(admin.describe_cluster()["cluster_id"])


def connect(topics: Topics, settings: Settings) -> KafkaConsumer:
    """A consumer that commits nothing by itself and goes nowhere by itself when an offset is gone."""
    return KafkaConsumer(
        bootstrap_servers=list(topics.brokers),
        bootstrap_timeout_ms=milliseconds(settings.connect_timeout_s),
        group_id=topics.group,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
        metadata_max_age_ms=milliseconds(NEW_PARTITIONS_S),
        reconnect_backoff_max_ms=RECONNECT_MS,
    )


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
        try:
            for name in self.topics.names:
                # "latest" is for a topic new to us; a partition added while we were away is read from its start.
                fresh = "earliest" if self.source(name) in sources else self.settings.start
                self.take_up(self.missing(name), stored, fresh, again)
        except KafkaError as error:
            raise unavailable(self.topics, error) from None

    def poll(self) -> Polled:
        """See Source."""
        found, self.found = self.found, Found()
        items = [*found.gaps, *self.fetch()]
        if items or self.follow:
            self.heard_at = time.monotonic()
        elif time.monotonic() - self.heard_at > QUIET_S:
            raise unavailable(self.topics, f"nothing came for {QUIET_S:g} s, and the end is not reached")
        if self.follow:
            self.take_up_added()
            return Polled(tuple(items), found.starts)
        return Polled(tuple(items), found.starts, exhausted=self.at_end())

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; a broker that does not take it is no reason to stop, since positions are stored elsewhere."""
        if not self.topics.group:
            return
        offsets = {tp: OffsetAndMetadata(stored[self.place(tp)]) for tp in self.next if self.place(tp) in stored}
        try:
            self.consumer.commit(offsets, timeout_ms=COMMIT_TIMEOUT_MS)
        except KafkaError as error:
            logger.warning("commit for lag displays failed", extra={"error": str(error)})

    def close(self) -> None:
        """See Source."""
        self.consumer.close(autocommit=False, timeout_ms=COMMIT_TIMEOUT_MS)

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
            start = start_of(place, stored.get(place), available[tp], fresh, again.get(place))
            if start.first is not None:
                self.found.starts[place] = start.first
            self.go_to(tp, start)
            self.ends[tp] = available[tp].stop

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

    def fetch(self) -> list[Record | Gap]:
        """What the broker has next, gaps named; nothing when it is away."""
        try:
            polled = self.consumer.poll(milliseconds(self.settings.poll_timeout_s), self.settings.poll_records)
            items = [item for tp, messages in polled.items() for item in self.numbered(tp, messages)]
            return [*items, *self.passed_over()]
        except OffsetOutOfRangeError as error:
            self.overtaken(error.args[0])
            return []
        except KafkaError as error:
            raise unavailable(self.topics, error) from None

    def numbered(self, tp: TopicPartition, messages: Iterable[Any]) -> Iterator[Record | Gap]:
        """Messages of one partition as records, with the gaps between them."""
        place = self.place(tp)
        for message in messages:
            yield from gap_between(place, self.next[tp], message.offset)
            self.next[tp] = message.offset + 1
            yield record_of(place, message)

    def passed_over(self) -> Iterator[Gap]:
        """The offsets behind the last record that the consumer saw and that hold none, such as transaction markers."""
        for tp, expected in list(self.next.items()):
            position = self.consumer.position(tp, timeout_ms=0)
            if position is not None and position > expected:
                yield from gap_between(self.place(tp), expected, position)
                self.next[tp] = position

    def overtaken(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go on where the broker still has records, after retention deleted those that we came for."""
        for tp, available in self.available(list(offsets)).items():
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
        headers=tuple((name, value or b"") for name, value in message.headers or ()),
        timestamp_ms=message.timestamp,
    )


def unavailable(topics: Topics, reason: object) -> SourceUnavailable:
    """The broker went away or was never there, in one line."""
    return SourceUnavailable(f"Kafka at {','.join(topics.brokers)}: {str(reason) or type(reason).__name__}")


def milliseconds(seconds: float) -> int:
    """As the client takes its times."""
    return int(seconds * 1000)
