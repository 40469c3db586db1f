"""A fleet for tests: workers and a service as processes that can be killed, and what they must have stored."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import ServiceFailed
from auditor.owner import Asker
from auditor.questions import question_of
from auditor.service import find_service
from auditor.sink import Sink
from auditor.store import Store
from auditor.store_sink import sink_positions
from conf.schema import load
from ingest.kafka import open_topics
from tests.e2e.audits import CONTENT, OUTCOMES, blobs, ledger, rows, states

QUICK = {
    "batching.max_records": 16,
    "batching.max_age_s": 0.3,
    "kafka.poll_records": 20,
    "kafka.poll_timeout_s": 0.2,
    "kafka.session_timeout_s": 6,
    "auditor.backend": "scripted",
}
FEW = ("--set", "kafka.poll_records=6")  # messages in one transaction of the sink, so that there are several


@dataclass(frozen=True)
class Fleet:
    """One group of workers, its topic of outcomes and its database.

    Attributes:
        source: a topic, without the group.
        outcomes: kafka://…
        key: file with the key for pseudonyms.
    """

    source: str
    outcomes: str
    db: Path
    key: Path

    def words(self, command: str) -> list[str]:
        """The command line of a worker or the service."""
        values = QUICK | {"images.blob_dir": f"{self.db}.blobs", "ingest.user_key_file": self.key}
        settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        if command == "worker":
            return ["worker", f"{self.source}?group=g-{self.db.parent.name}", "--outcomes", self.outcomes, *settings]
        return ["serve", "--db", str(self.db), "--outcomes", self.outcomes, "--port", "0", *settings, *FEW]

    def start(self, command: str, *more: str, die_at: tuple[str, int] | None = None) -> "subprocess.Popen[bytes]":
        """A process of the fleet; one that is to die does so at a point of `tests.e2e.die_at`."""
        module = ["tests.e2e.die_at", die_at[0], str(die_at[1])] if die_at else ["auditor"]
        return subprocess.Popen(
            [sys.executable, "-m", *module, *self.words(command), *more],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def drain(self) -> Sink:
        """Store what is in the topic of outcomes, in this process."""
        config = load()
        with Store.open(str(self.db)) as store, closing(open_topics(self.outcomes, config, follow=False)) as source:
            sink = Sink(store, config.fleet, lambda: datetime.now(UTC))
            source.resume(sink_positions(store))
            exhausted = False
            while not exhausted:
                polled = source.poll()
                sink.take(polled.items)
                exhausted = polled.exhausted
            assert sink.troubles() == []
            assert sink.waiting().n_ranges == 0
            return sink

    def ask(self, path: str) -> tuple[int, str]:
        """What the service answers; status 0 while it does not."""
        try:
            found = json.loads(Path(f"{self.db}.service").read_text(encoding="utf-8"))
            with urllib.request.urlopen(f"http://127.0.0.1:{found['port']}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, ValueError):
            return 0, ""

    def stored(self) -> int:
        """How many records the service has stored; 0 while it does not answer."""
        service, asker = find_service(str(self.db)), Asker(load(overrides={"store.path": str(self.db)}), lambda _: None)
        try:
            found = asker.answer_of(service, "ledger", question_of("ledger"), ()) if service else None
        except ServiceFailed:
            return 0
        return sum(line.records for line in found[0]) if found else 0


def wait_until(what: Callable[[], Any], timeout_s: float = 90.0) -> None:
    """Look again and again, until it holds."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def assert_same_content(db: Path, wanted: Path) -> None:
    """Lost 0, duplicated 0: all that is stored is what one run that nothing disturbed stores."""
    for query in CONTENT:
        assert rows(db, query) == rows(wanted, query)
    assert states(db) == states(wanted)
    assert sum(line["records"] for line in ledger(db)) == len(rows(wanted, OUTCOMES))
    assert blobs(db) == blobs(wanted)
