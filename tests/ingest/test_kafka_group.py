"""Members of a consumer group against a real broker: partitions move, and nothing is lost or read twice for it."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove

from conf.schema import Config, load
from ingest.assembly import Assembler
from ingest.engines.embedded import Embedded
from ingest.kafka_group import GroupSource
from ingest.qta import Batch, Normalized, Position, Record
from ingest.source import Partition, Source, Stored, open_sources

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = pytest.mark.kafka

FAST = {"kafka.poll_timeout_s": "0.2", "kafka.connect_timeout_s": "5", "batching.max_age_s": "0.2"}
PARTITIONS = 4


def config(**overrides: str) -> Config:
    return load(overrides=FAST | {name.replace("__", "."): value for name, value in overrides.items()})


@pytest.fixture
def topic(broker: "Broker") -> str:
    return broker.create_topic(f"t-{uuid4().hex[:8]}", PARTITIONS)


def as_read(record: Record) -> Normalized:
    return Normalized(record, "test", empty_reason="test")


class Member:
    """An engine in a thread, with a store in memory."""

    def __init__(self, broker: "Broker", topic: str, settings: Config, work: Callable[[Batch], object] = repr) -> None:
        self.positions: dict[Partition, int] = {}
        self.read: list[Position] = []
        self.work = work
        self.stop = Event()
        self.error: BaseException | None = None
        name = f"kafka://{broker.bootstrap}/{topic}?group=g-{topic}"
        (self.source,) = open_sources([name], settings, follow=True, group_decides=True)
        assembler = Assembler(settings.assembly, as_read, not_joined)
        self.engine = Embedded([self.source], assembler, settings.batching, lambda: Stored(dict(self.known())))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def known(self) -> dict[Partition, int]:
        """What the owner of the engine says of the positions: nothing, so that the group's count."""
        return {}

    def run(self) -> None:
        try:
            self.engine.run(self.handle, self.stop)
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def handle(self, batch: Batch) -> None:
        self.work(batch)
        self.read += [item.record.position for item in batch.items]
        self.positions.update(batch.positions)

    def leave(self) -> None:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()
        assert self.error is None, self.error

    @property
    def owned(self) -> set[int]:
        assert isinstance(self.source, GroupSource)
        return {tp.partition for tp in self.source.next}


class Storing(Member):
    """A member with a store that outlives the group."""

    def known(self) -> dict[Partition, int]:
        return self.positions


def not_joined(name: str, payloads: Any, record: Record) -> Normalized:
    raise AssertionError(name)


@pytest.fixture
def members(broker: "Broker", topic: str) -> Iterator[Callable[..., Member]]:
    started: list[Member] = []

    def start(settings: Config | None = None, kind: type[Member] = Member, **options: Any) -> Member:
        started.append(kind(broker, topic, settings or config(), **options))
        return started[-1]

    yield start
    for member in started:
        member.stop.set()
        member.thread.join(30)


def wait_until(done: Callable[[], bool], wait_s: float = 40) -> None:
    deadline = time.monotonic() + wait_s
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def count(*members: Member) -> Counter[tuple[int, int]]:
    return Counter((at.partition, at.offset) for member in members for at in member.read)


