"""The desk of a backfill: the file when it is free, waited for when it is not, and the owner when one answers."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Timer

import pytest

from auditor import owner
from auditor.asked_desk import AskedDesk
from auditor.backfill import Backfill, Job
from auditor.desk import Place, Selection
from auditor.errors import Declined, StoreLocked, StoreUnusable
from auditor.golden.drill import GoldenFigures, GoldenRun, GoldenScore
from auditor.lag import FAR, lag_of
from auditor.local_api import answering_others
from auditor.owner import Asker
from auditor.service import find_service
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import Judgment, ScorerKey, Verdict
from conf.schema import load
from ingest.qta import GuardSignal, QTATriple, ToolCall
from tests.factories import (
    KEY,
    NOW,
    make_batch,
    make_image,
    make_item,
    make_run,
    make_triple,
    make_unscorable,
    make_verdict,
)

OTHER = ScorerKey("other", "r2", "p1", "full/greedy/2000")
RUN = Run("b1", NOW, "0.1.0", OTHER, "scripted", "default-1", "backfill")
EVER = Selection(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
TRIPLES = [
    make_triple(id="t0", images=(make_image(),), tool_calls=(ToolCall("n", "{}"),)),
    make_triple(id="t1", occurred_at=NOW, guards=(GuardSignal("g", "input", "flagged", ("a",), 0.5),)),
    make_triple(id="t2", question=None, tenant="bank"),
]
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        store.begin_run(make_run())
        items = [make_item(n, triple) for n, triple in enumerate(TRIPLES)]
        store.save(make_batch(*items), [], [make_verdict(triple.id) for triple in TRIPLES], "run1", NOW)
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


@pytest.fixture
def serving(db: str) -> Iterator[Store]:
    """The open database, whose owner answers."""
    with Store.open(db) as store, answering_others(store, db, lambda _: None):
        yield store


def desk_of(db: str, said: list[str] | None = None) -> AskedDesk:
    config = load(overrides={"store.path": json.dumps(db), "backfill.max_lag": "10"})
    return AskedDesk(Asker(config, said.append if said is not None else lambda _: None), 0.05)


def test_others_may_have_the_file_between_two_questions(db: str) -> None:
    said: list[str] = []
    desk = desk_of(db, said)
    assert [one.n_verdicts for one in desk.known()] == [3]
    with taken(db):
        pass
    assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
    assert said == [f"opened {db}"]


def test_a_file_that_is_taken_meanwhile_is_waited_for(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "PATIENCE_S", 0.1)
    said: list[str] = []
    desk = desk_of(db, said)
    desk.known()
    with taken(db) as process:
        assert process.stdin
        Timer(1.5, process.stdin.close).start()
        assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
    (waiting,) = said[1:]
    assert waiting.startswith(f"waiting: {db} is in use by ")
    assert f"(PID {process.pid})" in waiting


def test_a_file_that_is_taken_from_the_first_is_an_error(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "PATIENCE_S", 0.1)
    with taken(db) as process, pytest.raises(StoreLocked, match=f"PID {process.pid}"):
        desk_of(db, []).known()
    with pytest.raises(StoreUnusable, match="no such database"):
        desk_of(f"{db}-other", []).known()


def test_an_owner_that_took_the_file_meanwhile_is_asked(db: str) -> None:
    said: list[str] = []
    desk = desk_of(db, said)
    desk.known()
    with Store.open(db) as store, answering_others(store, db, lambda _: None):
        service = find_service(db)
        assert service
        assert desk.keep(RUN, [make_verdict("t1", scorer=OTHER)]) == 1
    assert [one.n_verdicts for one in desk.known()] == [3, 1]
    assert said == [f"opened {db}", f"asked {service.where}", f"opened {db}"]


def test_every_answer_is_the_one_that_the_database_gives(serving: Store, db: str) -> None:
    here, there = StoreDesk(serving), desk_of(db)
    assert there.standing(EVER, OTHER) == here.standing(EVER, OTHER)
    assert there.handful(EVER, OTHER, 2) == here.handful(EVER, OTHER, 2)
    page = there.take(EVER, OTHER, Place(), 3)
    assert page == here.take(EVER, OTHER, Place(), 3)
    assert [triple.id for triple in page.triples] == ["t0", "t1", "t2"]
    assert page.triples[1] == TRIPLES[1]
    assert there.keep(RUN, [make_verdict("t0", scorer=OTHER, content_hash="c"), unscorable("t1")]) == 2
    assert there.keep(RUN, [make_verdict("t0", scorer=OTHER, content_hash="c"), unscorable("t1")]) == 0
    assert there.known() == here.known()
    assert there.recall(["c", "d"], OTHER) == here.recall(["c", "d"], OTHER)
    assert set(there.recall(["c"], OTHER)) == {"c"}
    pairs = there.pairs(EVER, KEY, OTHER)
    assert pairs == here.pairs(EVER, KEY, OTHER)
    assert [pair.second and pair.second.judgment for pair in pairs] == [Judgment.SAFE, None, None]


def unscorable(triple_id: str) -> Verdict:
    return replace(make_unscorable(triple_id), scorer=OTHER)


class Second:
    """Judges as another model; one of them it cannot."""

    key = OTHER

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        return [unscorable(t.id) if t.id == "t1" else make_verdict(t.id, scorer=OTHER) for t in triples]


def test_a_backfill_through_the_owner_ends_as_one_on_the_file(serving: Store, db: str) -> None:
    job = Job(EVER, RUN, 2, 10.0, 1000, 0.01)
    done = Backfill(desk_of(db), Second(), lambda triple: triple, job).run(Event())
    assert (done.judged, done.stored, done.unscorable, done.finished) == (3, 3, 1, True)
    query = "SELECT triple_id FROM verdicts WHERE model_revision = 'r2' ORDER BY triple_id"
    assert serving.connection.execute(query).fetchall() == [("t0",), ("t1",), ("t2",)]


def test_nothing_is_given_out_while_live_work_lags(db: str) -> None:
    lag = 11
    with Store.open(db) as store:
        store.lag = lambda _: lag
        with answering_others(store, db, lambda _: None):
            page = desk_of(db).take(EVER, OTHER, Place(NOW, "t0"), 2)
            assert (page.triples, page.after, page.lag) == ((), Place(NOW, "t0"), 11)
            lag = 10
            assert len(desk_of(db).take(EVER, OTHER, Place(NOW, "t0"), 2).triples) == 2


class Topic:
    """A source that knows where it ends."""

    def high_waters(self) -> dict[tuple[str, int], int]:
        return {("file:/logs/a.jsonl", 0): 7, ("kafka:c/t", 1): 9}


def test_the_lag_of_a_run_is_what_its_topics_hold_and_it_has_not_stored(db: str) -> None:
    """Three of seven offsets are stored; of the other partition nothing was read, so nothing is known."""
    with Store.open(db) as store:
        assert lag_of([Topic()])(store) == 4  # type: ignore[list-item]
        assert lag_of([Topic(), object()])(store) == FAR  # type: ignore[list-item]
        assert lag_of([])(store) == 0


@pytest.mark.parametrize("n", [0, -1, 257])
@pytest.mark.usefixtures("serving")
def test_a_page_has_bounds(db: str, n: int) -> None:
    with pytest.raises(Exception, match="does not understand the question"):
        desk_of(db).take(EVER, OTHER, Place(), n)


@pytest.mark.parametrize(
    "verdict",
    [
        make_verdict("t0"),
        make_verdict("t0", scorer=OTHER, risk=2.0),
        make_verdict("nowhere", scorer=OTHER),
        make_verdict("t0", scorer=OTHER, unscorable_reason="both"),
    ],
)
def test_a_verdict_that_cannot_be_keeps_out_all_beside_it(serving: Store, db: str, verdict: Verdict) -> None:
    before = desk_of(db).known()
    with pytest.raises(Declined, match="a verdict cannot be kept"):
        desk_of(db).keep(RUN, [make_verdict("t1", scorer=OTHER), verdict])
    assert desk_of(db).known() == before
    assert serving.connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]


@pytest.mark.usefixtures("serving")
def test_a_run_over_the_golden_set_is_kept_by_the_owner(db: str) -> None:
    ask = desk_of(db).asker.ask
    figures = GoldenFigures(50, 0.66, None, 8, 7, 0)
    run = GoldenRun("g1", NOW, KEY, "cases", "p1", figures, ("1 of 8 canaries missed: c",), 1.5)
    scores = [GoldenScore(0, "c", "canary", 1.0, None, None, escalated=False, unscorable_reason="backend_failed")]
    assert ask("golden.risks", [make_verdict()]) == [make_verdict()]
    assert ask("golden.keep", run, scores) == 1
    assert ask("golden.runs", KEY, "cases", 7) == [run]
    assert ask("golden.runs", OTHER, "cases", 7) == []
