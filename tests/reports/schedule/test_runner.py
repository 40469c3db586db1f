"""Each period of each job runs exactly once: restarts, two schedulers, clocks that jump, jobs that fail or hang."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from auditor.store import Store
from conf.errors import TraceauditError
from reports.schedule import store_runs
from reports.schedule.plan import Job, Period, period_of
from reports.schedule.runner import Ran, Result, Runner, pause
from reports.schedule.store_runs import LEASE, MOST_ATTEMPTS, Owner

NIGHTLY = Job("nightly", "10 0 * * *", 31)
HOURLY = Job("checkpoint", "5 * * * *", 1)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Wall:
    """A clock that is set by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Done:
    """What was run, and how it should go."""

    periods: list[str] = field(default_factory=list)
    act: Callable[[Period], Result] = lambda _: Result("well")

    def __call__(self, _: Store, period: Period, __: datetime) -> Result:
        self.periods.append(period.name)
        return self.act(period)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def runner(store: Store, wall: Wall, work: Done, *jobs: Job, process: str = "p1", name: str = "1") -> Runner:
    chosen = jobs or (NIGHTLY,)
    return Runner(store, chosen, {job.name: work for job in chosen}, Owner(process, name), wall)


def states(store: Store) -> dict[str, str]:
    return dict(store.connection.execute("SELECT period, state FROM job_runs ORDER BY due_at").fetchall())


def days(first: str, n: int) -> list[str]:
    start = datetime.fromisoformat(first).date()
    return [(start + timedelta(days=at)).isoformat() for at in range(n)]


def test_what_was_due_before_the_first_look_is_nobodys(store: Store) -> None:
    wall, work = Wall(), Done()
    assert runner(store, wall, work).run_due() == []
    wall.at += DAY
    assert runner(store, wall, work).run_due() == [Ran(period_of("nightly", START + 12 * HOUR), "done", "well")]
    assert work.periods == ["2026-03-01"]


def test_what_was_missed_is_made_up_for_oldest_first_and_more_than_that_is_recorded_as_skipped(store: Store) -> None:
    wall, work = Wall(), Done()
    runner(store, wall, work).run_due()
    wall.at += 40 * DAY
    runner(store, wall, work, process="p2").run_due()
    assert work.periods == days("2026-03-10", 31)
    assert Counter(states(store).values()) == {"done": 31, "skipped": 9}


def test_jobs_about_the_present_run_once_after_downtime(store: Store) -> None:
    wall, work = Wall(), Done()
    runner(store, wall, work, HOURLY).run_due()
    wall.at += 10 * HOUR
    runner(store, wall, work, HOURLY).run_due()
    assert work.periods == ["2026-03-01T21:05Z"]
    assert states(store) == {"2026-03-01T21:05Z": "done"}


def test_sixty_restarts_with_jumps_of_the_clock_run_each_period_exactly_once(tmp_path: Path) -> None:
    """A restart is a new process on the same file; the clock goes on by hours, and now and then one hour back."""
    chance, wall, work = random.Random(20261129), Wall(), Done()  # noqa: S311 - no secret
    furthest = wall.at
    for number in range(61):
        with Store.open(str(tmp_path / "a.duckdb")) as store:
            one = runner(store, wall, work, NIGHTLY, HOURLY, process=f"p{number}")
            for _ in range(chance.randint(1, 3)):
                one.run_due()
                wall.at += chance.choice([-HOUR, HOUR, 5 * HOUR, timedelta(minutes=7), -timedelta(seconds=1)])
                furthest = max(furthest, wall.at)
    wall.at = furthest
    with Store.open(str(tmp_path / "a.duckdb")) as store:
        runner(store, wall, work, NIGHTLY, HOURLY, process="last").run_due()
        known = states(store)
    ran = Counter(work.periods)
    assert set(ran.values()) == {1}
    nights = [period for period in ran if len(period) == 10]
    assert nights == days("2026-03-01", (furthest.date() - START.date()).days)
    assert set(known.values()) == {"done"}
    assert 40 < len(ran) - len(nights) <= (furthest - START) / HOUR + 1


@pytest.mark.parametrize("ahead", [HOUR, DAY, 400 * DAY])
def test_a_clock_that_was_ahead_and_is_set_right_neither_repeats_nor_loses_a_night(
    store: Store, ahead: timedelta
) -> None:
    wall, work = Wall(), Done()
    one = runner(store, wall, work)
    one.run_due()
    wall.at += ahead
    one.run_due()
    wall.at -= ahead
    for _ in range(40):
        wall.at += DAY
        one.run_due()
    ran = Counter(work.periods)
    assert set(ran.values()) == {1}
    assert set(days("2026-03-01", 40)) <= set(ran)


def test_a_first_look_with_a_clock_that_was_ahead_does_not_silence_a_job(store: Store) -> None:
    wall, work = Wall(START + 400 * DAY), Done()
    runner(store, wall, work).run_due()
    wall.at = START
    runner(store, wall, work).run_due()
    wall.at += DAY
    runner(store, wall, work).run_due()
    assert work.periods == ["2026-03-01"]


