"""A real Kafka broker for tests: started, stopped and killed at will on ports of its own."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from conf.kafka.broker import choose_place, launch, prepare

if TYPE_CHECKING:
    import subprocess

# A test run that is killed must not leave a JVM behind.
DIE_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


class Broker:
    """One broker in a folder; `start` after `stop` or `kill` finds the same topics at the same address."""

    def __init__(self, folder: Path) -> None:
        self.place = choose_place(folder / "data", 0)
        self.log = folder / "broker.log"
        self.process: subprocess.Popen[bytes] | None = None
        prepare(self.place)

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return self.place.bootstrap

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self.process is None:
            self.process = launch(self.place, self.log, DIE_WITH_US)

    def stop(self) -> None:
        """Shut it down in order."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def kill(self) -> None:
        """End it as a power failure would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def create_topic(self, name: str, partitions: int = 4, **configs: str) -> str:
        """Make a topic and give back its name; `configs` as Kafka names them, with _ for each dot."""
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        finally:
            admin.close()
        return name

    def produce(self, topic: str, values: Iterable[bytes | None], partition: int | None = None) -> None:
        """Send `values` in order and wait until each is acknowledged; without `partition` they go round."""
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", max_request_size=64 * 2**20, linger_ms=20
        )
        try:
            partitions = sorted(producer.partitions_for(topic))
            sent = [
                producer.send(
                    topic, value=value, partition=partitions[at % len(partitions)] if partition is None else partition
                )
                for at, value in enumerate(values)
            ]
            for future in sent:
                future.get(timeout=60)
        finally:
            producer.close()
