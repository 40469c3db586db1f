"""A period of a job that a person wants to be run now: it becomes due, and is run as any other is, under a lease.

A period still runs once: one that is done stays done. One that failed, was given up or was skipped is due again.
"""

from dataclasses import dataclass
from datetime import datetime

from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from conf.schema import Schedule
from reports.errors import RunRefused
from reports.schedule import store_runs
from reports.schedule.plan import Job, jobs_of, period_of
from reports.schedule.runner import Runner
from reports.schedule.store_runs import PROCESS, Owner

REFUSED = {
    "done": "is done already, and each period runs once",
    "running": "is being run",
    "due": "is due already, and begins as soon as what runs before it has ended",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Which period.

    Attributes:
        job: its name.
        period: one that is known; empty for the one that would be due now.
        by: who wants it.
    """

    job: str
    period: str
    by: str


def want(store: Store, schedule: Schedule, wish: Wish, now: datetime) -> str:
    """Make a period due, with an event; gives its name.

    Raises:
        RunRefused: there is none, or nothing is left to be run of it.
    """
    job = job_named(schedule, wish.job)
    with store.transaction():
        # What came due since the last look is noted first: a later instant in the table would hide it.
        Runner(store, [job], {}, Owner(PROCESS, "wanted"), lambda: now).note_due(job)
        name = wish.period or period_of(job.name, now).name
        state = store_runs.state_of(store, job.name, name)
        if state is None and wish.period:
            raise RunRefused(f"{job.name} was never due for {ascii(name)[1:-1]}")
        if state in REFUSED:
            raise RunRefused(f"{job.name} of {name} {REFUSED[state]}")
        store_runs.want(store, job.name, name, now)
        record_event(store, Deed("job.wanted", wish.by, f"{job.name}/{name}", {"was": state or "not due"}, now))
    return name


def job_named(schedule: Schedule, name: str) -> Job:
    """A job that is on.

    Raises:
        RunRefused: there is none of that name, or it is off.
    """
    found = next((job for job in jobs_of(schedule) if job.name == name), None)
    if found is None:
        raise RunRefused(f"the schedule has no job {ascii(name)[1:-1]}, or it is off")
    return found
