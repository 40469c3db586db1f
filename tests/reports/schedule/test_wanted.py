"""A run that a person asks for goes through the same table and lease as all others, and a period still runs once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Thread
from time import sleep

import pytest

from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import load
from reports.errors import RunRefused
from reports.schedule import store_runs
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period, jobs_of
from reports.schedule.runner import Result, Runner
from reports.schedule.service import coming_round
from reports.schedule.store_runs import PROCESS, Owner
from reports.schedule.wanted import Wish, want

AT = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)  # a Tuesday
SCHEDULE = load(
    overrides=dict.fromkeys(("schedule.golden", "schedule.retention", "schedule.checkpoint"), '""')
).schedule


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


class Works:
    """Remembers what it did; fails where it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails = False

    def __call__(self, _: Store, period: Period, __: datetime) -> Result:
        if self.fails:
            raise TraceauditError("the disk is full")
        self.done.append(f"{period.job}/{period.name}")
        return Result("well")


def runner(store: Store, works: Works, now: datetime = AT, name: str = "1") -> Runner:
    jobs = jobs_of(SCHEDULE)
    return Runner(store, jobs, {job.name: works for job in jobs}, Owner(PROCESS, name), lambda: now)


def wish(job: str = "nightly", period: str = "") -> Wish:
    return Wish(job, period, "Ada")


def test_the_last_whole_night_is_run_at_once_and_then_never_again(store: Store) -> None:
    works = Works()
    runner(store, works).run_due()
    assert want(store, SCHEDULE, wish(), AT) == "2026-03-02"
    with pytest.raises(RunRefused, match="is due already"):
        want(store, SCHEDULE, wish(), AT)
    runner(store, works).run_due()
    assert works.done == ["nightly/2026-03-02"]
    with pytest.raises(RunRefused, match="nightly of 2026-03-02 is done already, and each period runs once"):
        want(store, SCHEDULE, wish(), AT + timedelta(hours=1))


def test_the_night_that_was_run_before_its_time_does_not_run_again_when_it_comes(store: Store) -> None:
    works = Works()
    early = datetime(2026, 3, 3, 0, 1, tzinfo=UTC)  # before the nightly job is due
    runner(store, works, early).run_due()
    want(store, SCHEDULE, wish(), early)
    runner(store, works, early).run_due()
    runner(store, works, early + timedelta(hours=5)).run_due()
    assert works.done.count("nightly/2026-03-02") == 1


def test_a_wish_hides_no_night_that_came_due_and_was_not_looked_at_yet(store: Store) -> None:
    works = Works()
    runner(store, works).run_due()
    later = AT + timedelta(days=3)
    want(store, SCHEDULE, wish("weekly"), later)
    with pytest.raises(RunRefused, match="2026-03-05 is due already"):
        want(store, SCHEDULE, wish(), later)
    runner(store, works, later).run_due()
    nights = [name for name in works.done if name.startswith("nightly")]
    assert nights == ["nightly/2026-03-03", "nightly/2026-03-04", "nightly/2026-03-05"]
    assert "weekly/2026-W09" in works.done


def test_what_failed_is_tried_at_once_and_what_was_given_up_once_more(store: Store) -> None:
    works = Works()
    works.fails = True
    runner(store, works).run_due()
    want(store, SCHEDULE, wish(), AT)
    (ran,) = runner(store, works).run_due()
    assert (ran.state, ran.detail) == ("failed", "the disk is full")
    assert runner(store, works).run_due() == []
    store.connection.execute("UPDATE job_runs SET state = 'given_up', attempt = 8, next_at = NULL")
    assert runner(store, works, AT + timedelta(hours=9)).run_due() == []
    want(store, SCHEDULE, wish(period="2026-03-02"), AT + timedelta(hours=9))
    works.fails = False
    (again,) = runner(store, works, AT + timedelta(hours=9)).run_due()
    assert (again.period.name, again.state) == ("2026-03-02", "done")


def test_two_who_ask_and_two_who_run_make_one_run(store: Store) -> None:
    works = Works()
    runner(store, works).run_due()
    barrier, refused = Barrier(2), []

    def ask() -> None:
        with store.aside() as aside:
            barrier.wait()
            try:
                want(aside, SCHEDULE, wish(), AT)
            except RunRefused as error:
                refused.append(error)
            runner(aside, works, name=str(len(refused))).run_due()

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert works.done == ["nightly/2026-03-02"]
    assert len(refused) == 1


def test_who_asked_is_in_the_audit_trail(store: Store) -> None:
    want(store, SCHEDULE, wish(), AT)
    rows = store.connection.execute("SELECT actor, subject, details FROM events WHERE kind = 'job.wanted'").fetchall()
    assert rows == [("Ada", "nightly/2026-03-02", '{"was":"not due"}')]


@pytest.mark.parametrize(
    ("job", "period", "why"),
    [
        ("golden", "", "no job golden, or it is off"),
        ("\x1b[31m", "", r"no job \\x1b\[31m, or"),
        ("nightly", "1999-01-01", "nightly was never due for 1999-01-01"),
    ],
)
def test_what_there_is_not_is_refused_and_leaves_no_event(store: Store, job: str, period: str, why: str) -> None:
    with pytest.raises(RunRefused, match=why):
        want(store, SCHEDULE, wish(job, period), AT)
    assert store.connection.execute("SELECT count(*) FROM events WHERE kind = 'job.wanted'").fetchall() == [(0,)]


def test_the_bell_has_it_run_without_waiting_for_the_next_look(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.schedule.service.LOOK_S", 3600.0)
    off = dict.fromkeys(("schedule.golden", "schedule.retention"), '""')
    config = load(overrides=off | {"store.path": str(tmp_path / "a.duckdb"), "report.pdf": "never"})
    bell = Event()
    with coming_round(store, Surroundings(config, bell=bell), lambda: AT), store.aside() as asking:
        want(asking, config.schedule, wish("checkpoint"), AT)
        bell.set()
        while store_runs.state_of(asking, "checkpoint", "2026-03-03T07:30Z") != "done":
            sleep(0.05)
    assert store_runs.last_runs(store)["checkpoint"].detail == "signed up to event 2"
