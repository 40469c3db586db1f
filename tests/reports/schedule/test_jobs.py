"""What jobs do, with the real work in them: reports on disk, samples drawn, messages queued, the golden set tried."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.store import Store
from conf.delivery import Delivery
from conf.schema import Config, load
from reports.schedule.jobs import Surroundings, works_of
from reports.schedule.plan import jobs_of
from reports.schedule.runner import Ran, Runner
from reports.schedule.service import rounds_of
from reports.schedule.store_runs import Owner
from tests.reports.seed import NOW, judged, seed

NIGHT = NOW.date().isoformat()
AFTER = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        yield opened


def configured(folder: Path, deliveries: dict[str, dict[str, Any]] | None = None, **changes: str) -> Config:
    values = {"report.out_dir": str(folder / "out"), "schedule.weekly": '""', "schedule.monthly": '""'}
    values |= {"store.path": str(folder / "a.duckdb"), "auditor.backend": "scripted", "schedule.checkpoint": '""'}
    config = load(overrides=values | {name.replace("__", "."): value for name, value in changes.items()})
    made = {name: Delivery(**{"what": ("nightly",)} | one) for name, one in (deliveries or {}).items()}
    return config.model_copy(update={"delivery": made})


def run(store: Store, config: Config, *instants: datetime) -> list[Ran]:
    """What ran at the last of these instants."""
    ran: list[Ran] = []
    for now in instants:
        jobs = jobs_of(config.schedule)
        works = works_of(Surroundings(config), [job.name for job in jobs])
        ran = Runner(store, jobs, works, Owner("p", "1"), lambda now=now: now).run_due()  # type: ignore[misc]
    return ran


def test_a_night_is_drawn_reported_and_queued(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97), judged(1, 0.6), judged(2, 0.1)])
    config = configured(tmp_path, {"ops": {"channel": "files", "folder": str(tmp_path / "there")}})
    (ran,) = run(store, config, AFTER - timedelta(hours=1), AFTER)
    assert (ran.period.name, ran.state) == (NIGHT, "done")
    assert ran.detail == "2 of 3 exchanges need a person; reports made: 1"
    suffixes = {path.suffix for path in (tmp_path / "out").glob(f"audit-{NIGHT}.*")}
    assert suffixes >= {".html", ".json", ".csv", ".parquet"}
    assert store.connection.execute("SELECT count(*) > 0 FROM draws").fetchall() == [(True,)]
    ((message,),) = store.connection.execute("SELECT message FROM deliveries").fetchall()
    told = json.loads(message)
    assert (told["subject"], told["n_cases"]) == (f"nightly/{NIGHT}", 2)
    assert "of these urgent" in told["lines"][0]
    assert "every offset is accounted for" in told["lines"][2]


def test_a_report_that_cannot_be_written_fails_and_is_made_when_it_can(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97)])
    (tmp_path / "out").touch()
    config = configured(tmp_path, {"ops": {"channel": "files", "folder": str(tmp_path / "there")}})
    (ran,) = run(store, config, AFTER - timedelta(hours=1), AFTER)
    assert ran.state == "failed"
    assert store.connection.execute("SELECT count(*) FROM deliveries").fetchall() == [(0,)]
    (tmp_path / "out").unlink()
    (ran,) = run(store, config, AFTER + timedelta(minutes=2))
    assert ran.state == "done"
    assert store.connection.execute("SELECT subject FROM deliveries").fetchall() == [(f"nightly/{NIGHT}",)]


def test_the_golden_set_is_tried_and_kept(store: Store, tmp_path: Path) -> None:
    config = configured(tmp_path, schedule__golden="30 3 * * *", schedule__nightly='""')
    (ran,) = run(store, config, AFTER, AFTER + timedelta(hours=4))
    assert ran.state == "done"
    assert "alarms" in ran.detail
    ((alarms,),) = store.connection.execute("SELECT len(alarms) FROM golden_runs").fetchall()
    assert f"{alarms} alarms" in ran.detail


def test_one_round_runs_tells_and_sends(store: Store, tmp_path: Path) -> None:
    now = [AFTER - timedelta(hours=2)]
    places = {"what": ("nightly", "urgent"), "channel": "files", "folder": str(tmp_path / "there")}
    config = configured(tmp_path, {"ops": places})
    assert rounds_of(store, Surroundings(config), lambda: now[0]).once() == ([], [])
    seed(store, [judged(0, 0.97), judged(1, 0.6)])
    now[0] = AFTER
    ran, sent = rounds_of(store, Surroundings(config), lambda: now[0]).once()
    assert [one.state for one in ran] == ["done"]
    assert {one.state for one in sent} == {"sent"}
    assert sorted(one.subject.partition("/")[0] for one in sent) == ["nightly", "urgent"]
    assert rounds_of(store, Surroundings(config), lambda: now[0]).once() == ([], [])
