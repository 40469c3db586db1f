"""The jobs that a configuration asks for, and what a period of each is about; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from conf.errors import ConfigError
from conf.schema import Schedule
from reports.schedule.cron import check_cron

REPORTS = ("nightly", "weekly", "monthly")
HEAVY = ("calibrate", "golden", "retrain")  # in a process of their own, beside the others, one at a time
# The present is all that these are about; what was missed is not made up for.
LATEST_ONLY = ("checkpoint", "retention", *HEAVY)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that comes round.

    Attributes:
        cron: when, in UTC.
        catch_up: how many periods are made up for after downtime.
    """

    name: str
    cron: str
    catch_up: int


@dataclass(frozen=True, slots=True)
class Period:
    """One turn of a job.

    Attributes:
        name: 2026-03-01, 2026-W09 or 2026-02; for jobs that are about no days, when it was due.
        first, last: the UTC days that it is about, both included.
    """

    job: str
    name: str
    first: date
    last: date


def jobs_of(schedule: Schedule) -> list[Job]:
    """The jobs that are on, in the order in which they run when several are due.

    Raises:
        ConfigError: an expression is none.
    """
    jobs = []
    for name in (*REPORTS, *LATEST_ONLY):
        cron = str(getattr(schedule, name))
        if not cron:
            continue
        try:
            check_cron(cron)
        except ConfigError as error:
            raise ConfigError(f"schedule.{name} = {error}") from None
        jobs.append(Job(name, cron, 1 if name in LATEST_ONLY else schedule.catch_up))
    return jobs


def period_of(job: str, due: datetime) -> Period:
    """What the turn that was due then is about: for reports the last whole day, week or month before it."""
    return PERIODS.get(job, moment)(job, due.astimezone(UTC))


def night(job: str, due: datetime) -> Period:
    """The day before."""
    day = due.date() - timedelta(days=1)
    return Period(job, day.isoformat(), day, day)


def week(job: str, due: datetime) -> Period:
    """The last ISO week that ended before that day."""
    last = due.date() - timedelta(days=due.isoweekday())
    year, number, _ = last.isocalendar()
    return Period(job, f"{year}-W{number:02}", last - timedelta(days=6), last)


def month(job: str, due: datetime) -> Period:
    """The month before."""
    last = due.date().replace(day=1) - timedelta(days=1)
    return Period(job, f"{last:%Y-%m}", last.replace(day=1), last)


def moment(job: str, due: datetime) -> Period:
    """About no days of its own."""
    return Period(job, f"{due:%Y-%m-%dT%H:%MZ}", due.date(), due.date())


PERIODS: dict[str, Callable[[str, datetime], Period]] = {"nightly": night, "weekly": week, "monthly": month}
