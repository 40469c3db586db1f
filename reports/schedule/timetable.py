"""APScheduler rings when a job is due; what is run then, and whether it was run already, the table of runs knows.

Its job store is in memory and is built anew from the configuration: nothing is pickled, and nothing is shared between
processes. It sleeps by the clock on the wall, which may be set back; so whoever waits for the bell looks now and then
without one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC

from ingest.errors import MissingExtra
from reports.schedule.cron import trigger_of
from reports.schedule.plan import Job

GRACE_S = 12 * 3600


@contextmanager
def ringing(jobs: Sequence[Job], ring: Callable[[], object]) -> Iterator[None]:
    """Call `ring`, from a thread of APScheduler's, whenever one of these is due, while the context lasts.

    Raises:
        MissingExtra: APScheduler is not installed.
    """
    try:
        from apscheduler.schedulers.background import BackgroundScheduler
    except ImportError:
        raise MissingExtra("the schedule", "serve") from None
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": GRACE_S, "max_instances": 1}
    )
    for job in jobs:
        scheduler.add_job(ring, trigger_of(job.cron), id=job.name)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
