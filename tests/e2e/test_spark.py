"""Spark against the embedded engine: the same topic, the same content, whoever is killed in between.

On two cores of one process, and on a standalone cluster of two workers.
"""

import json
import os
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

from auditor.errors import ExecutorDiffers
from auditor.sink import Sink
from auditor.spark import job_of, key_rows
from auditor.spark_cli import check
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import load
from ingest.kafka import open_topics
from tests.e2e.audits import CONTENT, KILLED, OUTCOMES, filled, ledger, rows, run, traceaudit, unique_logs
from tests.e2e.spark_cluster import cluster, wait_for

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.spark]

# A small JVM that compiles little: most of these tests is its start.
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
SMALL = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": JAVA,
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": JAVA,
}
CONF = "spark.conf={" + ", ".join(f'"{name}" = "{value}"' for name, value in SMALL.items()) + "}"
N_RECORDS = 200
CUT, LAST = "spark.max_offsets_per_trigger=130", "1"  # two micro-batches
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


def arguments(broker: "Broker", source: str, folder: Path, master: str, *options: str) -> list[str]:
    """A command line, with a topic of outcomes that is made once for a folder."""
    name = folder / "outcomes"
    if not name.exists():
        name.write_text(broker.create_topic(f"o-{uuid4().hex[:8]}", 2))
    outcomes = f"kafka://{broker.bootstrap}/{name.read_text()}"
    places = ["--outcomes", outcomes, "--checkpoint", str(folder / "checkpoint")]
    settings = ["--set", f"images.blob_dir={folder / 'a.duckdb.blobs'}", "--set", CONF, *options]
    return ["spark", source, *places, "--master", master, "--json", "--backend", "scripted", *settings]


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


def test_a_driver_killed_in_a_micro_batch_and_started_again_loses_and_repeats_nothing(
    broker: "Broker", undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    source, wanted = undisturbed
    words = arguments(broker, source, tmp_path, "local[2]", "--once", "--set", CUT)
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.spark_dies", *words], stdout=subprocess.DEVNULL)
    assert process.wait(240) == KILLED
    assert not (tmp_path / "checkpoint" / "commits" / "1").exists()
    (summary,) = traceaudit(*words)
    assert summary["records"] < rows(wanted, DONE)[0][0]  # the first micro-batch was done
    assert_same(drained(broker, tmp_path), wanted)


def test_a_cluster_that_loses_a_worker_and_is_asked_to_stop_gives_the_same(
    broker: "Broker", undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    source, wanted = undisturbed
    commits = tmp_path / "checkpoint" / "commits"
    with cluster(tmp_path, JAVA) as running:
        words = arguments(broker, source, tmp_path, running.master, "--set", CUT)
        driver = subprocess.Popen([sys.executable, "-m", "auditor", *words], stdout=subprocess.PIPE)
        wait_for(lambda: (commits / "0").exists() or driver.poll() is not None)
        running.workers[0].kill()
        wait_for(lambda: (commits / LAST).exists() or driver.poll() is not None)
        driver.terminate()
        printed, _ = driver.communicate(timeout=60)
    assert driver.returncode == 0
    assert json.loads(printed)["records"] == rows(wanted, DONE)[0][0]
    assert_same(drained(broker, tmp_path), wanted)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"JAVA_HOME": "/nowhere"}, "traceaudit: JAVA_HOME = /nowhere has no bin/java; install Java 17"),
        ({"TRACEAUDIT_USER_KEY": ""}, "traceaudit: no key for pseudonyms of users"),
    ],
    ids=["java", "key"],
)
def test_what_is_missing_is_one_clear_line(
    broker: "Broker", undisturbed: tuple[str, Path], tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    words = arguments(broker, undisturbed[0], tmp_path, "local[2]", "--once")
    command = [sys.executable, "-m", "auditor", *words]
    done = subprocess.run(command, env={**os.environ, **changes}, capture_output=True, text=True, check=False)
    assert done.returncode in {1, 2}
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "settings", "said"),
    [
        ("logs.jsonl", {}, "Spark reads topics"),
        ("kafka://b:1/t?group=g", {}, "leave out [?]group="),
        ("kafka://b:1/t", {}, "fleet.outcomes"),
        ("kafka://b:1/t", {"fleet.outcomes": "kafka://b:1/o"}, "images.blob_dir"),
    ],
)
def test_a_command_that_lacks_something_is_refused_before_spark_starts(
    source: str, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(TraceauditError, match=said):
        check(source, load(overrides=settings))


def test_an_executor_that_names_people_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of("kafka://b:1/t", load())
    monkeypatch.setenv("TRACEAUDIT_USER_KEY", "another key of another machine")
    with pytest.raises(ExecutorDiffers, match="key for pseudonyms"):
        next(key_rows(job, ()))
