import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from conf.schema import Config, load
from ingest import kafka_client
from ingest.errors import SourceChanged, SourceNotFound
from ingest.kafka import KafkaSource, open_topics
from ingest.qta import Gap, Record
from ingest.source import Partition, Polled

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = pytest.mark.kafka

CONFIG = load(overrides={"kafka.poll_timeout_s": "0.2", "kafka.connect_timeout_s": "5"})


@pytest.fixture
def topic(broker: "Broker") -> str:
    return broker.create_topic(f"t-{uuid4().hex[:8]}", 2)


@pytest.fixture
def admin(broker: "Broker") -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    yield client
    client.close()


def opened(
    broker: "Broker",
    topic: str,
    stored: dict[Partition, int] | None = None,
    config: Config = CONFIG,
    *,
    follow: bool = False,
) -> KafkaSource:
    source = open_topics(f"kafka://{broker.bootstrap}/{topic}", config, follow=follow)
    source.resume(stored or {})
    return source


def poll_until(source: KafkaSource, done: Callable[[list[Polled]], bool], wait_s: float = 40) -> list[Record | Gap]:
    polls: list[Polled] = []
    deadline = time.monotonic() + wait_s
    while not done(polls):
        assert time.monotonic() < deadline, polls
        polls.append(source.poll())
    return [item for polled in polls for item in polled.items]


def read(source: KafkaSource) -> list[Record | Gap]:
    """All that a source brings before it is exhausted."""
    try:
        return poll_until(source, lambda polls: bool(polls) and polls[-1].exhausted)
    finally:
        source.close()


def gaps(items: list[Record | Gap]) -> list[tuple[int, int, int, str]]:
    return [(item.partition, item.first, item.last, item.reason) for item in items if isinstance(item, Gap)]


def values(items: list[Record | Gap]) -> list[bytes]:
    return [item.value for item in items if isinstance(item, Record)]


def test_every_partition_is_read_in_order_to_its_end(broker: "Broker", topic: str) -> None:
    broker.produce(topic, [b"%d" % number for number in range(100)])
    source = opened(broker, topic)
    name = source.source(topic)
    first = source.poll()
    assert first.starts == {(name, 0): 0, (name, 1): 0}
    records = [item for item in (*first.items, *read(source)) if isinstance(item, Record)]
    for partition in (0, 1):
        mine = [record for record in records if record.position.partition == partition]
        assert [record.position.offset for record in mine] == list(range(50))
        assert [int(record.value) for record in mine] == list(range(partition, 100, 2))


def test_reading_goes_on_at_the_stored_positions(broker: "Broker", topic: str) -> None:
    broker.produce(topic, [b"0", b"1", b"2"], partition=0)
    broker.produce(topic, [b"3"], partition=1)
    source = opened(broker, topic)
    name = source.source(topic)
    source.close()
    assert values(read(opened(broker, topic, {(name, 0): 2, (name, 1): 1}))) == [b"2"]


def test_reading_begins_again_at_held_records_and_a_gap_before_them_is_named(
    broker: "Broker", topic: str, admin: KafkaAdminClient
) -> None:
    broker.produce(topic, [b"%d" % number for number in range(5)], partition=0)
    source = open_topics(f"kafka://{broker.bootstrap}/{topic}", CONFIG, follow=False)
    name = source.source(topic)
    source.resume({(name, 0): 4, (name, 1): 0}, {(name, 0): 2})
    assert values(read(source)) == [b"2", b"3", b"4"]
    admin.delete_records({TopicPartition(topic, 0): 3})
    source = open_topics(f"kafka://{broker.bootstrap}/{topic}", CONFIG, follow=False)
    source.resume({(name, 0): 4, (name, 1): 0}, {(name, 0): 2})
    items = read(source)
    assert (gaps(items), values(items)) == ([(0, 2, 2, "retention")], [b"3", b"4"])


def test_a_value_that_is_null_and_a_large_one_are_records(broker: "Broker", topic: str) -> None:
    large = b"x" * 20_000_000
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    producer.send(topic, key=b"deleted", value=None, partition=0).get(10)
    producer.close()
    broker.produce(topic, [large], partition=0)
    assert values(read(opened(broker, topic))) == [b"", large]


