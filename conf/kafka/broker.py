"""Start one Apache Kafka broker on loopback, for development and tests; never for real logs.

    python conf/kafka/broker.py                  # 127.0.0.1:9092, data in .kafka/data, Ctrl-C stops it
    python conf/kafka/broker.py --port 0 --data /tmp/kafka --fresh

Needs Java 17 or newer; Maven the first time, to get the jars (54 MB) into `.kafka/`.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conf.jars import fetch_jars, jar_folder

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(__file__).parents[2] / ".kafka"
CLUSTER_ID = "dHJhY2VhdWRpdC1kZXZfXw"  # 16 bytes in base64, as Kafka asks; tests may rely on it
JAVA = ("java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN")

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
message.max.bytes=67108864
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a broker listens and keeps its log; the same place can be started again after a crash."""

    data: Path
    port: int
    controller_port: int

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """The broker's properties file, beside its log."""
        return self.data.with_suffix(".properties")


def missing_tools() -> list[str]:
    """Which of the programs that a broker needs are not installed; Maven only until the jars are there."""
    needed = ["java"] if jar_folder(POM, CACHE).is_dir() else ["java", "mvn"]
    return [name for name in needed if shutil.which(name) is None]


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_place(data: Path, port: int) -> Place:
    """A place for a broker with its log in `data`; port 0 takes a free one."""
    return Place(data.resolve(), port or free_port(), free_port())


def prepare(place: Place) -> None:
    """Write the properties and, unless there is one, format the log."""
    place.data.mkdir(parents=True, exist_ok=True)
    settings = PROPERTIES.format(data=place.data, port=place.port, controller_port=place.controller_port)
    place.config.write_text(settings)
    if not (place.data / "meta.properties").exists():
        arguments = ("format", "--cluster-id", CLUSTER_ID, "--config", str(place.config))
        command = java_command("kafka.tools.StorageTool", *arguments)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def java_command(main_class: str, *arguments: str) -> list[str]:
    """The command line that runs a class of the broker's jars."""
    return [*JAVA, "-cp", f"{fetch_jars(POM, CACHE)}{os.sep}*", main_class, *arguments]


def launch(place: Place, log: Path, prefix: Sequence[str] = (), timeout_s: float = 60.0) -> subprocess.Popen[bytes]:
    """A broker process that answers at `place.bootstrap`.

    Args:
        place: made ready by `prepare`.
        log: file that its output is added to.
        prefix: a command that runs it, such as `setpriv --pdeathsig KILL`.
        timeout_s: how long it may take to open its port.

    Raises:
        RuntimeError: it ended or did not answer; the message holds the end of its log.
    """
    command = [*prefix, *java_command("kafka.Kafka", str(place.config))]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if not answers(process, place.port, timeout_s):
        process.kill()
        process.wait()
        raise RuntimeError(f"no broker at {place.bootstrap}; its log ends:\n{log.read_text()[-2000:]}")
    return process


def answers(process: subprocess.Popen[bytes], port: int, timeout_s: float) -> bool:
    """Whether the port opens before the time is over or the process ends; a broker opens it once it can serve."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def main(argv: list[str] | None = None) -> int:
    """Run a broker in the foreground until Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=9092, help="0 takes a free one")
    options.add_argument("--data", type=Path, default=CACHE / "data", help="folder of the broker's log")
    options.add_argument("--fresh", action="store_true", help="delete what an earlier broker kept in --data")
    args = options.parse_args(argv)
    if missing := missing_tools():
        print(
            f"install {' and '.join(missing)} first (Debian: apt install default-jre-headless maven)", file=sys.stderr
        )
        return 2
    if args.fresh:
        shutil.rmtree(args.data, ignore_errors=True)
    return serve(choose_place(args.data, args.port))


def serve(place: Place) -> int:
    """Run the broker at `place`; its exit code, or 0 when it was interrupted."""
    prepare(place)
    log = place.data.with_suffix(".log")
    process = launch(place, log)
    print(f"Kafka at {place.bootstrap}, log in {log}; Ctrl-C stops it", flush=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0


if __name__ == "__main__":
    sys.exit(main())
