"""Lost 0, duplicated 0: whatever is read again, moved to a topic, or killed when."""

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from auditor.__main__ import main
from tests.e2e.audits import (
    CONTENT,
    KILLED,
    OUTCOMES,
    SAMPLE_LOGS,
    SHARED_LOGS,
    SMALL_BATCHES,
    VERDICTS,
    arguments,
    blobs,
    filled,
    ledger,
    rows,
    run,
    states,
    unique_logs,
    values_in,
    wait_for_rows,
)
from tests.e2e.die_at import POINTS

if TYPE_CHECKING:
    from tests.broker import Broker

TABLES_OF_A_BATCH = 5  # inserts for each batch; the run itself is one more, before the first
DEATHS = [
    *((point, 1 + 2 * number) for number, point in enumerate(POINTS)),
    ("half_of_the_tables", 1 + 2 * TABLES_OF_A_BATCH),  # all is written, the commit is next
]


def test_files_read_again_give_no_new_verdict(tmp_path: Path) -> None:
    db = tmp_path / "a.duckdb"
    first = run(str(SAMPLE_LOGS), db)
    before = rows(db, VERDICTS)
    again = run(str(SAMPLE_LOGS), db)
    assert first["verdicts"] == len(before) > 0
    assert sum(first["states"].values()) == first["records"]
    assert (again["records"], again["verdicts"]) == (0, 0)
    assert rows(db, VERDICTS) == before
    assert sum(line["records"] for line in ledger(db)) == first["records"]


def test_a_file_that_grew_is_read_from_where_it_ended(tmp_path: Path) -> None:
    db, log = tmp_path / "a.duckdb", tmp_path / "log.jsonl"
    lines = list(unique_logs(30))
    log.write_bytes(b"\n".join(lines[:20]) + b"\n")
    run(str(log), db)
    log.write_bytes(b"\n".join(lines) + b"\n")
    assert run(str(log), db)["records"] == len(lines) - 20
    assert len(rows(db, VERDICTS)) == 30


@pytest.mark.kafka
@pytest.mark.parametrize("shared", [False, True], ids=["samples", "with_shared_samples"])
def test_a_topic_gives_the_verdicts_that_the_files_give(broker: "Broker", tmp_path: Path, shared: bool) -> None:
    if shared and not SHARED_LOGS.exists():
        pytest.skip("shared samples are not beside this checkout")
    folders = [SAMPLE_LOGS, *([SHARED_LOGS] if shared else [])]
    from_files, from_topic = tmp_path / "files.duckdb", tmp_path / "topic.duckdb"
    summaries = [run(str(folder), from_files) for folder in folders]
    source = filled(broker, values_in(*folders))
    summary = run(source, from_topic)
    assert summary["records"] == sum(each["records"] for each in summaries)
    assert rows(from_topic, VERDICTS) == rows(from_files, VERDICTS)
    assert run(source, from_topic)["verdicts"] == 0
    assert [line["partition"] for line in ledger(from_topic)] == [0, 1, 2, 3]


@pytest.mark.kafka
def test_a_new_database_leaves_nothing_out_wherever_its_group_stands(broker: "Broker", tmp_path: Path) -> None:
    source = f"{filled(broker, list(unique_logs(30)))}?group=g-{uuid4().hex[:8]}"
    first, second = tmp_path / "first.duckdb", tmp_path / "second.duckdb"
    assert run(source, first)["verdicts"] == 30
    assert run(source, second)["verdicts"] == 30
    assert run(source, second)["records"] == 0


