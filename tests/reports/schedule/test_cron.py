"""When a job was due: each instant once, whatever the clock does between two looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.errors import ConfigError
from conf.schema import load
from reports.schedule.cron import HORIZON, check_cron, due_periods
from reports.schedule.plan import jobs_of, period_of

NIGHTLY = "10 0 * * *"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CRONS = st.sampled_from([NIGHTLY, "40 0 * * mon", "20 1 1 * *", "5 * * * *", "30 2 * * *"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_was_missed_is_due_oldest_first_and_the_present_is_included() -> None:
    due = due_periods(NIGHTLY, at("2026-03-01T00:10"), at("2026-03-04T00:10"), 31)
    assert due.run == (at("2026-03-02T00:10"), at("2026-03-03T00:10"), at("2026-03-04T00:10"))
    assert due.skipped == ()
    assert due_periods(NIGHTLY, at("2026-03-01T00:10"), at("2026-03-02T00:09:59"), 31).run == ()


def test_more_than_are_made_up_for_are_skipped_the_oldest() -> None:
    due = due_periods(NIGHTLY, START, START + timedelta(days=40), 31)
    assert len(due.run) == 31
    assert len(due.skipped) == 9
    assert max(due.skipped) < min(due.run)
    assert due.run[-1] == at("2026-04-10T00:10")


def test_nothing_older_than_the_horizon_is_looked_at() -> None:
    now = START + timedelta(days=5000)
    due = due_periods(NIGHTLY, START, now, 31)
    assert len(due.run) == 31
    assert min(due.skipped) > now - HORIZON


@given(cron=CRONS, steps=st.lists(st.integers(-90 * 60, 36 * 3600), max_size=60))
def test_whatever_the_clock_does_each_instant_is_due_once_and_none_is_left_out(cron: str, steps: list[int]) -> None:
    """A look at each of the clock's instants, which may go back; what is known is the newest instant up to then."""
    known: set[datetime] = {START}
    seen: list[datetime] = []
    now = START
    for seconds in steps:
        now += timedelta(seconds=seconds)
        last = max((one for one in known if one <= now), default=None)
        if last is None:
            continue
        found = due_periods(cron, last, now, 10_000).run
        assert list(found) == sorted(found)
        seen += [one for one in found if one not in known]
        assert not known & set(found)
        known |= set(found)
    reached = max([START, *(START + timedelta(seconds=sum(steps[: n + 1])) for n in range(len(steps)))])
    assert sorted(seen) == list(due_periods(cron, START, reached, 10_000).run)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"])
def test_days_on_which_clocks_change_somewhere_have_each_hour_once(day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    start = at(f"{day}T00:00") - timedelta(seconds=1)
    assert len(due_periods("30 * * * *", start, start + timedelta(days=1), 100).run) == 24
    assert len(due_periods("30 2 * * *", start, start + timedelta(days=1), 100).run) == 1


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("never", "no cron expression"),
        ("61 * * * *", "no cron expression"),
        ("0 0 30 2 *", "no such day"),
        ("* * * * *", "more often"),
        ("0 0 * * 1", "weekdays by name"),
        ("0 0 * *", "no cron expression"),
    ],
)
def test_an_expression_that_means_nothing_is_refused(cron: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        check_cron(cron)


def test_a_wrong_expression_is_told_with_its_key() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.weekly = '1 2 3'"):
        jobs_of(load(overrides={"schedule.weekly": "1 2 3"}).schedule)


def test_the_configured_jobs_and_an_empty_expression_is_never() -> None:
    assert [job.name for job in jobs_of(load().schedule)][:3] == ["nightly", "weekly", "monthly"]
    changes = {"schedule.weekly": '""', "schedule.golden": "30 3 * * *", "schedule.checkpoint": "5 * * * *"}
    changes["schedule.retention"] = '""'
    jobs = jobs_of(load(overrides=changes).schedule)
    assert [(job.name, job.catch_up) for job in jobs] == [
        ("nightly", 31),
        ("monthly", 31),
        ("checkpoint", 1),
        ("golden", 1),
    ]


@pytest.mark.parametrize(
    ("job", "due", "name", "first", "last"),
    [
        ("nightly", "2026-03-01T00:10", "2026-02-28", "2026-02-28", "2026-02-28"),
        ("nightly", "2026-03-01T23:59", "2026-02-28", "2026-02-28", "2026-02-28"),
        ("weekly", "2026-03-02T00:40", "2026-W09", "2026-02-23", "2026-03-01"),
        ("weekly", "2026-03-08T23:00", "2026-W09", "2026-02-23", "2026-03-01"),
        ("weekly", "2027-01-04T00:40", "2026-W53", "2026-12-28", "2027-01-03"),
        ("monthly", "2026-03-01T01:20", "2026-02", "2026-02-01", "2026-02-28"),
        ("monthly", "2026-01-31T01:20", "2025-12", "2025-12-01", "2025-12-31"),
        ("checkpoint", "2026-03-01T01:05", "2026-03-01T01:05Z", "2026-03-01", "2026-03-01"),
    ],
)
def test_a_report_is_about_the_last_whole_day_week_or_month(
    job: str, due: str, name: str, first: str, last: str
) -> None:
    found = period_of(job, at(due))
    assert (found.name, found.first.isoformat(), found.last.isoformat()) == (name, first, last)
