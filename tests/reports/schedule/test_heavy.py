"""Jobs in processes of their own: when they are due, that they end with this one, and that no report waits for them."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from auditor.errors import ChildFailed
from auditor.reviews import Kind, Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Judgment
from conf.schema import load
from reports.errors import NotAgain, PutBack
from reports.schedule.children import in_child
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import HEAVY, Job, Period, jobs_of
from reports.schedule.retrain import not_due
from reports.schedule.runner import Result, Runner
from reports.schedule.service import coming_round, rounds_of
from reports.schedule.store_news import News, news_for, note_seen
from reports.schedule.store_runs import Owner, last_runs
from tests.reports import seed as seeds
from tests.reports.seed import judged, seed

NOW = seeds.NOW.replace(tzinfo=UTC)
TRAINING = load().training
LOOKS = Job("retrain", "10 4 * * *", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        yield opened


def review(store: Store, n: int, *votes: tuple[str, float], kind: Kind = Kind.VOTE) -> None:
    (triple_id,) = store.connection.execute("SELECT id FROM triples ORDER BY id LIMIT 1 OFFSET ?", [n]).fetchall()[0]
    said = [Review(triple_id, name, Judgment(vote), None, "seen", NOW, kind) for name, vote in votes]
    assert add_reviews(store, said, NOW).new == len(said)


def test_news_are_what_was_said_since_and_cases_are_those_that_two_agree_on(store: Store) -> None:
    seed(store, [judged(n, 0.6) for n in range(5)])
    assert news_for(store, "retrain").votes == 0
    review(store, 0, ("ann", 1), ("bob", 1))
    review(store, 1, ("ann", 1), ("bob", 0))
    review(store, 2, ("ann", 0))
    review(store, 3, ("ann", 1), ("bob", 1), ("cem", 0))
    news = news_for(store, "retrain")
    assert (news.votes, news.cases) == (8, 2)
    note_seen(store, "retrain", news, NOW)
    assert (news_for(store, "retrain").votes, news_for(store, "calibrate").votes) == (0, 8)
    review(store, 2, ("bob", 0))
    review(store, 1, ("eve", 1), kind=Kind.ADJUDICATION)
    later = news_for(store, "retrain")
    assert (later.votes, later.cases, later.last) == (2, 2, NOW)


AT = datetime(2026, 3, 2, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cases", "last", "reason"),
    [
        (50, None, ""),
        (49, None, "not due: 49 newly agreed cases of 50, or 0 days of 30"),
        (49, AT - timedelta(days=29, hours=23), "not due: 49 newly agreed cases of 50, or 29 days of 30"),
        (1, AT - timedelta(days=30), ""),
        (0, AT - timedelta(days=99), "not due: 0 newly agreed cases of 50, or one, since the time has come"),
        (1, AT + timedelta(hours=1), ""),  # by a clock that was ahead
    ],
)
def test_a_retrain_is_due_after_enough_cases_or_days(cases: int, last: datetime | None, reason: str) -> None:
    assert not_due(News(cases * 2, cases, 7, last), TRAINING, AT) == reason


def test_the_jobs_are_off_until_somebody_says_when() -> None:
    assert not {job.name for job in jobs_of(load().schedule)} & set(HEAVY)
    on = {"schedule.retrain": "10 4 * * *", "schedule.calibrate": "25 * * * *", "schedule.golden": "30 3 * * *"}
    jobs = jobs_of(load(overrides=on).schedule)
    assert [(job.name, job.catch_up) for job in jobs if job.name in HEAVY] == [(name, 1) for name in HEAVY]


def test_what_is_told_to_end_is_due_again_and_no_attempt_of_it_counts(store: Store) -> None:
    wall = [AT - timedelta(hours=1)]
    came: list[str] = []

    def work(_: Store, period: Period, __: datetime) -> Result:
        came.append(period.name)
        if len(came) < 20:
            raise PutBack("told to end")
        return Result("well")

    one = Runner(store, [LOOKS], {"retrain": work}, Owner("p", "1"), lambda: wall[0])
    one.run_due()
    wall[0] = AT
    for _ in range(19):
        assert [ran.state for ran in one.run_due()] == ["due"]
    assert [ran.state for ran in one.run_due()] == ["done"]
    row = store.connection.execute("SELECT state, attempt, failed_at FROM job_runs").fetchall()
    assert row == [("done", 1, None)]


def test_what_trying_again_would_not_change_is_not_tried_again_and_failed_all_the_same(store: Store) -> None:
    wall = [AT - timedelta(hours=1)]

    def work(*_: object) -> Result:
        raise NotAgain("one class only")

    one = Runner(store, [LOOKS], {"retrain": work}, Owner("p", "1"), lambda: wall[0])
    one.run_due()
    wall[0] = AT
    assert [(ran.state, ran.detail) for ran in one.run_due()] == [("given_up", "one class only")]
    wall[0] += timedelta(hours=5)
    assert one.run_due() == []
    assert store.connection.execute("SELECT error FROM job_runs").fetchall() == [("one class only",)]


def test_a_child_asks_whoever_started_it(store: Store, tmp_path: Path) -> None:
    """The database is this process's alone, and the child counts in it all the same."""
    seed(store, [judged(n, 0.6) for n in range(3)])
    config = load(overrides={"store.path": str(tmp_path / "a.duckdb")})
    ended = in_child(Surroundings(config), store, ["ledger", "--json"])
    assert ended.lines
    assert ended.code == 0
    with pytest.raises(ChildFailed, match=r"traceaudit report failed: .*tenant named 'nobody'"):
        in_child(Surroundings(config), store, ["report", "--tenant", "nobody"])
    assert store.owner == ""


