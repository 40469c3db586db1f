"""Those who judge go over to a promoted model under load: none lost, none judged twice, each verdict names its own."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auditor.__main__ import main
from auditor.registry.places import open_registry
from conf.schema import load
from tests.auditor.registry.made import BASE_REVISION, added
from tests.e2e.audits import ledger, rows
from tests.e2e.fleet import Fleet, wait_until

if TYPE_CHECKING:
    from auditor.registry.folder import Version
    from tests.broker import Broker

pytestmark = pytest.mark.kafka
N_RECORDS = 240
LONG_S = 240.0  # a machine that does much else
REAL = {
    "auditor.backend": "transformers",
    "auditor.model": "registry",
    "auditor.mode": "triage",
    "batching.max_records": 8,
}
PER_REVISION = "SELECT v.model_revision, count(*) FROM verdicts v GROUP BY ALL"
TWICE = "SELECT triple_id FROM verdicts GROUP BY triple_id HAVING count(*) > 1"
OTHER_THAN_ITS_RUN = (
    "SELECT count(*) FROM verdicts v JOIN runs r USING (run_id) WHERE v.model_revision <> r.model_revision"
)
WITHOUT = "SELECT count(*) FROM outcomes WHERE state <> 'scored'"


def records() -> Iterator[bytes]:
    """As many as are to be judged, no two alike."""
    for number in range(N_RECORDS):
        line = {"qta": 1, "question": f"q{number}", "thinking": "t", "answer": "a", "response_id": f"r{number}"}
        yield json.dumps(line).encode()


@contextmanager
def load_on(broker: "Broker", topic: str, until: Event) -> Iterator[None]:
    """Records come all the time: the last of them only after `until` is set."""

    def produce() -> None:
        values = list(records())
        for at in range(0, N_RECORDS, 20):
            broker.produce(topic, values[at : at + 20])
            if at > N_RECORDS * 3 // 4:
                until.wait(120)

    thread = Thread(target=produce, daemon=True)
    thread.start()
    yield
    thread.join(120)


def settings(db: Path, fleet: bool) -> list[str]:
    """Of those who judge; workers have no database, so they are told where the registry is."""
    places = {"auditor.registry_dir": f"{db}.models", "auditor.registry_keys": f"{db}.signing-key.pub"} if fleet else {}
    return [word for name, value in (REAL | places).items() for word in ("--set", f"{name}={value}")]


def promote(db: Path, version: "Version") -> None:
    """By two people, as they do it: whoever has the database is asked."""
    of = ("--db", str(db))
    assert main(["models", "propose", version.revision, "--by", "ana", *of]) == 0
    assert main(["models", "promote", version.revision, "--by", "ben", *of]) == 0


def check(db: Path, version: "Version") -> None:
    """Lost 0, double 0; all that was judged before, in between and after says so."""
    assert rows(db, TWICE) == []
    assert rows(db, WITHOUT) == [(0,)]
    assert rows(db, OTHER_THAN_ITS_RUN) == [(0,)]
    judged = Counter(dict(rows(db, PER_REVISION)))
    assert set(judged) == {BASE_REVISION, version.revision}
    assert min(judged.values()) >= 8
    assert judged.total() == N_RECORDS == sum(line["records"] for line in ledger(db))
    assert all(line["balanced"] and not line["gaps"] for line in ledger(db))


@pytest.mark.timeout(900)
def test_a_worker_goes_over_to_what_was_promoted_and_back(broker: "Broker", tmp_path: Path) -> None:
    topic = broker.create_topic(f"switch-{uuid4().hex[:8]}", 4)
    outcomes = broker.create_topic(f"outcomes-{uuid4().hex[:8]}", 3)
    db = tmp_path / "a.duckdb"
    (tmp_path / "users.key").write_text("a key of a machine, as all of them have it")
    fleet = Fleet(
        f"kafka://{broker.bootstrap}/{topic}", f"kafka://{broker.bootstrap}/{outcomes}", db, tmp_path / "users.key"
    )
    version = added(open_registry(load(overrides={"store.path": str(db)}), write=True), tmp_path / "made", 0.01)
    switched = Event()
    with load_on(broker, topic, switched):
        running = [fleet.start("serve")]
        running += [fleet.start("worker", "--follow", *settings(db, fleet=True))]
        try:
            wait_until(lambda: fleet.stored() >= 40, LONG_S)
            promote(db, version)
            before = fleet.stored()
            wait_until(lambda: fleet.stored() >= before + 60, LONG_S)
            assert main(["models", "rollback", "--by", "cleo", "--note", "a drill", "--db", str(db)]) == 0
            switched.set()
            wait_until(lambda: fleet.stored() == N_RECORDS, LONG_S)
        finally:
            switched.set()
            for process in running:
                process.send_signal(signal.SIGTERM)
            codes = [process.wait(60) for process in running]
    assert codes == [0, 0]
    check(db, version)
    revisions = [one for (one,) in rows(db, "SELECT model_revision FROM runs ORDER BY started_at")]
    assert revisions == [BASE_REVISION, version.revision, BASE_REVISION]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", ["auditor", "tests.e2e.alone"], ids=["beside", "started anew"])
def test_a_run_that_follows_goes_over_too(broker: "Broker", tmp_path: Path, module: str) -> None:
    topic = broker.create_topic(f"switch-{uuid4().hex[:8]}", 2)
    db = tmp_path / "a.duckdb"
    version = added(open_registry(load(overrides={"store.path": str(db)}), write=True), tmp_path / "made", 0.01)
    words = ["run", f"kafka://{broker.bootstrap}/{topic}", "--follow", "--db", str(db), *settings(db, fleet=False)]
    fleet = Fleet("", "", db, tmp_path / "none")
    switched = Event()
    with load_on(broker, topic, switched):
        process = subprocess.Popen([sys.executable, "-m", module, *words], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: fleet.stored() >= 40, LONG_S)
            promote(db, version)
            switched.set()
            wait_until(lambda: fleet.stored() == N_RECORDS, LONG_S)
        finally:
            switched.set()
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
    assert code == 0
    check(db, version)
