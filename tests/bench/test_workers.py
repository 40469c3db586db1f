"""Two workers against one: what a second process adds, with a guard that costs nothing and with one that takes time.

Workers are real processes that share a topic as a group and send what they judged to a topic of outcomes. Counted is
what they told the group between two instants at which all of them are at work, so that no start is in it. Beside it
stands who had the cores meanwhile: a machine whose cores are all taken has none for a second worker.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.bench.measure import REPEATS, machine
from tests.bench.test_consume import chat_record
from tests.broker import Broker

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PARTITIONS = 8
N_RECORDS = 40_000  # more than two workers judge until a window ends
WINDOW_S = 4.0
START_S = 60.0
SETTLE_S = 1.0  # from having partitions to judging their records
LOOK_S = 0.05

numbers = count()
pytestmark = pytest.mark.kafka


@dataclass(frozen=True, slots=True)
class Guard:
    """What the workers are.

    Attributes:
        program: the module that is run, and what comes before its arguments.
        batch: records that a worker judges and sends at a time; few, where each takes long, for windows of whole ones.
    """

    name: str
    program: tuple[str, ...]
    batch: int


AT_ONCE = Guard("a guard that answers at once", ("auditor",), 256)
# A text of 1,500 tokens with an image on an H100 at its roofline, prefix and image cached.
AS_ON_A_GPU = Guard("a guard that waits 7.3 ms a triple", ("tests.bench.slow_guard", "0.0073"), 32)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a fleet was at an instant.

    Attributes:
        n_records: that the workers told their group to be done.
        cpu_s: of the workers together, of the broker, and of all that runs on the machine.
    """

    at_s: float
    n_records: int
    cpu_s: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a fleet did in a window: records a second, and the cores that workers, broker and all others took."""

    records_per_s: float
    cores: tuple[float, float, float]

    @classmethod
    def between(cls, first: Seen, last: Seen) -> "Rate":
        """From one instant to another."""
        wall_s = last.at_s - first.at_s
        workers, broker, whole = ((b - a) / wall_s for a, b in zip(first.cpu_s, last.cpu_s, strict=True))
        return cls((last.n_records - first.n_records) / wall_s, (workers, broker, whole - workers - broker))

    @property
    def per_cpu_s(self) -> float:
        """Records that the workers audit in a second of a core."""
        return self.records_per_s / self.cores[0]


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group, watched from outside."""

    admin: KafkaAdminClient
    name: str

    def shared_by(self, n_workers: int) -> bool:
        """Whether so many workers have partitions, and none moves."""
        try:
            found = self.admin.describe_groups([self.name])[self.name]
        except KafkaError:  # a broker that never had a group takes its time
            return False
        shares = [member["member_assignment"] for member in found["members"]]
        settled = found["group_state"] == "Stable" and len(shares) == n_workers
        return settled and all(share and share["assigned_partitions"] for share in shares)

    def done(self) -> int:
        """How many records its members said to be done."""
        return sum(at.offset for at in self.admin.list_group_offsets(self.name)[self.name].values())


@contextmanager
def workers(n: int, program: Sequence[str], words: Sequence[str]) -> Iterator[list[int]]:
    """The processes of so many workers; killed in the end, before they are through."""
    command = [sys.executable, "-m", *program, "worker", *words]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(n)]
    try:
        yield [process.pid for process in processes]
        assert {process.poll() for process in processes} == {None}, "a worker ended: look why, or raise N_RECORDS"
    finally:
        for process in processes:
            process.kill()
            process.wait()


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy_s() -> float:
    """The same of all that runs on the machine."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS


def watch(group: Group, pids: Sequence[int], broker: int) -> Rate:
    """From one change of what is done to another, a window later: between them whole batches were judged."""
    seen: list[Seen] = []
    while not seen or seen[-1].at_s - seen[0].at_s < WINDOW_S:
        time.sleep(LOOK_S)
        n_records = group.done()
        if not seen or n_records > seen[-1].n_records:
            seen.append(Seen(time.monotonic(), n_records, (sum(map(cpu_s, pids)), cpu_s(broker), busy_s())))
    return Rate.between(seen[0], seen[-1])


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the records are, and what judges them."""

    broker: Broker
    topic: str
    blobs: Path
    guard: Guard

    def rate(self, n_workers: int) -> Rate:
        """So many new workers over the topic from its start, in a group of their own."""
        name, server = f"bench-{next(numbers)}", self.broker.process
        assert server is not None
        with (
            closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)) as admin,
            workers(n_workers, self.guard.program, self.words(name)) as pids,
        ):
            group, deadline = Group(admin, name), time.monotonic() + START_S
            while not group.shared_by(n_workers):
                assert time.monotonic() < deadline, "the workers do not start"
                time.sleep(LOOK_S)
            time.sleep(SETTLE_S)
            return watch(group, pids, server.pid)

    def words(self, group: str) -> list[str]:
        """Their command line, behind `worker`."""
        at = f"kafka://{self.broker.bootstrap}"
        outcomes = self.broker.create_topic(f"outcomes-of-{group}", PARTITIONS)
        values = {
            "auditor.backend": "scripted",
            "images.blob_dir": self.blobs,
            "batching.max_records": self.guard.batch,
            "kafka.session_timeout_s": 6,  # the group shares out in a second instead of ten
        }
        settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        return [f"{at}/{self.topic}?group={group}", "--outcomes", f"{at}/{outcomes}", *settings]


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    name = broker.create_topic("bench-workers", PARTITIONS)
    broker.produce(name, map(chat_record, range(N_RECORDS)))
    return name


@pytest.mark.parametrize("guard", [AT_ONCE, AS_ON_A_GPU], ids=["at-once", "as-on-a-gpu"])
def test_two_workers_against_one(broker: Broker, topic: str, tmp_path: Path, guard: Guard) -> None:
    bench = Bench(broker, topic, tmp_path, guard)
    pairs = [(bench.rate(1), bench.rate(2)) for _ in range(REPEATS)]
    show(f"two workers against one, {guard.name}", "the rate", [b.records_per_s / a.records_per_s for a, b in pairs])
    show("  records for a second of a core", "as many", [b.per_cpu_s / a.per_cpu_s for a, b in pairs])
    for n, rates in enumerate(zip(*pairs, strict=True), start=1):
        shares = (f"{median(share):.2f}" for share in zip(*(rate.cores for rate in rates), strict=True))
        per_s = median(rate.records_per_s for rate in rates)
        print(f"  {n}: {per_s:,.0f} records/s; cores of workers, broker, all others: {', '.join(shares)}")
    print(f"  on {machine()}")


def show(name: str, unit: str, ratios: list[float]) -> None:
    """One line: median and range."""
    print(
        f"\n{name}: {median(ratios):.2f} times {unit} ({min(ratios):.2f} to {max(ratios):.2f}; {len(ratios)} repeats)"
    )