def test_transaction_markers_and_aborted_records_are_gaps(broker: "Broker", topic: str) -> None:
    """Offsets: 0, 1 committed, 2 its marker, 3, 4 aborted, 5 its marker, 6 committed, 7 its marker."""
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{topic}")
    producer.init_transactions()
    for batch, keep in (([b"a", b"b"], True), ([b"no", b"no"], False), ([b"c"], True)):
        producer.begin_transaction()
        for value in batch:
            producer.send(topic, value=value, partition=0)
        producer.flush()
        (producer.commit_transaction if keep else producer.abort_transaction)()
    producer.close()
    items = read(opened(broker, topic))
    assert values(items) == [b"a", b"b", b"c"]
    covered = [offset for _, first, last, _ in gaps(items) for offset in range(first, last + 1)]
    assert sorted(covered) == [2, 3, 4, 5, 7]


def test_what_retention_deleted_since_the_last_run_is_a_gap(
    broker: "Broker", topic: str, admin: KafkaAdminClient
) -> None:
    broker.produce(topic, [b"%d" % number for number in range(8)], partition=0)
    admin.delete_records({TopicPartition(topic, 0): 5})
    name = opened(broker, topic).source(topic)
    items = read(opened(broker, topic, {(name, 0): 2, (name, 1): 0}))
    assert gaps(items) == [(0, 2, 4, "retention")]
    assert values(items) == [b"5", b"6", b"7"]


def test_what_retention_deletes_under_our_feet_is_a_gap(broker: "Broker", topic: str, admin: KafkaAdminClient) -> None:
    broker.produce(topic, [b"%d" % number for number in range(8)], partition=0)
    source = opened(broker, topic)
    admin.delete_records({TopicPartition(topic, 0): 6})
    items = read(source)
    assert gaps(items) == [(0, 0, 5, "retention")]
    assert values(items) == [b"6", b"7"]


def test_a_topic_that_was_made_anew_is_refused(broker: "Broker", topic: str) -> None:
    name = opened(broker, topic).source(topic)
    with pytest.raises(SourceChanged, match=topic):
        opened(broker, topic, {(name, 0): 4})


def test_a_topic_made_anew_while_it_is_read_is_refused(broker: "Broker", topic: str, admin: KafkaAdminClient) -> None:
    broker.produce(topic, [b"%d" % number for number in range(8)], partition=0)
    source = opened(broker, topic, follow=True)
    assert len(values(poll_until(source, lambda polls: sum(len(polled.items) for polled in polls) == 8))) == 8
    admin.delete_topics([topic])
    time.sleep(1)
    broker.create_topic(topic, 2)
    broker.produce(topic, [b"another"], partition=0)
    with pytest.raises(SourceChanged, match=topic):
        poll_until(source, lambda polls: any(polled.items for polled in polls))
    source.close()


def test_latest_leaves_out_what_is_there_but_not_what_came_while_we_were_away(broker: "Broker", topic: str) -> None:
    latest = load(overrides={"kafka.start": "latest", "kafka.poll_timeout_s": "0.2"})
    broker.produce(topic, [b"old"], partition=0)
    source = opened(broker, topic, config=latest)
    name = source.source(topic)
    polled = source.poll()
    source.close()
    assert polled == Polled((), {(name, 0): 1, (name, 1): 0}, exhausted=True)
    broker.produce(topic, [b"new"], partition=1)
    assert values(read(opened(broker, topic, {(name, 0): 1}, latest))) == [b"new"]


def test_partitions_added_while_following_are_read_from_their_start(
    broker: "Broker", topic: str, admin: KafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_client, "NEW_PARTITIONS_S", 0.5)
    source = opened(broker, topic, follow=True)
    source.poll()
    admin.create_partitions({topic: 3})
    broker.produce(topic, [b"late"], partition=2)
    items = poll_until(source, lambda polls: any(polled.items for polled in polls))
    source.close()
    assert [(item.position.partition, item.position.offset) for item in items if isinstance(item, Record)] == [(2, 0)]


def test_a_topic_that_is_not_there_is_named_and_not_made(broker: "Broker", admin: KafkaAdminClient) -> None:
    with pytest.raises(SourceNotFound, match="no topic nowhere"):
        opened(broker, "nowhere")
    assert "nowhere" not in admin.list_topics()


def test_following_outlives_a_broker_that_is_killed_and_started_again(tmp_path: Path, broker: "Broker") -> None:
    mine = type(broker)(tmp_path)
    mine.start()
    try:
        topic = mine.create_topic("t", 1)
        mine.produce(topic, [b"before"])
        source = opened(mine, topic, follow=True)
        assert values(poll_until(source, lambda polls: any(polled.items for polled in polls))) == [b"before"]
        mine.kill()
        assert [source.poll().items for _ in range(5)] == [()] * 5
        mine.start()
        mine.produce(topic, [b"after"])
        assert values(poll_until(source, lambda polls: any(polled.items for polled in polls))) == [b"after"]
        source.close()
    finally:
        mine.kill()
