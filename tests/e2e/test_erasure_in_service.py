"""Erasure while the service stores what workers judge: nothing is lost or stored twice, and it goes on by itself."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auditor.owner import Asker
from conf.schema import load
from tests.e2e.audits import filled, ledger, rows, run, traceaudit
from tests.e2e.erasing import log, marks, names
from tests.e2e.fleet import Fleet, wait_until

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = pytest.mark.kafka
ALL = names(160)
GONE, LEFT = ALL[:60], ALL[60:]
WHO = ("--by", "Eve", "--reason", "letter 7")
PLACES = 'SELECT source, "partition", "offset" FROM outcomes ORDER BY ALL'
TEXTS = """
    SELECT t.id, t.question, t.thinking, t.answer, t.context, t.tool_calls, v.judgment, v.analysis
    FROM triples t LEFT JOIN verdicts v ON v.triple_id = t.id
    WHERE NOT list_contains($gone, t.conversation_id) ORDER BY t.id
"""


@contextmanager
def asking(db: Path) -> Iterator[list[str]]:
    """Ask the owner of the database for its ledger, again and again; gives what went wrong."""
    stop, troubles = Event(), list[str]()
    asker = Asker(load(overrides={"store.path": str(db)}), say=lambda _: None)

    def ask() -> None:
        while not stop.wait(0.05):
            try:
                asker.ask("ledger")
            except Exception as error:  # noqa: BLE001 - it is told
                troubles.append(str(error))

    thread = Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield troubles
    finally:
        stop.set()
        thread.join()


def files_with(folder: Path, wanted: list[str]) -> list[str]:
    marked = [one.encode() for one in wanted]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(one in path.read_bytes() for one in marked)]


@pytest.mark.timeout(280)
def test_conversations_are_erased_while_outcomes_come_in(broker: "Broker", tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed" / "a.duckdb"
    undisturbed.parent.mkdir()
    source = filled(broker, list(log(ALL)))
    run(source, undisturbed)
    wanted = rows(undisturbed, PLACES)
    outcomes = broker.create_topic(f"outcomes-{uuid4().hex[:8]}", 3)
    folder = tmp_path / "service"
    folder.mkdir()
    fleet = Fleet(source, f"kafka://{broker.bootstrap}/{outcomes}", folder / "a.duckdb", Path(f"{undisturbed}.key"))
    service, worker = fleet.start("serve"), fleet.start("worker", "--follow")
    try:
        wait_until(lambda: fleet.stored() > len(wanted) / 4)
        port = json.loads(Path(f"{fleet.db}.service").read_text(encoding="utf-8"))["port"]
        at = ["--db", str(fleet.db), "--set", f"images.blob_dir={fleet.db}.blobs", "--json"]
        subjects = [word for name in GONE for word in ("--conversation", f"conversation-{name}")]
        with asking(fleet.db) as troubles:
            for part in (subjects[:60], subjects[60:]):
                wait_until(lambda: fleet.ask("/readyz")[0] == 200)
                (told,) = traceaudit("erase", *part, "--tenant", "north", *WHO, *at)
                assert told["rewritten"]
                assert 0 < told["triples"] <= len(part)
            wait_until(lambda: fleet.stored() == len(wanted))
        assert troubles == []
        rest = [word for name in GONE for word in ("--conversation", f"conversation-{name}")]
        traceaudit("erase", *rest, "--tenant", "north", *WHO, *at)  # what came in before it was told of
        assert json.loads(Path(f"{fleet.db}.service").read_text(encoding="utf-8"))["port"] == port
        assert json.loads(fleet.ask("/readyz")[1]) == {"ok": True, "reasons": []}
        assert service.poll() is None
        assert worker.poll() is None
    finally:
        for process in (worker, service):
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in (worker, service)]
    assert codes == [0, 0]
    assert rows(fleet.db, PLACES) == wanted
    assert all(line["balanced"] for line in ledger(fleet.db))
    gone = [f"conversation-{name}" for name in GONE]
    assert content(fleet.db, gone) == content(undisturbed, gone)
    assert rows(fleet.db, "SELECT count(*) FROM triples") == [(2 * len(LEFT),)]
    assert files_with(folder, marks(GONE)) == []
    assert files_with(folder, marks(LEFT))
    (verified,) = traceaudit("verify", *at)
    assert verified["ok"], verified


def content(db: Path, gone: list[str]) -> list[tuple[object, ...]]:
    """What is stored of all others."""
    import duckdb

    with duckdb.connect(str(db), read_only=True) as connection:
        return connection.execute(TEXTS, {"gone": gone}).fetchall()
