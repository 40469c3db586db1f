"""Ten reviewers at a time while outcomes are stored at full speed: python -m tests.bench.reviewers --minutes 5.

A broker whose topic of outcomes holds a backlog, `traceaudit serve` on it, and reviewers who log in, take a case, read
it and vote, through the pages. Three runs, each on a database of its own: reviewers alone, the sink alone, and both. It
prints how long pages took and how fast outcomes were stored, and fails where a vote was lost or counted twice.
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from auditor.access.person import Role
from auditor.ranges import JudgedRange
from auditor.store import Store
from auditor.wire import encode
from ingest.qta import Normalized, Record
from tests.bench.measure import machine
from tests.broker import Broker
from tests.factories import make_position, make_run, make_triple, make_verdict
from tests.reports.web.reviewer import Reviewer
from tests.reports.web.service import a_night, add_night, add_people, serving

N_REVIEWERS, THINK_S = 10, 10.0
TEXT = "The moon pulls the water towards it, and the earth turns below. " * 6
SOURCE, PER_MESSAGE, PARTITIONS = "kafka:c/agents", 256, 4  # as workers send them by default


@dataclass(frozen=True)
class Figures:
    """What one run gave.

    Attributes:
        pages_s: how long each page took.
        votes: acknowledged.
        stored_per_s: outcomes.
    """

    pages_s: Sequence[float]
    votes: int
    stored_per_s: float

    @property
    def p95_ms(self) -> float:
        """Of the pages."""
        return 1000 * quantiles(self.pages_s, n=20)[-1]


def backlog() -> Iterator[tuple[int, bytes]]:
    """Partitions and messages of a fleet's workers, without end."""
    start = 0
    while True:
        for partition in range(PARTITIONS):
            for message in encode(one_range(partition, start), 10**6, lambda data: hashlib.sha256(data).hexdigest()):
                yield partition, message.value
        start += PER_MESSAGE


def one_range(partition: int, start: int) -> JudgedRange:
    """What a worker judged in one go."""
    items, verdicts = [], []
    for offset in range(start, start + PER_MESSAGE):
        name = hashlib.sha256(f"{partition}/{offset}".encode()).hexdigest()
        record = Record(make_position(offset, SOURCE, partition), b"")
        texts: dict[str, Any] = dict.fromkeys(("question", "thinking", "answer"), f"{name}: {TEXT}")
        triple = make_triple(id=name, tenant="harbor-bank", position=record.position, **texts)
        items.append(Normalized(record, "qta", (triple,)))
        verdicts.append(make_verdict(name, analysis=TEXT))
    return JudgedRange(
        SOURCE, partition, start, start + PER_MESSAGE, make_run(), tuple(items), verdicts=tuple(verdicts)
    )


def a_database(folder: Path, name: str, n_cases: int) -> Path:
    """One with a night of cases and ten reviewers."""
    db = folder / f"{name}.duckdb"
    with Store.open(str(db)) as store:
        add_people(store, {f"reviewer {number}": [Role.REVIEWER] for number in range(N_REVIEWERS)})
        add_night(store, a_night(n_cases, 100))
    return db


def stored(db: Path) -> int:
    """Outcomes of the backlog in a database that nobody owns."""
    with Store.open(str(db)) as store:
        ((n,),) = store.connection.execute("SELECT count(*) FROM outcomes WHERE source = ?", [SOURCE]).fetchall()
    return int(n)


def run(db: Path, seconds: float, n_reviewers: int, outcomes: str | None) -> Figures:
    """One run."""
    words = ("--outcomes", outcomes, "--set", f"images.blob_dir={db}.blobs") if outcomes else ()
    with serving(db, *words) as service:
        time.sleep(5)  # the sink has begun
        ends = time.monotonic() + seconds
        with ThreadPoolExecutor(max(1, n_reviewers)) as pool:
            given = list(pool.map(lambda at: review(service.address, f"reviewer {at}", ends), range(n_reviewers)))
        time.sleep(max(0.0, ends - time.monotonic()))
    acknowledged = [vote for one in given for vote in one.votes]
    check(db, acknowledged)
    return Figures([page for one in given for page in one.pages_s], len(acknowledged), stored(db) / (seconds + 5))


def review(address: str, name: str, ends: float) -> Reviewer:
    """Work as a reviewer does until the time is over."""
    chance = random.Random(name)  # noqa: S311 - how long somebody thinks
    with httpx.Client(base_url=address, timeout=60) as client:
        reviewer = Reviewer(client, name)
        reviewer.log_in()
        time.sleep(chance.uniform(0, THINK_S))  # people do not begin together
        while time.monotonic() < ends and reviewer.decide_next(think_s=THINK_S * chance.uniform(0.5, 1.5)):
            pass
    return reviewer


def check(db: Path, acknowledged: Sequence[tuple[str, str]]) -> None:
    """Each vote that was acknowledged is there, once, and no other."""
    with Store.open(str(db)) as store:
        rows = store.connection.execute("SELECT reviewer, triple_id FROM standing").fetchall()
    assert sorted(rows) == sorted(acknowledged), "a vote was lost, or is there twice"
    assert len({triple_id for _, triple_id in rows}) == len(rows), "more people voted on a case than were to"


def main() -> None:
    """Run it, and print what was seen."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--messages", type=int, default=3_000, help="of the backlog, 256 outcomes each")
    args = options.parse_args()
    seconds = 60 * args.minutes
    n_cases = int(N_REVIEWERS * seconds / THINK_S)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        broker = Broker(folder / "kafka")
        broker.start()
        stack.callback(broker.kill)
        topic = broker.create_topic("outcomes", PARTITIONS)
        produce(broker, topic, args.messages)
        outcomes = f"kafka://{broker.bootstrap}/{topic}"
        idle = run(a_database(folder, "idle", n_cases), seconds / 3, N_REVIEWERS, None)
        alone = run(a_database(folder, "alone", n_cases), seconds / 3, 0, outcomes)
        both = run(a_database(folder, "both", n_cases), seconds, N_REVIEWERS, outcomes)
    tell(idle, alone, both, args.messages * PER_MESSAGE)


def produce(broker: Broker, topic: str, n: int) -> None:
    """Fill the topic."""
    messages = backlog()
    while batch := list(islice(messages, min(n, 400))):
        for partition in range(PARTITIONS):
            broker.produce(topic, [value for at, value in batch if at == partition], partition)
        n -= len(batch)
        if n <= 0:
            return


def tell(idle: Figures, alone: Figures, both: Figures, n_backlog: int) -> None:
    """Print the figures."""
    ratio, share = both.p95_ms / idle.p95_ms, both.stored_per_s / alone.stored_per_s
    print(
        f"pages: p95 {both.p95_ms:.0f} ms while outcomes are stored, {idle.p95_ms:.0f} ms idle, {ratio:.2f} times; "
        f"{len(both.pages_s)} pages, {both.votes} votes, none lost, none twice\n"
        f"outcomes: {both.stored_per_s:,.0f} a second beside ten reviewers, {alone.stored_per_s:,.0f} alone, "
        f"{share:.2f} times; backlog {n_backlog:,}\n  on {machine()}"
    )


if __name__ == "__main__":
    main()