def test_the_risk_is_calibrated_after_enough_votes_in_another_process(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(n, 0.9 if n % 2 else 0.1) for n in range(60)])
    wall = [AT]
    words = ("--set", "schedule.calibrate=25 * * * *", "--set", "schedule.calibrate_min_new=20")
    values = dict(word.split("=", 1) for word in words[1::2])
    config = load(overrides=values | {"store.path": str(tmp_path / "a.duckdb")})
    from reports.schedule.jobs import works_of

    works = works_of(Surroundings(config, words), ["calibrate"])
    one = Runner(store, [Job("calibrate", "25 * * * *", 1)], works, Owner("p", "1"), lambda: wall[0])

    def come() -> str:
        wall[0] += timedelta(hours=1)
        (ran,) = one.run_due()
        assert ran.state == "done"
        return ran.detail

    one.run_due()
    ids = [name for (name,) in store.connection.execute("SELECT id FROM triples ORDER BY id").fetchall()]
    for n in range(19):
        review(store, n, ("ann", n % 2))
    assert come() == "not due: 19 new votes, and 20 are waited for"
    review(store, 19, ("ann", 1))
    assert come().startswith("not calibrated, the risk stays what it was: 20 reviewed triples")
    assert come() == "not due: 0 new votes, and 20 are waited for"
    for n in range(20, len(ids)):
        review(store, n, ("ann", n % 2))
    assert come() == "40 new votes; 1 of 1 calibrations changed"
    assert store.connection.execute("SELECT count(*) FROM calibrations").fetchall() == [(1,)]


