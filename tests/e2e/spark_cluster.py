"""A standalone Spark cluster on this machine, from the pyspark package: a master and two workers of one core each."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from conf.kafka.broker import free_port
from tests.broker import DIE_WITH_US

ROOT = Path(__file__).parents[2]
SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
DEPLOY = "org.apache.spark.deploy"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster; a worker takes its executors along when it is killed."""

    master: str
    workers: tuple["subprocess.Popen[bytes]", ...]


@contextmanager
def cluster(folder: Path, java: str) -> Iterator[Cluster]:
    """A cluster with its logs and work in `folder`, gone when the context ends."""
    master = f"spark://127.0.0.1:{free_port()}"
    port, ui = master.rpartition(":")[2], ["--webui-port", "0", "--host", "127.0.0.1"]
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *options: str) -> "subprocess.Popen[bytes]":
        started.append(daemon(folder / f"{name}.log", java, f"{DEPLOY}.{options[0]}", *options[1:]))
        return started[-1]

    try:
        start("master", "master.Master", *ui, "--port", port)
        sized = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work")]
        workers = [start(f"worker-{number}", "worker.Worker", *ui, *sized, master) for number in range(2)]
        wait_for(lambda: all("Successfully registered" in log.read_text() for log in folder.glob("worker-*.log")))
        yield Cluster(master, tuple(workers))
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def daemon(log: Path, java: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """One of the cluster's processes; its executors find this checkout, and this Python."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": java,
    }
    command = [*DIE_WITH_US, str(SPARK_CLASS), *arguments]
    with log.open("wb") as out:
        return subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT)


def wait_for(met: Callable[[], bool], timeout_s: float = 240) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)