@pytest.fixture(scope="module")
def undisturbed(broker: "Broker", tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A topic, and the database of an audit of it that nothing disturbed."""
    db = tmp_path_factory.mktemp("undisturbed") / "a.duckdb"
    source = filled(broker, list(unique_logs(200, n_images=40)))
    assert run(source, db, *SMALL_BATCHES)["verdicts"] == 200
    return source, db


@pytest.mark.kafka
@pytest.mark.parametrize(("point", "count"), DEATHS)
def test_killed_at_a_point_and_resumed_ends_as_if_undisturbed(
    undisturbed: tuple[str, Path], tmp_path: Path, point: str, count: int
) -> None:
    source, wanted = undisturbed
    db = tmp_path / "a.duckdb"
    words = [sys.executable, "-m", "tests.e2e.die_at", point, str(count)]
    died = subprocess.run([*words, *arguments("run", source, db, *SMALL_BATCHES)], check=False)
    assert died.returncode == KILLED
    assert_same_in_the_end(source, db, wanted)


@pytest.mark.kafka
def test_killed_at_random_moments_and_resumed_ends_as_if_undisturbed(
    undisturbed: tuple[str, Path], tmp_path: Path
) -> None:
    source, wanted = undisturbed
    db = tmp_path / "a.duckdb"
    moments = random.Random(7)  # noqa: S311 - no secret; a seed, so that a failure can be seen again
    for _ in range(3):
        words = arguments("run", source, db, *SMALL_BATCHES)
        process = subprocess.Popen([sys.executable, "-m", "auditor", *words], stdout=subprocess.DEVNULL)
        wait_for_rows(db, process, moments.uniform(0.0, 0.4))
        process.kill()
        process.wait()
    assert_same_in_the_end(source, db, wanted)


@pytest.mark.kafka
def test_stopped_under_load_it_ends_soon_leaves_its_group_and_scores_nothing_twice(
    broker: "Broker", tmp_path: Path
) -> None:
    db, group = tmp_path / "a.duckdb", f"g-{uuid4().hex[:8]}"
    source = f"{filled(broker, list(unique_logs(3000)))}?group={group}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    verdicts = 0
    for then_s in (0.2, 0.6, 1.0):
        words = [sys.executable, "-m", "auditor", *arguments("run", source, db, "--follow", *SMALL_BATCHES)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        wait_for_member(group, admin, process)
        time.sleep(then_s)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, time.monotonic() - began < 10) == (0, True)
        assert members_of(group, admin) == []
        verdicts += json.loads(out)["verdicts"]
    admin.close()
    ledger(db)
    assert verdicts + run(source, db)["verdicts"] == len(rows(db, VERDICTS)) == 3000


@pytest.mark.kafka
def test_the_ledger_names_offsets_without_records_and_fails_when_it_is_not_balanced(
    broker: "Broker", tmp_path: Path
) -> None:
    db, source = tmp_path / "a.duckdb", filled(broker, list(unique_logs(20)))
    topic = source.rpartition("/")[2]
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=f"tx-{topic}")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, value=b"never", partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.close()
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    run(source, db)
    broker.produce(topic, unique_logs(20))
    admin.delete_records({TopicPartition(topic, number): -1 for number in (1, 2)})
    admin.close()
    run(source, db)
    lines = ledger(db)
    assert lines[0]["gap_reasons"] == {"compacted_or_transaction": 2}
    assert [set(line["gap_reasons"]) for line in lines[1:]] == [{"retention"}, {"retention"}, set()]
    with duckdb.connect(str(db)) as connection:
        connection.execute('DELETE FROM outcomes WHERE "offset" = 1 AND "partition" = 3')
    assert main(["ledger", "--db", str(db), "--fail-on-unbalanced"]) == 3


@pytest.mark.kafka
def test_a_broker_that_is_killed_again_and_again_ends_no_run_and_loses_nothing(
    broker: "Broker", tmp_path: Path
) -> None:
    db, mine = tmp_path / "a.duckdb", type(broker)(tmp_path)
    mine.start()
    try:
        mine.create_topic("t", 4)
        source = f"kafka://{mine.bootstrap}/t?group=g"
        words = [sys.executable, "-m", "auditor", *arguments("run", source, db, "--follow", *SMALL_BATCHES)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        logs = list(unique_logs(900))
        for cycle in range(2):
            mine.produce("t", logs[cycle::2])
            time.sleep(1.5)
            mine.kill()
            time.sleep(1)
            mine.start()
        wait_for_lag(mine.bootstrap, 200)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert json.loads(out)["verdicts"] == 900
        assert run(source, db)["verdicts"] == 0
        assert sum(line["records"] for line in ledger(db)) == len(logs)
    finally:
        mine.kill()


def wait_for_lag(bootstrap: str, wait_s: float) -> None:
    """Wait until the group stands at the end of the topic."""
    looking = KafkaConsumer(bootstrap_servers=bootstrap, group_id="g", enable_auto_commit=False)
    partitions = [TopicPartition("t", number) for number in range(4)]
    deadline = time.monotonic() + wait_s
    while {tp: looking.committed(tp) for tp in partitions} != looking.end_offsets(partitions):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    looking.close()


def wait_for_member(group: str, admin: KafkaAdminClient, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process reads as a member of its group, whose coordinator the first has to wait for."""
    joined = False
    while not joined:
        assert process.poll() is None
        with suppress(KafkaError):
            joined = bool(members_of(group, admin))


def members_of(group: str, admin: KafkaAdminClient) -> list[Any]:
    """Who is in a consumer group."""
    return list(admin.describe_groups([group])[group]["members"])


def assert_same_in_the_end(source: str, db: Path, wanted: Path) -> None:
    """Read on to the end: all that is kept is what an audit that nothing disturbed keeps."""
    run(source, db, *SMALL_BATCHES)
    for query in CONTENT:
        assert rows(db, query) == rows(wanted, query)
    assert states(db) == states(wanted)
    assert sum(line["records"] for line in ledger(db)) == len(rows(wanted, OUTCOMES))
    assert blobs(db) == blobs(wanted)