def test_a_report_is_made_while_a_heavy_job_takes_long_and_that_ends_with_the_service(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heavy job waits for its child, which would take for ever; the checkpoint is signed all the same."""
    seed(store, [judged(0, 0.6)])
    values = {"store.path": str(tmp_path / "a.duckdb"), "schedule.golden": "*/5 * * * *"}
    values |= dict.fromkeys(("schedule.nightly", "schedule.weekly", "schedule.monthly", "schedule.retention"), '""')
    config = load(overrides=values | {"schedule.checkpoint": "*/5 * * * *"})
    began = Event()

    def forever(around: Surroundings, *_: object) -> Result:
        began.set()
        assert around.stop.wait(30)
        raise PutBack("told to end")

    monkeypatch.setattr("reports.schedule.golden.golden", forever)
    for job in ("golden", "checkpoint"):
        store.connection.execute(
            "INSERT INTO job_marks VALUES (?, ?)", [job, (AT - timedelta(hours=1)).replace(tzinfo=None)]
        )
    with coming_round(store, Surroundings(config, beside=True), lambda: AT):
        assert began.wait(20)
        for _ in range(100):
            if (checked := last_runs(store).get("checkpoint")) and checked.state == "done":
                break
            Event().wait(0.1)
        assert last_runs(store)["golden"].state == "running"
        assert checked
        assert checked.state == "done"
    assert last_runs(store)["golden"].state == "due"


def test_sixty_restarts_with_jumps_of_the_clock_and_two_schedulers_look_once_each_period(tmp_path: Path) -> None:
    """A look at each 04:10; a restart is a new process on the same file, with two schedulers, and clocks that jump."""
    import random

    chance, wall = random.Random(8), [datetime(2026, 3, 28, 12, tzinfo=UTC)]  # noqa: S311 - no secret; summer time begins
    came: list[str] = []

    def work(_: Store, period: Period, __: datetime) -> Result:
        came.append(period.name)
        if chance.random() < 0.3:
            came.pop()
            raise PutBack("the service ended")
        return Result("well")

    furthest = wall[0]
    for number in range(61):
        with Store.open(str(tmp_path / "b.duckdb")) as store:
            both = [
                Runner(store, [LOOKS], {"retrain": work}, Owner(f"p{number}", name), lambda: wall[0])
                for name in ("1", "2")
            ]
            for _ in range(2):
                for one in both:
                    one.run_due()
                wall[0] += timedelta(hours=chance.choice([-1, 1, 5, 9]))
                furthest = max(furthest, wall[0])
    wall[0] = furthest
    with Store.open(str(tmp_path / "b.duckdb")) as store:
        last = Runner(store, [LOOKS], {"retrain": lambda *_: Result("well")}, Owner("last", "1"), lambda: wall[0])
        last.run_due()
        known = dict(store.connection.execute("SELECT period, state FROM job_runs").fetchall())
    assert set(Counter(came).values()) == {1}
    assert set(known.values()) == {"done"}
    assert all(name.endswith("T04:10Z") for name in known)
    assert len(known) > 10


def test_a_retrain_that_cannot_be_is_told_in_the_next_report_and_looked_at_again_with_more_reviews(
    store: Store, tmp_path: Path
) -> None:
    """The command is the real one, in another process that asks this one about the database."""
    seed(store, [judged(n, 0.95) for n in range(5)])
    values = {"schedule.retrain": "10 4 * * *", "schedule.nightly": "10 5 * * *", "training.min_new": "3"}
    values["hygiene.gold_share"] = "0.0"  # else a lot would lock some of three
    words = tuple(word for pair in values.items() for word in ("--set", "=".join(pair)))
    off = dict.fromkeys(("schedule.weekly", "schedule.monthly", "schedule.retention", "schedule.checkpoint"), '""')
    places = {"store.path": str(tmp_path / "a.duckdb"), "report.out_dir": str(tmp_path / "out"), "report.pdf": "never"}
    config = load(overrides=values | off | places)
    wall = [datetime(2026, 11, 23, 3, tzinfo=UTC)]
    rounds = rounds_of([store], Surroundings(config, words), lambda: wall[0])
    rounds.once()
    for n in range(3):
        review(store, n, ("ann", 1), ("bob", 1))
    wall[0] += timedelta(hours=3)
    ran = {one.period.job: one for one in rounds.once()[0]}
    assert ran["retrain"].state == "given_up"
    assert ran["retrain"].detail.startswith("nothing was trained: 3 reviewed cases can be learned from")
    assert rounds.once() == ([], [])
    wall[0] += timedelta(days=1)
    ran = {one.period.job: one for one in rounds.once()[0]}
    assert ran["retrain"].detail.startswith("not due: 0 newly agreed cases of 3")
    report = json.loads((tmp_path / "out" / "audit-2026-11-23.json").read_text())
    (failure,) = report["failed_deliveries"]
    assert (failure["channel"], failure["target"], failure["settled"]) == ("job", "retrain", False)
    assert failure["error"].startswith("nothing was trained: 3 reviewed cases")
    page = (tmp_path / "out" / "audit-2026-11-23.html").read_text()
    assert "Not done: retrain of 2026-11-23T04:10Z (nothing was trained: 3 reviewed cases" in page
