"""Stored triples judged once more by real processes: each once, whoever is killed when, beside live work or alone."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from auditor.__main__ import main
from auditor.store import Store
from tests.e2e.audits import IMAGES, KILLED, TRIPLES, VERDICTS, filled, ledger, rows, run, traceaudit, unique_logs
from tests.e2e.fleet import Fleet, wait_until

if TYPE_CHECKING:
    from tests.broker import Broker

N_TRIPLES, N_LIVE = 60, 40
TABLE = [{"contains": "q1", "completion": "“Analysis”: fraud.\n“Judgment”: 1", "p": [0.1, 0.1, 0.8]}]
DEATHS = [
    ("judged_and_not_kept", 2),
    ("verdicts_in_the_transaction", 1),
    ("verdicts_in_the_transaction", 4),
    ("kept", 3),
]
OF_LIVE = "SELECT * FROM verdicts WHERE run_id IN (SELECT run_id FROM runs WHERE kind = 'live') ORDER BY ALL"
AGAIN = "SELECT count(*), count(DISTINCT triple_id) FROM verdicts WHERE model_revision <> 'everything-safe'"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second model: what a table answers goes by another revision than what none does."""
    path = tmp_path_factory.mktemp("table") / "table.json"
    path.write_text(json.dumps(TABLE), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of sixty triples, some with images."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "log.jsonl").write_bytes(b"\n".join(unique_logs(N_TRIPLES)) + b"\n")
    assert run(str(folder / "log.jsonl"), folder / "a.duckdb")["triples"] >= N_TRIPLES
    return folder / "a.duckdb"


@pytest.fixture(scope="module")
def wanted(audited: Path, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, judged once more by a run that nothing disturbed."""
    db = copy_of(audited, tmp_path_factory.mktemp("wanted"))
    (told,) = traceaudit(*words(db, table))
    assert (told["judged"], told["verdicts"], told["left"]) == (N_TRIPLES, N_TRIPLES, 0)
    return db


def copy_of(db: Path, folder: Path) -> Path:
    shutil.copy(db, folder / "a.duckdb")
    shutil.copytree(f"{db}.blobs", folder / "a.duckdb.blobs")
    return folder / "a.duckdb"


def words(db: Path, table: Path, *more: str) -> list[str]:
    """The command, in small steps."""
    settings = (f"auditor.scripted_table={table}", "backfill.batch_triples=8", "backfill.wait_s=0.1")
    sets = [word for setting in settings for word in ("--set", setting)]
    return ["backfill", "--since", "2026-01-01", "--db", str(db), "--backend", "scripted", "--json", *sets, *more]


def process(*command: str, die_at: tuple[str, int] | None = None) -> "subprocess.CompletedProcess[str]":
    module = ["tests.e2e.die_at", die_at[0], str(die_at[1])] if die_at else ["auditor"]
    return subprocess.run([sys.executable, "-m", *module, *command], capture_output=True, text=True, check=False)


def assert_as_undisturbed(db: Path, wanted: Path) -> None:
    for query in (VERDICTS, TRIPLES, IMAGES, AGAIN):
        assert rows(db, query) == rows(wanted, query)
    assert rows(db, AGAIN) == [(N_TRIPLES, N_TRIPLES)]


@pytest.mark.parametrize("death", DEATHS)
def test_killed_at_a_point_and_started_again_ends_as_if_undisturbed(
    audited: Path, wanted: Path, table: Path, tmp_path: Path, death: tuple[str, int]
) -> None:
    db = copy_of(audited, tmp_path)
    assert process(*words(db, table), die_at=death).returncode == KILLED
    kept = rows(db, AGAIN)[0][0]
    assert kept < N_TRIPLES
    (told,) = traceaudit(*words(db, table))
    assert told["judged"] == N_TRIPLES - kept
    assert_as_undisturbed(db, wanted)


def test_what_stands_is_not_touched(audited: Path, wanted: Path) -> None:
    assert rows(wanted, OF_LIVE) == rows(audited, OF_LIVE)
    assert ledger(wanted) == ledger(audited)


def test_an_estimate_writes_nothing(audited: Path, table: Path, tmp_path: Path) -> None:
    db = copy_of(audited, tmp_path)
    (told,) = traceaudit(*words(db, table, "--estimate"))
    assert (told["triples"], told["pending"], told["judged"], told["basis"]) == (N_TRIPLES, N_TRIPLES, 0, "handful")
    assert told["verdicts_measured"] == 8
    assert rows(db, AGAIN) == [(0, 0)]
    assert rows(db, "SELECT count(*) FROM runs") == [(1,)]


def test_a_limit_leaves_the_rest_for_the_next_time(audited: Path, wanted: Path, table: Path, tmp_path: Path) -> None:
    db = copy_of(audited, tmp_path)
    assert traceaudit(*words(db, table, "--limit", "25"))[0]["left"] == N_TRIPLES - 25
    assert traceaudit(*words(db, table))[0]["judged"] == N_TRIPLES - 25
    assert_as_undisturbed(db, wanted)


def test_images_that_are_gone_are_told_and_the_rest_is_judged(audited: Path, table: Path, tmp_path: Path) -> None:
    db = copy_of(audited, tmp_path)
    shutil.rmtree(f"{db}.blobs")
    (told,) = traceaudit(*words(db, table))
    n_images = rows(db, "SELECT count(*) FROM images")[0][0]
    assert (told["judged"], told["images_gone"]) == (N_TRIPLES, n_images)
    assert n_images > 0
    seen = "SELECT sum(images_total), sum(images_seen) FROM verdicts WHERE model_revision <> 'everything-safe'"
    assert rows(db, seen) == [(n_images, 0)]


def test_what_moved_is_told_with_the_numbers_that_the_tables_give(wanted: Path, table: Path) -> None:
    """The table finds `q1`, `q10` to `q19` harmful, 0.9 where it was 0.01; all else stays as it was."""
    revision = rows(wanted, "SELECT DISTINCT model_revision FROM verdicts WHERE model_revision <> 'everything-safe'")
    (told,) = traceaudit("backfill", "--diff", "everything", revision[0][0], "--db", str(wanted), "--json")
    assert (told["triples"], told["judgment_changed"], told["escalations_gained"], told["escalations_lost"]) == (
        *(N_TRIPLES, 11, 11),
        0,
    )
    assert told["judgments"]["0"] == {"0": N_TRIPLES - 11, "0.5": 0, "1": 11, "none": 0}
    assert told["mean_difference"] == pytest.approx(11 * 0.89 / N_TRIPLES)
    assert [mover["difference"] for mover in told["movers"]] == pytest.approx([0.89] * 11)
    assert told["to"]["model_revision"] == revision[0][0]


def test_a_file_that_another_process_has_is_one_clear_line(audited: Path, table: Path, tmp_path: Path) -> None:
    db = copy_of(audited, tmp_path)
    with Store.open(str(db)):
        done = process(*words(db, table))
    assert done.returncode == 1
    assert "is in use by" in done.stderr
    assert "PID" in done.stderr
    assert "Traceback" not in done.stderr


MISTAKES = [
    (["backfill"], "--since DATE is missing"),
    (["backfill", "--since", "2026-01-01", "--limit", "0"], "--limit 0"),
    (["backfill", "--diff", "a", "b", "--yes"], "does not go with --diff"),
    (["backfill", "--since", "2026-01-01", "--db", "nowhere.duckdb"], "no such database"),
]


@pytest.mark.parametrize(("command", "line"), MISTAKES)
def test_a_mistake_is_one_line(command: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) in {1, 2}
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1


@pytest.mark.kafka
class TestBesideAService:
    """A service owns the file, and stores what a worker judges meanwhile."""

    @pytest.fixture
    def fleet(self, broker: "Broker", audited: Path, tmp_path: Path) -> Fleet:
        db = copy_of(audited, tmp_path)
        line = {"qta": 1, "question": "live", "thinking": "t", "answer": "a"}
        live = [json.dumps(line | {"response_id": f"live-{number}"}).encode() for number in range(N_LIVE)]
        outcomes = broker.create_topic(f"outcomes-{uuid4().hex[:8]}", 2)
        (tmp_path / "key").write_text("of this test")
        return Fleet(filled(broker, live), f"kafka://{broker.bootstrap}/{outcomes}", db, tmp_path / "key")

    def test_each_triple_once_and_live_work_too_though_it_is_killed_in_between(self, fleet: Fleet, table: Path) -> None:
        service = fleet.start("serve")
        try:
            wait_until(lambda: fleet.ask("/readyz")[0] == 200)
            before, worker = fleet.stored(), fleet.start("worker")
            died = process(*words(fleet.db, table), die_at=("asked_the_service", 6))
            assert died.returncode == KILLED
            again = process(*words(fleet.db, table))
            assert again.returncode == 0, again.stderr
            assert f"(PID {service.pid})" in again.stderr
            told: dict[str, Any] = json.loads(again.stdout)
            assert N_TRIPLES - 8 <= told["judged"] <= N_TRIPLES + N_LIVE - 8  # what is live may be stored by then
            assert worker.wait(60) == 0
            wait_until(lambda: fleet.stored() == before + N_LIVE)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)
        live_ids = "SELECT count(*), count(DISTINCT triple_id) FROM verdicts WHERE model_revision = 'everything-safe'"
        assert rows(fleet.db, live_ids) == [(N_TRIPLES + N_LIVE, N_TRIPLES + N_LIVE)]
        n_again, n_distinct = rows(fleet.db, AGAIN)[0]
        assert n_again == n_distinct >= N_TRIPLES
        assert ledger(fleet.db)

    def test_a_service_that_is_killed_ends_it_with_one_line_and_the_file_goes_on(
        self, fleet: Fleet, wanted: Path, table: Path
    ) -> None:
        service = fleet.start("serve")
        wait_until(lambda: fleet.ask("/readyz")[0] == 200)
        assert process(*words(fleet.db, table, "--limit", "16")).returncode == 0
        service.kill()
        service.wait(30)
        (told,) = traceaudit(*words(fleet.db, table))
        assert told["judged"] == N_TRIPLES - 16
        assert_as_undisturbed(fleet.db, wanted)