def test_members_share_the_partitions_and_read_each_record_once(
    broker: "Broker", topic: str, members: Callable[..., Member]
) -> None:
    first = members()
    broker.produce(topic, [b"%d" % number for number in range(400)])
    wait_until(lambda: len(first.read) == 400)
    second = members()
    wait_until(lambda: len(first.owned) == len(second.owned) == PARTITIONS // 2)
    broker.produce(topic, [b"%d" % number for number in range(400)])
    wait_until(lambda: len(first.read) + len(second.read) == 800)
    second.leave()
    wait_until(lambda: len(first.owned) == PARTITIONS)
    broker.produce(topic, [b"%d" % number for number in range(400)])
    wait_until(lambda: len(first.read) + len(second.read) == 1200)
    first.leave()
    assert set(count(first, second).values()) == {1}


def test_what_was_read_of_a_partition_that_moves_is_stored_before_it_moves(
    broker: "Broker", topic: str, members: Callable[..., Member]
) -> None:
    """The batch would wait for more for an hour; the second member must not have to read any of it again."""
    first = members(config(batching__max_age_s="3600"))
    wait_until(lambda: len(first.owned) == PARTITIONS)
    broker.produce(topic, [b"%d" % number for number in range(100)])
    wait_until(lambda: first.engine.pending.n_read == 100)
    second = members()
    wait_until(lambda: len(second.owned) == PARTITIONS // 2)
    wait_until(lambda: len(first.read) == 100)
    assert second.read == []


def test_a_scorer_slower_than_the_poll_interval_costs_no_membership(
    broker: "Broker", topic: str, members: Callable[..., Member], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kafka.coordinator")
    slow = members(config(kafka__max_poll_interval_s="2"), work=lambda _: time.sleep(4))
    wait_until(lambda: len(slow.owned) == PARTITIONS)
    caplog.clear()
    broker.produce(topic, [b"%d" % number for number in range(8)])
    cpu_s = time.process_time()
    wait_until(lambda: len(slow.read) == 8)
    cpu_s = time.process_time() - cpu_s
    slow.leave()
    assert [message for message in caplog.messages if "oining" in message] == []
    assert set(count(slow).values()) == {1}
    assert cpu_s < 2, "it spins while it waits"


def test_a_partition_moves_on_though_its_batch_is_not_done_when_the_groups_patience_is(
    broker: "Broker", topic: str, members: Callable[..., Member]
) -> None:
    going = Event()
    slow = members(config(kafka__max_poll_interval_s="5"), work=lambda _: going.wait(60))
    wait_until(lambda: len(slow.owned) == PARTITIONS)
    broker.produce(topic, [b"%d" % number for number in range(8)])
    wait_until(lambda: bool(slow.engine.pending.since) and slow.engine.aside.thread is not None)
    second = members()
    wait_until(lambda: len(second.read) == 4)
    going.set()
    wait_until(lambda: len(slow.read) == 8)
    asking = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=f"g-{topic}", enable_auto_commit=False)
    second.leave()
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    wait_until(lambda: [asking.committed(place) for place in places] == [2] * PARTITIONS)
    asking.close()


def test_the_stores_positions_win_over_the_groups_and_those_over_the_start(
    broker: "Broker", topic: str, members: Callable[..., Member]
) -> None:
    broker.produce(topic, [b"%d" % number for number in range(8)])
    first = members()
    wait_until(lambda: len(first.read) == 8)
    first.leave()
    place = first.source.place(TopicPartition(topic, 1))  # type: ignore[attr-defined]

    class Behind(Storing):
        def known(self) -> dict[Partition, int]:
            return {place: 1} | self.positions

    behind = members(kind=Behind)
    wait_until(lambda: bool(behind.read))
    broker.produce(topic, [b"8"], partition=0)
    wait_until(lambda: len(behind.read) == 2)
    behind.leave()
    assert sorted(count(behind)) == [(0, 2), (1, 1)]


def test_a_lost_partition_is_dropped_and_read_on_from_where_the_group_stands(
    broker: "Broker", topic: str, members: Callable[..., Member]
) -> None:
    """A member that a pause made silent too long: the group gave its partitions away."""
    first = members(config(batching__max_age_s="3600", batching__max_records="1000000"))
    wait_until(lambda: len(first.owned) == PARTITIONS)
    broker.produce(topic, [b"%d" % number for number in range(100)])
    wait_until(lambda: first.engine.pending.n_read == 100)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.remove_group_members(f"g-{topic}", [MemberToRemove(member_of(admin, f"g-{topic}"))])
    wait_until(lambda: first.engine.pending.n_read == 100 and len(first.owned) == PARTITIONS)
    first.engine.limits = config().batching
    wait_until(lambda: len(first.read) == 100)
    first.leave()
    admin.close()
    assert set(count(first).values()) == {1}


def member_of(admin: KafkaAdminClient, group: str) -> str:
    return str(admin.describe_groups([group])[group]["members"][0]["member_id"])


def test_a_group_outlives_a_broker_that_is_killed_and_started_again(tmp_path: Path, broker: "Broker") -> None:
    mine = type(broker)(tmp_path)
    mine.start()
    try:
        topic = mine.create_topic("t", 2)
        member = Member(mine, topic, config())
        mine.produce(topic, [b"before"])
        wait_until(lambda: len(member.read) == 1)
        mine.kill()
        time.sleep(5)
        mine.start()
        mine.produce(topic, [b"after"])
        wait_until(lambda: len(member.read) == 2, 30)
        member.leave()
    finally:
        mine.kill()


def test_a_source_that_does_not_follow_ends_at_the_end(broker: "Broker", topic: str) -> None:
    broker.produce(topic, [b"%d" % number for number in range(8)])
    settings = config()
    sources: list[Source] = open_sources([f"kafka://{broker.bootstrap}/{topic}?group=g-{topic}"], settings)
    batches: list[Batch] = []
    Embedded(sources, Assembler(settings.assembly, as_read, not_joined), settings.batching, Stored).run(
        batches.append, Event()
    )
    assert sum(len(batch.items) for batch in batches) == 8
