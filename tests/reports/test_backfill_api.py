"""What the service gives a backfill and takes from it: only here, only who knows the secret, only what can be."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from auditor.backfill import Backfill, Job
from auditor.desk import Place, Selection
from auditor.desk_client import ServiceDesk
from auditor.desk_wire import MAX_BODY_BYTES, PATH, QUESTIONS
from auditor.errors import ServiceFailed, VerdictRefused
from auditor.follow import Health
from auditor.golden.drill import GoldenFigures, GoldenRun, GoldenScore
from auditor.service import Service, read_secret, secret_file, secret_for
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import Judgment, ScorerKey, Verdict
from ingest.qta import GuardSignal, QTATriple, ToolCall
from reports.backfill_api import Owner, add_backfill
from reports.health import answering, app_of
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

SECRET = "open sesame"  # noqa: S105 - of a test
OTHER = ScorerKey("other", "r2", "p1", "full/greedy/2000")
RUN = Run("b1", NOW, "0.1.0", OTHER, "scripted", "default-1", "backfill")
EVER = Selection(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
TRIPLES = [
    make_triple(id="t0", images=(make_image(),), tool_calls=(ToolCall("n", "{}"),)),
    make_triple(id="t1", occurred_at=NOW, guards=(GuardSignal("g", "input", "flagged", ("a",), 0.5),)),
    make_triple(id="t2", question=None, tenant="bank"),
]


@dataclass
class Answering:
    """A service that answers, with the database that it owns."""

    store: Store
    port: int
    lag: int = 0

    @property
    def desk(self) -> ServiceDesk:
        return ServiceDesk(Service("127.0.0.1", self.port, 1), SECRET)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Answering]:
    app = app_of(Health(), CollectorRegistry(), list)
    with Store.open(":memory:", str(tmp_path / "blobs")) as store, store.aside() as beside:
        store.begin_run(make_run())
        items = [make_item(n, triple) for n, triple in enumerate(TRIPLES)]
        store.save(make_batch(*items), [], [make_verdict(triple.id) for triple in TRIPLES], "run1", NOW)
        served = Answering(store, 0)
        add_backfill(app, Owner(StoreDesk(beside, ""), Lock(), Lock(), lambda: served.lag, 10), SECRET)
        with answering(app, "127.0.0.1", 0) as served.port:
            yield served


def post(serving: Answering, name: str, body: bytes = b"[]", secret: str = SECRET) -> tuple[int, str]:
    status, answer = replace(serving.desk, secret=secret).post(f"{PATH}{name}", body)
    return status, answer.decode()


def test_every_answer_is_the_one_that_the_database_gives(serving: Answering) -> None:
    here, there = StoreDesk(serving.store, ""), serving.desk
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


def test_a_backfill_through_the_service_ends_as_one_on_the_file(serving: Answering) -> None:
    job = Job(EVER, RUN, 2, 10.0, 1000, 0.01)
    done = Backfill(serving.desk, Second(), lambda triple: triple, job).run(Event())
    assert (done.judged, done.stored, done.unscorable, done.finished) == (3, 3, 1, True)
    query = "SELECT triple_id FROM verdicts WHERE model_revision = 'r2' ORDER BY triple_id"
    assert serving.store.connection.execute(query).fetchall() == [("t0",), ("t1",), ("t2",)]


def test_nothing_is_given_out_while_live_work_lags(serving: Answering) -> None:
    serving.lag = 11
    page = serving.desk.take(EVER, OTHER, Place(NOW, "t0"), 2)
    assert (page.triples, page.after, page.lag) == ((), Place(NOW, "t0"), 11)
    serving.lag = 10
    assert len(serving.desk.take(EVER, OTHER, Place(NOW, "t0"), 2).triples) == 2


@pytest.mark.parametrize("secret", ["", "open", f"{SECRET} "])
def test_who_does_not_know_the_secret_is_told_nothing(serving: Answering, secret: str) -> None:
    assert post(serving, "known", secret=secret) == (403, "")
    assert post(serving, "known")[0] == 200


def test_what_does_not_come_from_this_machine_is_refused() -> None:
    app = app_of(Health(), CollectorRegistry(), list)
    with Store.open(":memory:") as store:
        add_backfill(app, Owner(StoreDesk(store, ""), Lock(), Lock(), lambda: 0, 10), SECRET)
        for host, status in (("192.0.2.7", 403), ("not-an-address", 403), ("::1", 200)):
            client = TestClient(app, client=(host, 1))
            given = client.post(f"{PATH}known", content="[]", headers={"Authorization": f"Bearer {SECRET}"})
            assert given.status_code == status


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("no_such_question", b"[]", 404),
        ("where", b"[]", 404),
        ("known", b"{", 422),
        ("known", b"[1]", 422),
        ("take", b"[]", 422),
        ("keep", b'[{"run_id": "a secret of a log"}, []]', 422),
    ],
)
def test_a_wrong_question_is_refused_and_not_said_again(
    serving: Answering, name: str, body: bytes, status: int
) -> None:
    got, text = post(serving, name, body)
    assert got == status
    assert "a secret of a log" not in text


@pytest.mark.parametrize("n", [0, -1, 257])
def test_a_page_has_bounds(serving: Answering, n: int) -> None:
    arguments = json.loads(QUESTIONS["take"].takes.dump_json((EVER, OTHER, Place(), 1)))
    assert post(serving, "take", json.dumps([*arguments[:3], n]).encode())[0] == 422


def test_a_body_has_bounds(serving: Answering) -> None:
    assert post(serving, "keep", b" " * (MAX_BODY_BYTES + 1))[0] == 413


@pytest.mark.parametrize(
    "verdict",
    [
        make_verdict("t0"),
        make_verdict("t0", scorer=OTHER, risk=2.0),
        make_verdict("nowhere", scorer=OTHER),
        make_verdict("t0", scorer=OTHER, unscorable_reason="both"),
    ],
)
def test_a_verdict_that_cannot_be_keeps_out_all_beside_it(serving: Answering, verdict: Verdict) -> None:
    before = serving.desk.known()
    with pytest.raises(VerdictRefused):
        serving.desk.keep(RUN, [make_verdict("t1", scorer=OTHER), verdict])
    assert serving.desk.known() == before
    assert serving.store.connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]


def test_a_service_without_such_answers_is_one_line() -> None:
    with answering(app_of(Health(), CollectorRegistry(), list), "127.0.0.1", 0) as port:
        desk = ServiceDesk(Service("127.0.0.1", port, 1), SECRET)
        with pytest.raises(ServiceFailed, match="older version"):
            desk.known()
    with pytest.raises(ServiceFailed, match="what was judged so far is kept"):
        desk.known()


def test_the_secret_is_the_owners_alone_and_gone_with_the_service(tmp_path: Path) -> None:
    db = str(tmp_path / "a.duckdb")
    secret_file(db).write_text("left behind by one that was killed")
    with secret_for(db) as secret:
        assert len(secret) >= 32
        assert read_secret(db) == secret
        assert secret_file(db).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ServiceFailed, match="as the user who runs it"):
        read_secret(db)


def test_a_run_over_the_golden_set_is_kept_by_the_service(serving: Answering) -> None:
    figures = GoldenFigures(50, 0.66, None, 8, 7, 0)
    run = GoldenRun("g1", NOW, KEY, "cases", "p1", figures, ("1 of 8 canaries missed: c",), 1.5)
    scores = [GoldenScore(0, "c", "canary", 1.0, None, None, escalated=False, unscorable_reason="backend_failed")]
    assert serving.desk.with_risks([make_verdict()]) == [make_verdict()]
    assert serving.desk.keep_golden(run, scores) == 1
    assert serving.desk.golden_runs(KEY, "cases", 7) == [run]
    assert serving.desk.golden_runs(OTHER, "cases", 7) == []
