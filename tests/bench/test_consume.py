"""Reading and normalizing a topic, against polling it and looking at nothing."""

import json
from threading import Event

import pytest
from kafka import KafkaConsumer, TopicPartition

from conf.schema import Config, load
from ingest.assembly import Assembler
from ingest.engines.embedded import Embedded
from ingest.kafka import open_topics
from ingest.normalize import joiner, normalizer
from ingest.qta import Batch, Normalized, Record
from ingest.source import Stored
from tests.bench.measure import compare
from tests.broker import Broker

N_RECORDS = 20_000
RECORD_BYTES = 2_000
PARTITIONS = 4

pytestmark = pytest.mark.kafka


def chat_record(number: int) -> bytes:
    """An OpenAI chat call of about 2 kB, each one another triple."""
    words = f"The quick brown fox {number} jumps over the lazy dog. " * 12
    response = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": "deepseek-reasoner",
        "created": 1_770_000_000,
        "choices": [{"message": {"role": "assistant", "content": words, "reasoning_content": words}}],
    }
    record = {"request": {"messages": [{"role": "user", "content": words}]}, "response": response}
    return json.dumps(record).encode()


def poll_only(broker: Broker, topic: str, config: Config) -> None:
    """The bare loop: fetch every record and drop it."""
    consumer = KafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=config.kafka.max_partition_fetch_bytes,
    )
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    consumer.seek_to_beginning()
    seen = 0
    while seen < N_RECORDS:
        polled = consumer.poll(timeout_ms=1000, max_records=config.kafka.poll_records)
        seen += sum(map(len, polled.values()))
    consumer.close()


def unread(record: Record) -> Normalized:
    """A record that nobody looks at."""
    return Normalized(record, None, empty_reason="bench")


def bookkeeping(broker: Broker, topic: str, config: Config) -> None:
    """What is done for exactly once: positions, gaps, batches; each record is looked at by nobody."""
    n_items: list[int] = []
    source = open_topics(f"kafka://{broker.bootstrap}/{topic}", config, follow=False)
    assembler = Assembler(
        config.assembly, lambda record: Normalized(record, None, empty_reason="bench"), joiner(config)
    )
    engine = Embedded([source], assembler, config.batching, Stored)
    engine.run(lambda batch: n_items.append(len(batch.items)), Event())
    assert sum(n_items) == N_RECORDS


def consume(broker: Broker, topic: str, config: Config) -> None:
    """What `traceaudit run` does before the guard: read, normalize, batch."""
    batches: list[int] = []

    def handle(batch: Batch) -> None:
        assert all(item.triples for item in batch.items)
        batches.append(len(batch.items))

    source = open_topics(f"kafka://{broker.bootstrap}/{topic}", config, follow=False)
    assembler = Assembler(config.assembly, normalizer(config), joiner(config))
    Embedded([source], assembler, config.batching, Stored).run(handle, Event())
    assert sum(batches) == N_RECORDS


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    assert len(chat_record(N_RECORDS)) == pytest.approx(RECORD_BYTES, rel=0.1)
    name = broker.create_topic("bench-consume", PARTITIONS)
    broker.produce(name, map(chat_record, range(N_RECORDS)))
    return name


def test_poll_and_bookkeeping_against_bare_poll(broker: Broker, topic: str) -> None:
    config = load()
    compare(
        "poll + bookkeeping against bare poll",
        "records",
        N_RECORDS,
        lambda: bookkeeping(broker, topic, config),
        lambda: poll_only(broker, topic, config),
    )


def test_consume_and_normalize_against_bare_poll(broker: Broker, topic: str) -> None:
    config = load()
    compare(
        "consume + normalize against bare poll",
        "records",
        N_RECORDS,
        lambda: consume(broker, topic, config),
        lambda: poll_only(broker, topic, config),
    )
