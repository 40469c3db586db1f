"""What the end-to-end tests share: logs, the command, and what of a database must not depend on luck."""

import json
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
from kafka import KafkaConsumer, TopicPartition

from auditor.__main__ import main
from auditor.service import find_service
from conf.schema import load
from ingest.source import open_source, records_of
from reports import samples

if TYPE_CHECKING:
    import subprocess

    from tests.broker import Broker

SAMPLE_LOGS = Path(samples.__path__[0]) / "logs"
SHARED_LOGS = Path(__file__).parents[2] / ".." / "shared" / "samples" / "logs"

# Everything of a verdict and a triple but when, how fast, in which run and where it was first read; and but whether the
# same content had been judged before, which each process knows of its own.
VERDICTS = """
    SELECT * EXCLUDE (run_id, scored_at, seconds, reused_from, prompt_tokens, output_tokens, batch, salt, leaf)
    FROM verdicts ORDER BY ALL"""
TRIPLES = """
    SELECT * EXCLUDE (source, "partition", "offset", stored_at, batch, salt, leaf) FROM triples ORDER BY id"""
IMAGES = "SELECT * EXCLUDE (batch, salt, leaf) FROM images ORDER BY ALL"
DEAD_LETTERS = "SELECT reason, detail, value FROM dead_letters ORDER BY ALL"
SMALL_BATCHES = ("--set", "batching.max_records=16", "--set", "kafka.poll_records=20")
KILLED = -9
OUTCOMES = 'SELECT source, "partition", "offset", state, reason, format, triple_ids FROM outcomes ORDER BY ALL'
CONTENT = (VERDICTS, TRIPLES, IMAGES, DEAD_LETTERS)


def values_in(*folders: Path) -> list[bytes]:
    """The records of all files in `folders`, as they would lie in a topic."""
    config = load()
    return [record.value for folder in folders for record in records_of(open_source(str(folder), config))]


def unique_logs(n_records: int, n_images: int = 3) -> Iterator[bytes]:
    """Records in our own format, every tenth sent twice, with a broken one and an image here and there."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    for number in range(n_records):
        images = [f"data:image/png;base64,{pixel}"] if number < n_images else []
        line = {"qta": 1, "question": f"q{number}", "thinking": "t", "answer": "a", "response_id": f"r{number}"}
        yield json.dumps(line | {"images": images}).encode()
        if number % 10 == 0:
            yield json.dumps(line | {"images": images}).encode()
        if number % 17 == 0:
            yield b'{"qta": 1, broken %d' % number


def filled(broker: "Broker", values: list[bytes]) -> str:
    """A SOURCE: a new topic of four partitions that holds `values`."""
    topic = broker.create_topic(f"t-{uuid4().hex[:8]}", 4)
    broker.produce(topic, values)
    return f"kafka://{broker.bootstrap}/{topic}"


def wait_for_rows(db: Path, process: "subprocess.Popen[bytes]", then_s: float) -> None:
    """Wait until the process has the database open and for a moment more, or until it ended."""
    deadline = time.monotonic() + 60
    while process.poll() is None and not owns(process.pid, db):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(then_s)


def owns(pid: int, db: Path) -> bool:
    """Whether a process says that it has the database open."""
    service = find_service(str(db))
    return service is not None and service.pid == pid


def run(source: str, db: Path, *options: str) -> dict[str, Any]:
    """The summary of `traceaudit run`, which must end well."""
    (summary,) = traceaudit(*arguments("run", source, db, *options))
    return summary


def arguments(name: str, source: str, db: Path, *options: str) -> list[str]:
    """Those of an audit without a model, its database at `db`."""
    return [name, source, "--backend", "scripted", "--db", str(db), "--json", *options]


def ledger(db: Path) -> list[dict[str, Any]]:
    """The lines of `traceaudit ledger`, which must find nothing unbalanced."""
    return traceaudit("ledger", "--db", str(db), "--json", "--fail-on-unbalanced")


def traceaudit(*words: str) -> list[dict[str, Any]]:
    """The lines that the command prints; it runs in this process, since starting one takes longer than the audit."""
    with redirect_stdout(StringIO()) as out:
        assert main(list(words)) == 0, out.getvalue()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def rows(db: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a database that nobody has open."""
    with duckdb.connect(str(db), read_only=True) as connection:
        return connection.execute(query).fetchall()


def messages(broker: "Broker", topic: str) -> list[Any]:
    """All that a topic of one partition holds."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False, group_id=None)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    found: list[Any] = []
    while consumer.position(place) < end:
        found += [message for batch in consumer.poll(500).values() for message in batch]
    consumer.close()
    return found


def states(db: Path) -> list[tuple[Any, ...]]:
    """Every outcome, but for which of two records with the same triple was first: partitions are not in order."""
    return sorted(
        (source, partition, offset, ids, reason, state if state not in {"scored", "duplicate"} else "judged")
        for source, partition, offset, state, reason, _, ids in rows(db, OUTCOMES)
    )


def blobs(db: Path) -> set[str]:
    """The names of the images kept, half-written ones left out."""
    folder = db.with_name(f"{db.name}.blobs")
    return {path.name for path in folder.glob("*/*") if not path.name.startswith(".")}
