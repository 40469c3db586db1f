"""Topics whose partitions a consumer group shares out among its members.

A member that is silent for `kafka.max_poll_interval_s` loses its partitions, so that the group is talked to while a
batch is handled, with all partitions paused. Partitions move in two rounds (KIP-429): first their reader gives them up,
then, when it polls again, another gets them. Between the two the group waits for what was read of them to be stored;
after a fifth of the interval it waits no longer, and what is stored later than that is seen to be late by where it
is stored.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from conf.schema import Kafka as Settings
from ingest.kafka import QUIET_S, KafkaSource, logger
from ingest.kafka_client import milliseconds, unavailable
from ingest.qta import Gap, Record
from ingest.source import Partition, Polled
from ingest.topics import Topics, start_in_group

COMMIT_TIMEOUT_MS = 2000
REVOKE_SHARE = 0.2  # of the poll interval, for storing what was read of partitions that move
KEEP_ALIVE_MS = 200  # a poll that brings nothing; much shorter, and answers of the group would fall between two of them


class PartitionsMove(Exception):
    """Ends a poll between the two rounds, which it would go through in one: raised out of it by way of the client."""


class Changes(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what the group gives and takes.

    Called in the client's own thread, which must not wait. Partitions that are given stay paused until it is known
    where they begin; their position of 0 is there only to keep the client from looking for one.

    Attributes:
        polling: whether there is a poll to end.
    """

    def __init__(self, consumer: KafkaConsumer) -> None:
        self.consumer = consumer
        self.polling = False
        self.assigned: set[TopicPartition] = set()
        self.revoked: set[TopicPartition] = set()
        self.lost: set[TopicPartition] = set()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Partitions are ours."""
        for tp in assigned:
            self.consumer.pause(tp)
            self.consumer.seek(tp, 0)
            self.assigned.add(tp)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Partitions will be another member's after our next poll."""
        self.revoked |= set(revoked) - self.assigned
        self.assigned -= set(revoked)
        if self.polling:
            raise PartitionsMove

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Partitions may be another member's already."""
        self.lost |= set(lost) - self.assigned
        self.assigned -= set(lost)

    @property
    def gone(self) -> bool:
        """Whether the source has not heard yet of partitions that go or went."""
        return bool(self.revoked or self.lost)