def test_two_schedulers_of_one_process_run_each_period_once_and_never_at_the_same_time(store: Store) -> None:
    wall = Wall()
    inside, most, both = [0], [0], Barrier(2)

    def act(_: Period) -> Result:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        Event().wait(0.002)
        inside[0] -= 1
        return Result("well")

    work = Done(act=act)
    runner(store, wall, work).run_due()
    wall.at += 30 * DAY

    def go(name: str) -> None:
        with store.aside() as mine:
            one = runner(mine, wall, work, name=name)
            both.wait()
            for _ in range(60):
                one.run_due()
                Event().wait(0.002)

    threads = [Thread(target=go, args=[name]) for name in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(work.periods) == dict.fromkeys(days("2026-03-01", 30), 1)
    assert most == [1]


def test_a_scheduler_that_hangs_loses_its_lease_by_its_beat_and_says_nothing_any_more(store: Store) -> None:
    wall, work = Wall(), Done()
    ticks = [0.0]
    first = runner(store, wall, work)
    first.run_due()
    wall.at += DAY
    first.note_due(NIGHTLY)
    hanging = first.claim(NIGHTLY)
    assert hanging
    other = runner(store, wall, work, name="2")
    other.ticks = lambda: ticks[0]
    assert other.run_due() == []
    wall.at += 5 * HOUR  # a clock that jumps takes no lease away
    assert other.run_due() == []
    ticks[0] += LEASE.total_seconds() - 1
    store_runs.beat(store, "nightly", hanging.fence, wall())
    assert other.run_due() == []
    ticks[0] += LEASE.total_seconds() + 1
    assert [one.state for one in other.run_due()] == ["done"]
    late = first.run(hanging)
    assert late.state == "done"
    assert work.periods == ["2026-03-01", "2026-03-01"]  # it ran again, since nobody knew how far it had come
    assert store.connection.execute("SELECT state, attempt, fence FROM job_runs").fetchall() == [("done", 2, 2)]


def test_a_process_that_died_leaves_its_period_to_the_next_one_at_once(store: Store) -> None:
    wall, work = Wall(), Done()
    dying = runner(store, wall, work)
    dying.run_due()
    wall.at += DAY
    dying.note_due(NIGHTLY)
    assert dying.claim(NIGHTLY)
    assert [one.state for one in runner(store, wall, work, process="p2").run_due()] == ["done"]
    assert states(store) == {"2026-03-01": "done"}


def test_what_ends_the_process_again_and_again_is_given_up_and_the_next_period_runs(store: Store) -> None:
    wall, work = Wall(), Done()
    runner(store, wall, work).run_due()
    wall.at += 2 * DAY
    for number in range(MOST_ATTEMPTS):
        dying = runner(store, wall, work, process=f"d{number}")
        dying.note_due(NIGHTLY)
        claim = dying.claim(NIGHTLY)
        assert claim
        assert (claim.period.name, claim.attempt) == ("2026-03-01", number + 1)
    runner(store, wall, work, process="survivor").run_due()
    assert states(store) == {"2026-03-01": "given_up", "2026-03-02": "done"}


def test_a_job_that_fails_is_tried_again_with_growing_pauses_and_does_not_stop_the_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    wall, fine = Wall(), Done()

    def fail(period: Period) -> Result:
        if len(failing.periods) < 3:
            raise (
                TraceauditError("the folder is full\nand more") if len(failing.periods) == 1 else ValueError("log text")
            )
        return Result("at last")

    failing = Done(act=fail)
    one = Runner(store, (NIGHTLY, HOURLY), {"nightly": failing, "checkpoint": fine}, Owner("p", "1"), wall)
    one.run_due()
    wall.at = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
    assert [(ran.state, ran.detail) for ran in one.run_due()] == [("failed", "the folder is full"), ("done", "well")]
    assert one.run_due() == []
    wall.at += pause(1)
    assert [(ran.state, ran.detail) for ran in one.run_due()] == [("failed", "ValueError")]
    wall.at += pause(1)
    assert one.run_due() == []
    wall.at += pause(2)
    assert [(ran.state, ran.detail) for ran in one.run_due()] == [("done", "at last")]
    assert "log text" not in caplog.text + str(store.connection.execute("FROM job_runs").fetchall())
    row = store.connection.execute("SELECT attempt, error, failed_at FROM job_runs WHERE job = 'nightly'").fetchall()
    assert row[0][:2] == (3, "ValueError")


def test_a_clock_that_is_set_back_does_not_keep_a_failed_job_waiting(store: Store) -> None:
    wall = Wall()
    work = Done(act=lambda _: Result("well") if len(work.periods) > 1 else raising())
    one = runner(store, wall, work)
    one.run_due()
    wall.at += DAY + 30 * DAY
    one.run_due(stop := Event())
    stop.set()
    wall.at -= 3 * HOUR
    one.run_due()
    assert Counter(states(store).values()) == {"done": 31}


def raising() -> Result:
    raise TraceauditError("not now")


def test_what_follows_of_a_run_is_kept_with_its_end_or_not_at_all(store: Store) -> None:
    wall = Wall()

    def keep(kept: Store) -> None:
        kept.connection.execute("INSERT INTO job_marks VALUES ('follows', now()::TIMESTAMP)")

    one = runner(store, wall, Done(act=lambda _: Result("well", keep)))
    one.run_due()
    wall.at += DAY
    one.note_due(NIGHTLY)
    claim = one.claim(NIGHTLY)
    assert claim
    lost = runner(store, wall, Done(), process="p2").run_due()
    assert [ran.state for ran in lost] == ["done"]
    one.run(claim)
    assert store.connection.execute("SELECT count(*) FROM job_marks WHERE job = 'follows'").fetchall() == [(0,)]


def test_each_run_is_an_event_of_the_trail(store: Store) -> None:
    wall = Wall()
    one = runner(store, wall, Done())
    one.run_due()
    wall.at += 2 * DAY
    one.run_due()
    events = store.connection.execute("SELECT kind, actor, subject FROM events ORDER BY seq").fetchall()
    assert events == [("job.run", "traceaudit", f"nightly/2026-03-0{day}") for day in (1, 2)]
