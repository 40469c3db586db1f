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
    values |= {"schedule.retention": '""'}
    config = load(overrides=values | {name.replace("__", "."): value for name, value in changes.items()})
    made = {name: Delivery(**{"what": ("nightly",)} | one) for name, one in (deliveries or {}).items()}
    return config.model_copy(update={"delivery": made})


def run(store: Store, config: Config, *instants: datetime, words: tuple[str, ...] = ()) -> list[Ran]:
    """What ran at the last of these instants."""
    ran: list[Ran] = []
    for now in instants:
        jobs = jobs_of(config.schedule)
        works = works_of(Surroundings(config, words), [job.name for job in jobs])
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
    assert "1 of these urgent" in told["lines"][0]
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


def test_weeks_months_and_tenants_get_reports_of_their_own(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97), judged(1, 0.6, tenant="linden-clinic")])
    what = ("nightly", "weekly", "monthly")
    config = configured(
        tmp_path,
        {
            "all": {"channel": "files", "folder": str(tmp_path / "all"), "what": what},
            "clinic": {"channel": "files", "folder": str(tmp_path / "c"), "what": what, "tenant": "linden-clinic"},
            "nobody": {"channel": "files", "folder": str(tmp_path / "n"), "what": what, "tenant": "nobody-yet"},
        },
        schedule__nightly='""',
        schedule__weekly="40 0 * * mon",
        schedule__monthly="20 1 1 * *",
    )
    ran = run(store, config, AFTER, AFTER + timedelta(days=9))
    assert [one.period.name for one in ran] == ["2026-W47", "2026-W48", "2026-11"]
    assert {one.state for one in ran} == {"done"}
    assert "without any exchange: 1 tenants" in ran[2].detail
    subjects = store.connection.execute("SELECT delivery, subject, message FROM deliveries ORDER BY ALL").fetchall()
    assert [row[:2] for row in subjects if "W48" not in row[1]] == [
        ("all", "monthly/2026-11"),
        ("all", "weekly/2026-W47"),
        ("clinic", "monthly/2026-11/linden-clinic"),
        ("clinic", "weekly/2026-W47/linden-clinic"),
    ]
    told = {subject: json.loads(message) for _, subject, message in subjects}
    assert told["weekly/2026-W47"]["n_cases"] == 2
    assert told["weekly/2026-W47/linden-clinic"]["n_cases"] == 1
    files = [Path(name) for name in told["weekly/2026-W47/linden-clinic"]["files"]]
    assert all(path.is_file() and "harbor" not in path.read_bytes().decode(errors="replace") for path in files)


def test_what_failed_is_in_the_next_report(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97)])
    (tmp_path / "file").touch()
    config = configured(tmp_path, {"ops": {"channel": "files", "folder": str(tmp_path / "file" / "x")}})
    now = [AFTER - timedelta(hours=1)]
    rounds = rounds_of([store], Surroundings(config), lambda: now[0])
    rounds.once()
    now[0] = AFTER
    assert [one.state for one in rounds.once()[1]] == ["failed"]
    now[0] += timedelta(days=1)
    rounds.runner.run_due()
    text = next((tmp_path / "out").glob("audit-2026-11-23.json")).read_text()
    (failure,) = json.loads(text)["failed_deliveries"]
    assert (failure["channel"], failure["target"], failure["subject"]) == ("files", "ops", f"nightly/{NIGHT}")
    assert failure["settled"] is False
    assert "the folder cannot be written" in failure["error"]


def test_the_trail_is_signed(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.97)])
    config = configured(tmp_path, schedule__nightly='""', schedule__checkpoint="5 * * * *")
    (ran,) = run(store, config, AFTER, AFTER + timedelta(hours=1))
    assert ran.state == "done"
    assert "signed up to event" in ran.detail or ran.detail == "nothing to sign"
    run(store, config, AFTER + timedelta(hours=2))
    assert store.connection.execute("SELECT count(*) > 0 FROM checkpoints").fetchall() == [(True,)]


def test_the_golden_set_is_tried_in_another_process_and_kept_here(store: Store, tmp_path: Path) -> None:
    config = configured(tmp_path, schedule__golden="30 3 * * *", schedule__nightly='""')
    (ran,) = run(store, config, AFTER, AFTER + timedelta(hours=4), words=("--set", "auditor.backend=scripted"))
    assert ran.state == "done"
    assert "alarms" in ran.detail
    ((alarms,),) = store.connection.execute("SELECT len(alarms) FROM golden_runs").fetchall()
    assert f"{alarms} alarms" in ran.detail


def test_one_round_runs_tells_and_sends(store: Store, tmp_path: Path) -> None:
    now = [AFTER - timedelta(hours=2)]
    places = {"what": ("nightly", "urgent"), "channel": "files", "folder": str(tmp_path / "there")}
    config = configured(tmp_path, {"ops": places})
    assert rounds_of([store], Surroundings(config), lambda: now[0]).once() == ([], [])
    seed(store, [judged(0, 0.97), judged(1, 0.6)])
    now[0] = AFTER
    ran, sent = rounds_of([store], Surroundings(config), lambda: now[0]).once()
    assert [one.state for one in ran] == ["done"]
    assert {one.state for one in sent} == {"sent"}
    assert sorted(one.subject.partition("/")[0] for one in sent) == ["nightly", "urgent"]
    assert rounds_of([store], Surroundings(config), lambda: now[0]).once() == ([], [])