class GroupSource(KafkaSource):
    """The partitions of some topics that a group gives us; a Source.

    Where reading a partition begins: where the store stands; else, for those without a store, where the group has
    come; else at `kafka.start`.

    Attributes:
        changes: what the group gave and took, and what is not dealt with yet.
        leaving: partitions of which the caller was told that they go.
        moving_since: when the group began to wait for what was read of them.
    """

    def __init__(
        self, topics: Topics, cluster: str, consumer: KafkaConsumer, settings: Settings, *, follow: bool
    ) -> None:
        super().__init__(topics, cluster, consumer, settings, follow=follow)
        self.changes = Changes(consumer)
        self.leaving: set[TopicPartition] = set()
        self.moving_since: float | None = None
        consumer.subscribe(list(topics.names), listener=self.changes)
        for name in topics.names:  # a leader that does not know how many partitions there are gives away none of them
            consumer.partitions_for_topic(name)

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:
        """See Source; at first nothing is ours."""
        new = sorted(self.changes.assigned)
        try:
            available = self.available(new) if new else {}
            committed = {tp: self.consumer.committed(tp, timeout_ms=self.timeout_ms) for tp in new}
        except KafkaError as error:
            self.wait_out(error)
            return
        for tp in new:
            place = self.place(tp)
            known = (stored.get(place), committed[tp] if self.topics.group_decides else None)
            self.begin(tp, start_in_group(place, known, available[tp], self.settings.start, again.get(place)))
            self.ends[tp] = available[tp].stop
            self.changes.assigned.discard(tp)
            self.consumer.resume(tp)

    @property
    def timeout_ms(self) -> int:
        """How long the broker has to answer."""
        return milliseconds(self.settings.connect_timeout_s)

    def poll(self) -> Polled:
        """See Source."""
        if self.changes.gone:
            return self.told(())
        self.leaving, self.moving_since = set(), None
        self.consumer.resume(*self.ours())
        with self.polling():
            items = self.fetch(milliseconds(self.settings.poll_timeout_s))
        return self.told(items) if self.changes.gone else self.brought(items)

    @contextmanager
    def polling(self) -> Iterator[None]:
        """While the client polls."""
        self.changes.polling = True
        try:
            yield
        finally:
            self.changes.polling = False

    def wait_out(self, error: KafkaError) -> None:
        """See KafkaSource; partitions that move end a poll, and nothing else."""
        if not isinstance(error.__cause__, PartitionsMove):
            super().wait_out(error)

    def brought(self, items: Sequence[Record | Gap]) -> Polled:
        """See KafkaSource; with word of partitions that wait to begin.

        Raises:
            SourceUnavailable: there is an end to come to, and the group does not let us.
        """
        if self.changes.assigned:
            return Polled(tuple(items), assigned=True)
        if self.next or self.follow:
            return super().brought(items)
        if time.monotonic() - self.heard_at > QUIET_S:
            raise unavailable(self.topics, f"group {self.topics.group} gave us no partition for {QUIET_S:g} s")
        return Polled()

    def told(self, items: Sequence[Record | Gap]) -> Polled:
        """Word of partitions that go or went, after what came just before."""
        changes = self.changes
        revoked, lost = changes.revoked & self.next.keys(), changes.lost & self.next.keys()
        changes.revoked, changes.lost = set(), set()
        for tp in (*revoked, *lost):
            del self.next[tp], self.ends[tp]
        self.leaving, self.moving_since = revoked, self.moving_since or time.monotonic()
        return Polled(tuple(items), revoked=frozenset(map(self.place, revoked)), lost=frozenset(map(self.place, lost)))

    def keep_alive(self) -> None:
        """See Source; not while the group waits for what was read of partitions that move."""
        if self.changes.gone and self.moving_since is None:
            self.moving_since = time.monotonic()
        if self.group_waits():
            return
        self.leaving = set()
        try:
            self.consumer.pause(*self.ours())
            with self.polling():
                self.poll_paused()
        except KafkaError as error:
            self.wait_out(error)

    def poll_paused(self) -> None:
        """A poll that brings nothing; if it did, that is to come again."""
        for tp in self.consumer.poll(KEEP_ALIVE_MS):
            self.consumer.seek(tp, self.next[tp])

    def group_waits(self) -> bool:
        """Whether the group still waits for what was read of partitions that move."""
        budget_s = REVOKE_SHARE * self.settings.max_poll_interval_s
        return self.moving_since is not None and time.monotonic() - self.moving_since < budget_s

    def take_up_added(self) -> None:
        """See KafkaSource; added partitions come from the group as well."""

    def ours(self) -> list[TopicPartition]:
        """The partitions that are read and that no one has taken from us."""
        assignment = self.consumer.assignment()
        return [tp for tp in self.next if tp in assignment]

    def passed_over(self) -> Iterator[Gap]:
        """See KafkaSource; of partitions that are still ours."""
        for tp in self.ours():
            yield from self.behind(tp)

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; a group that does not take it is no reason to stop: reading again is seen where it is stored."""
        leaving = self.leaving | (self.changes.revoked & self.next.keys()) if self.group_waits() else ()
        offsets = {tp: stored[self.place(tp)] for tp in (*self.ours(), *leaving) if self.place(tp) in stored}
        try:
            if offsets:
                self.consumer.commit(told_to_group(offsets), timeout_ms=COMMIT_TIMEOUT_MS)
        except KafkaError as error:
            logger.warning("commit failed", extra={"error": type(error).__name__})


def told_to_group(offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
    """Offsets as the client takes them."""
    return {tp: OffsetAndMetadata(offset) for tp, offset in offsets.items()}
