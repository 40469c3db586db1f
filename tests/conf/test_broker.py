"""The development broker: it starts, keeps what was acknowledged over a crash, and says why it does not start."""

from pathlib import Path

import pytest
from kafka import KafkaConsumer

from conf.kafka.broker import choose_place, launch, prepare
from tests.broker import Broker

pytestmark = pytest.mark.kafka


def read_all(bootstrap: str, topic: str, n: int) -> list[bytes]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    try:
        return [record.value for record, _ in zip(consumer, range(n), strict=False)]
    finally:
        consumer.close()


def test_acknowledged_records_outlive_a_killed_broker(broker: Broker, tmp_path: Path) -> None:
    own = Broker(tmp_path)
    own.start()
    try:
        own.produce(own.create_topic("kept", partitions=1), [b"a", b"b", b"c"])
        own.kill()
        own.start()
        assert read_all(own.bootstrap, "kept", 3) == [b"a", b"b", b"c"]
    finally:
        own.kill()


def test_a_broker_that_cannot_start_says_why(broker: Broker, tmp_path: Path) -> None:
    taken = choose_place(tmp_path / "data", broker.place.port)
    prepare(taken)
    taken.config.write_text(taken.config.read_text().replace("node.id=1", "node.id=one"))
    with pytest.raises(RuntimeError, match="Not a number"):
        launch(choose_place(tmp_path / "data", 0), tmp_path / "log")
