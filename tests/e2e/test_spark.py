"""Spark against the embedded engine: the same topic, the same content; also when the driver is killed in between."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from auditor.sink import Sink
from auditor.store import Store
from conf.schema import load
from ingest.kafka import open_topics
from tests.e2e.audits import CONTENT, KILLED, OUTCOMES, filled, ledger, rows, run, traceaudit, unique_logs

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.spark]

# A small JVM that compiles little: most of these tests is its start.
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
SMALL = {"spark.driver.memory": "1g", "spark.ui.enabled": "false", "spark.driver.extraJavaOptions": JAVA}
CONF = "spark.conf={" + ", ".join(f'"{name}" = "{value}"' for name, value in SMALL.items()) + "}"
N_RECORDS = 200
STATES = "SELECT state, reason, count(*) FROM outcomes GROUP BY ALL ORDER BY ALL"
FATES = OUTCOMES.replace("state,", "replace(state, 'duplicate', 'scored'),")
DONE = "SELECT count(*) FROM outcomes"


@pytest.fixture(scope="module", autouse=True)
def on_loopback() -> Iterator[None]:
    """Spark would look for a name of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        yield


@pytest.fixture(scope="module")
def undisturbed(broker: "Broker", tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A topic with broken records, duplicates, images and markers of transactions; and an embedded audit of it."""
    source = filled(broker, list(unique_logs(N_RECORDS, n_images=20)))
    transact(broker, source.rpartition("/")[2])
    db = tmp_path_factory.mktemp("undisturbed") / "a.duckdb"
    run(source, db)
    return source, db


def transact(broker: "Broker", topic: str) -> None:
    """A committed transaction and one that is given up, each in two partitions: their markers end these."""
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=uuid4().hex)
    producer.init_transactions()
    for number, end in enumerate((producer.commit_transaction, producer.abort_transaction)):
        producer.begin_transaction()
        for partition in (number, number + 1):
            value = b'{"qta": 1, "question": "tx%d", "answer": "a", "response_id": "tx%d"}' % (number, partition)
            producer.send(topic, value, partition=partition, headers=[("tenant", b"bank")])
        producer.flush()
        end()
    producer.close()


def arguments(broker: "Broker", source: str, folder: Path, *options: str) -> list[str]:
    """A command line, with a topic of outcomes that is made once for a folder."""
    name = folder / "outcomes"
    if not name.exists():
        name.write_text(broker.create_topic(f"o-{uuid4().hex[:8]}", 2))
    outcomes = f"kafka://{broker.bootstrap}/{name.read_text()}"
    places = ["--outcomes", outcomes, "--checkpoint", str(folder / "checkpoint")]
    settings = ["--set", f"images.blob_dir={folder / 'a.duckdb.blobs'}", "--set", CONF, *options]
    return ["spark", source, *places, "--master", "local[2]", "--once", "--json", "--backend", "scripted", *settings]


def drained(broker: "Broker", folder: Path) -> Path:
    """The database that the service would have after all that is in the topic of outcomes."""
    db, config = folder / "a.duckdb", load()
    outcomes = open_topics(f"kafka://{broker.bootstrap}/{(folder / 'outcomes').read_text()}", config, follow=False)
    with Store.open(str(db)) as store, closing(outcomes):
        sink = Sink(store, config.fleet, lambda: datetime.now(UTC))
        outcomes.resume({})
        exhausted = False
        while not exhausted:
            polled = outcomes.poll()
            sink.take(polled.items)
            exhausted = polled.exhausted
        assert (sink.alarms, sink.waiting().n_ranges) == ({}, 0)
    return db


def assert_same(db: Path, wanted: Path) -> None:
    """Everything is, but which of two records with one triple came first, where they lie in two partitions."""
    for query in (*CONTENT, FATES, STATES):
        assert rows(db, query) == rows(wanted, query)
    assert [line | {"states": None} for line in ledger(db)] == [line | {"states": None} for line in ledger(wanted)]


def test_spark_gives_what_the_embedded_engine_gives(
    broker: "Broker", undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    source, wanted = undisturbed
    words = arguments(broker, source, tmp_path, "--set", "spark.max_offsets_per_trigger=120")
    (summary,) = traceaudit(*words)
    assert_same(drained(broker, tmp_path), wanted)
    assert summary["batches"] > 1
    assert (summary["records"],) == rows(wanted, DONE)[0]


def test_a_driver_killed_in_a_micro_batch_and_started_again_loses_and_repeats_nothing(
    broker: "Broker", undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    source, wanted = undisturbed
    words = arguments(broker, source, tmp_path, "--set", "spark.max_offsets_per_trigger=120")
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.spark_dies", *words], stdout=subprocess.DEVNULL)
    assert process.wait(120) == KILLED
    assert not (tmp_path / "checkpoint" / "commits" / "1").exists()
    (summary,) = traceaudit(*words)
    assert summary["records"] < rows(wanted, DONE)[0][0]  # the first micro-batch was done
    assert_same(drained(broker, tmp_path), wanted)
