"""The file is asked when it is free, waited for when it is not, and a service when there is one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer

import pytest
from prometheus_client import CollectorRegistry

from auditor.errors import StoreLocked, StoreUnusable
from auditor.follow import Health
from auditor.owner_desk import OwnerDesk
from auditor.service import announced, secret_for
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import ScorerKey
from reports.backfill_api import Owner, add_backfill
from reports.health import answering, app_of
from tests.factories import NOW, make_batch, make_item, make_run, make_triple, make_verdict

OTHER = ScorerKey("other", "r2", "p1", "full/greedy/2000")
RUN = Run("b1", NOW, "0.1.0", OTHER, "scripted", "default-1", "backfill")
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        store.begin_run(make_run())
        items = [make_item(n, make_triple(id=f"t{n}")) for n in range(3)]
        store.save(make_batch(*items), [], [make_verdict(f"t{n}") for n in range(3)], "run1", NOW)
    return path


@contextmanager
def taken(db: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process has the file until its standard input is closed."""
    words = [sys.executable, "-c", HOLD, db]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "held\n"
        yield process


def desk_of(db: str, said: list[str]) -> OwnerDesk:
    return OwnerDesk(db, "", 0.05, said.append)


def test_others_may_have_the_file_between_two_questions(db: str) -> None:
    said: list[str] = []
    desk = desk_of(db, said)
    assert [one.n_verdicts for one in desk.known()] == [3]
    with taken(db):
        pass
    assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
    assert said == [f"triples from {db}"]


def test_a_file_that_is_taken_meanwhile_is_waited_for(db: str) -> None:
    said: list[str] = []
    desk = desk_of(db, said)
    desk.known()
    with taken(db) as process:
        assert process.stdin
        Timer(0.5, process.stdin.close).start()
        assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
    (waiting,) = said[1:]
    assert waiting.startswith(f"waiting: {db} is in use by ")
    assert f"(PID {process.pid})" in waiting


def test_a_file_that_is_taken_from_the_first_is_an_error(db: str) -> None:
    with taken(db) as process, pytest.raises(StoreLocked, match=f"PID {process.pid}"):
        desk_of(db, []).known()
    with pytest.raises(StoreUnusable, match="no such database"):
        desk_of(f"{db}-other", []).known()


def test_a_service_that_took_the_file_meanwhile_is_asked(db: str) -> None:
    said: list[str] = []
    desk = desk_of(db, said)
    desk.known()
    app = app_of(Health(), CollectorRegistry(), list)
    with Store.open(db) as store, store.aside() as beside, secret_for(db) as secret:
        add_backfill(app, Owner(StoreDesk(beside, db), Lock(), Lock(), lambda: 0, 1), secret)
        with answering(app, "127.0.0.1", 0) as port, announced(db, "127.0.0.1", port) as service:
            assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
            assert desk.where == f"the service at {service}"
    assert [one.n_verdicts for one in desk.known()] == [3, 1]
    assert said == [f"triples from {db}", f"triples from the service at {service}", f"triples from {db}"]
