"""The broker, killed under load: an audit that follows the topic lives through it, and so does a fleet."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from kafka import KafkaProducer

from tests.chaos.load import PARTITIONS, values
from tests.chaos.proof import Proof, Scene, prove
from tests.e2e.audits import OUTCOMES, SMALL_BATCHES, arguments, rows, run
from tests.e2e.fleet import wait_until

if TYPE_CHECKING:
    from tests.broker import Broker

PER_DEATH = 150  # records that are sent between two deaths
RECOVERY_S = 90.0
OPTIONS = (*SMALL_BATCHES, "--set", "assembly.idle_s=300")  # an outage must not be taken for the end of a trace


def kill_broker(scene: Scene, restarts: int) -> tuple[float, list[Proof]]:
    """Kill and restart the broker while records are written and audited.

    The records are written while it happens, so that the undisturbed audit comes last.

    Returns:
        How long the slowest recovery took, from the broker's start to the next stored record; and the proof.
    """
    luck, broker, folder = scene.luck, scene.broker, scene.folder
    topic = broker.create_topic(f"chaos-{uuid4().hex[:8]}", PARTITIONS)
    source, db = f"kafka://{broker.bootstrap}/{topic}", folder / "a.duckdb"
    words = [sys.executable, "-m", "auditor", *arguments("run", source, db, "--follow", *OPTIONS)]
    producing = Producing(broker, topic, values(scene.seed, PER_DEATH * restarts))
    slowest_s = 0.0
    log = folder / "run.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        producing.start()
        wait_until(lambda: written(db) > 0)
        for _ in range(restarts):
            time.sleep(luck.uniform(1.0, 3.0))
            broker.kill()
            time.sleep(luck.uniform(0.0, 2.0))
            size = written(db)
            broker.start()
            began = time.monotonic()
            while written(db) == size and producing.is_alive():
                assert process.poll() is None, f"the audit ended when the broker died: {log.read_text()[-300:]}"
                assert time.monotonic() - began < RECOVERY_S, "the audit did not go on"
                time.sleep(0.1)
            slowest_s = max(slowest_s, time.monotonic() - began)
        producing.join()
    finally:
        process.terminate()
        process.wait(60)
    assert process.returncode == 0, log.read_text()[-300:]
    run(source, db, *OPTIONS)
    undisturbed = folder / "after.duckdb"
    Path(f"{undisturbed}.key").write_bytes(Path(f"{db}.key").read_bytes())
    run(source, undisturbed, *OPTIONS)
    assert len(rows(undisturbed, OUTCOMES)) >= producing.n_records
    return slowest_s, [prove(db, undisturbed)]


def written(db: Path) -> int:
    """How much the audit has written so far: its database file is open, but may be looked at."""
    return sum(path.stat().st_size for path in (db, db.with_name(f"{db.name}.wal")) if path.exists())


class Producing(threading.Thread):
    """Sends records all the while; those that were not acknowledged are sent again, so that some come twice."""

    def __init__(self, broker: "Broker", topic: str, partitions: list[list[bytes]]) -> None:
        super().__init__(daemon=True)
        self.bootstrap = broker.bootstrap
        self.topic = topic
        self.partitions = partitions
        self.n_records = sum(map(len, partitions))

    def run(self) -> None:
        """See Thread."""
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", delivery_timeout_ms=300_000, max_block_ms=300_000
        )
        queues = [list(reversed(records)) for records in self.partitions]
        while any(queues):
            for number, queue in enumerate(queues):
                if queue:
                    producer.send(self.topic, value=queue.pop(), partition=number)
            time.sleep(0.02)
        producer.flush()
        producer.close()
