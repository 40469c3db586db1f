"""A candidate in the shadow: it judges what is stored, decides nothing, and who would move is told."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from auditor.__main__ import main
from auditor.access.person import Role, person_with
from auditor.access.sight import narrow
from auditor.backfill import Backfill, Job
from auditor.desk import Selection
from auditor.judged import LIVE
from auditor.registry.places import open_registry
from auditor.registry.shadow import Follower, Shadowing, begin, shadow_of
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.verdict import Judgment, Verdict
from conf.schema import load
from ingest.qta import QTATriple
from tests.auditor.registry.made import MANIFEST, checkpoint
from tests.factories import KEY, NOW, make_batch, make_item, make_run, make_triple, make_verdict

CONFIG = load()
CANDIDATE = replace(KEY, model_revision="r2")
RUN = replace(make_run("shadow"), scorer=CANDIDATE, kind="shadow")
LATER = NOW + timedelta(hours=1)


class Harsh:
    """Finds harm in every second triple."""

    key = CANDIDATE

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        return [
            make_verdict(one.id, scorer=CANDIDATE, judgment=Judgment.HARMFUL, risk=0.9, harm_score=0.9)
            if int(one.id[1:]) % 2
            else make_verdict(one.id, scorer=CANDIDATE)
            for one in triples
        ]


def keep(store: Store, first: int, n: int, at: timedelta = timedelta()) -> None:
    """Triples that the champion judged safe."""
    items = [make_item(place, make_triple(id=f"t{place}", tenant="ab"[place % 2])) for place in range(first, first + n)]
    verdicts = [make_verdict(item.triples[0].id) for item in items]
    store.save(make_batch(*items), [], verdicts, "run1", NOW + at)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        opened.begin_run(make_run())
        keep(opened, 0, 6)
        yield opened


def shadowing(store: Store, chosen: Selection, limit: int | None = None) -> Backfill:
    return Backfill(StoreDesk(store), Harsh(), lambda one: one, Job(chosen, RUN, 2, 10.0, 1000, 0.01, limit))


def test_it_decides_nothing_and_who_moves_is_told(store: Store) -> None:
    chosen = Selection(NOW - timedelta(days=1), LATER)
    assert shadow_of(store, CONFIG, "r2", NOW) is None
    for _ in range(2):
        begin(store, CONFIG, Shadowing(RUN, KEY))
    shadowing(store, chosen).run(Event())
    found = shadow_of(store, CONFIG, "r2", NOW)
    assert found
    assert (found.candidate, found.champion, found.triples) == ("r2", "r1", 6)
    assert (found.moves.all.changed, found.moves.all.gained, found.moves.all.lost) == (3, 3, 0)
    assert {one.triple_id for one in found.moves.movers} == {"t1", "t3", "t5"}
    values = {
        "start": NOW.replace(tzinfo=None) - timedelta(days=400),
        "end": NOW.replace(tzinfo=None) + timedelta(days=400),
    }
    counted = store.connection.execute(f"SELECT DISTINCT model_revision {LIVE}", values).fetchall()
    assert counted == [("r1",)]


def test_what_only_the_candidate_judged_is_counted_apart(store: Store) -> None:
    begin(store, CONFIG, Shadowing(RUN, replace(KEY, model_revision="r0")))
    shadowing(store, Selection(NOW - timedelta(days=1), LATER), limit=4).run(Event())
    found = shadow_of(store, CONFIG, "r2", NOW)
    assert found
    assert (found.triples, found.moves.all.triples, found.moves.only_second) == (4, 0, 4)


def test_who_sees_one_tenant_sees_the_moves_of_that_one(store: Store) -> None:
    begin(store, CONFIG, Shadowing(RUN, KEY))
    shadowing(store, Selection(NOW - timedelta(days=1), LATER)).run(Event())
    seen = store.aside()
    narrow(seen, person_with("Vera", [Role.VIEWER], ["b"]), 2, NOW)
    found = shadow_of(seen, CONFIG, "r2", NOW)
    assert found
    assert (found.triples, list(found.moves.by_tenant)) == (3, ["b"])


def test_it_follows_what_is_stored_later_until_it_is_stopped(store: Store) -> None:
    """Each look up to a moment; triples come between the looks, and each is judged once."""
    begin(store, CONFIG, Shadowing(RUN, KEY))
    stop, clock = Event(), iter(NOW + timedelta(minutes=minute) for minute in range(10, 100, 10))
    places = iter((6, 8))

    def make(chosen: Selection) -> Backfill:
        return shadowing(store, chosen)

    def now() -> datetime:
        at = next(clock)
        if at < NOW + timedelta(minutes=25):
            keep(store, next(places), 2, at - NOW - timedelta(minutes=1))
        else:
            stop.set()
        return at

    done = Follower(make, now, 0.0).run(Selection(NOW - timedelta(days=1), NOW + timedelta(seconds=1)), stop)
    assert (done.judged, done.stored) == (10, 10)


def test_the_command_judges_with_a_version_of_the_registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "a.duckdb"
    log = tmp_path / "log.jsonl"
    rows = [
        {"qta": 1, "response_id": f"r{n}", "question": f"What is {n}?", "thinking": "A number.", "answer": "A number."}
        for n in range(4)
    ]
    log.write_text("\n".join(json.dumps(row) for row in rows))
    few = ["--set", "auditor.max_new_tokens=80", "--db", str(db)]
    assert main(["run", str(log), "--json", *few]) == 0
    config = load(overrides={"store.path": str(db)})
    revision = open_registry(config, write=True).add(checkpoint(tmp_path / "c", 0.02), MANIFEST).revision
    capsys.readouterr()
    assert main(["models", "shadow", revision[:12], "--json", *few]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["candidate"], told["triples"], told["scored_by_both"]) == (revision, 4, 4)
    assert main(["models", "shadow", revision[:12], "--limit", "1", *few]) == 0
    assert "4 triples judged in the shadow" in capsys.readouterr().out
