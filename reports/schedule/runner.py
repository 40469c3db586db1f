"""Runs what is due: each period of each job once, oldest first, whoever else tries, whenever this is called."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.store import Store
from conf.errors import TraceauditError
from reports.errors import NotAgain, PutBack
from reports.schedule import store_runs
from reports.schedule.cron import due_periods
from reports.schedule.plan import LATEST_ONLY, Job, Period, period_of
from reports.schedule.store_runs import FIRST_PAUSE, LEASE, LONGEST_PAUSE, MOST_ATTEMPTS, Claim, Ended, Owner

logger = logging.getLogger(__name__)

DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    Attributes:
        detail: for people; no text of a log, no secret.
        keep: writes what follows of it, such as what is to be sent, in the transaction that says that it is done.
    """

    detail: str
    keep: Callable[[Store], None] = lambda _: None


Work = Callable[[Store, Period, datetime], Result]
"""Does what a job does for a period; whatever it raises makes the run a failed one, which is tried again.

It may be called again for a period for which it was called before, when what it gave back was not kept.
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended here."""

    period: Period
    state: str
    detail: str


@dataclass(slots=True)
class Runner:
    """Runs jobs, one at a time. One thread's.

    Attributes:
        store: of this thread alone.
        jobs: what comes round.
        works: what each job does.
        owner: who this is.
        now: the clock on the wall, in UTC; may jump.
        ticks: seconds that only go up.
        seen: leases of others in this process, with when their beat was first seen like this.
    """

    store: Store
    jobs: Sequence[Job]
    works: dict[str, Work]
    owner: Owner
    now: Callable[[], datetime]
    ticks: Callable[[], float] = time.monotonic
    seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def run_due(self, stop: Event | None = None) -> list[Ran]:
        """Run all that is due, until nothing is or `stop` is set."""
        for job in self.jobs:
            self.note_due(job)
        ran = []
        for job in self.jobs:
            while not (stop and stop.is_set()) and (claim := self.claim(job)):
                ran.append(self.run(claim))
                if ran[-1].state == "due":
                    return ran
        return ran

    def note_due(self, job: Job) -> None:
        """Note the periods that came due since the last look."""
        now = self.now()
        last = store_runs.last_due(self.store, job.name, now) or store_runs.since(self.store, job.name, now)
        due = due_periods(job.cron, last, now, job.catch_up)
        if not due.run:
            return
        skipped = () if job.name in LATEST_ONLY else due.skipped  # the present is all that these are about
        with self.store.transaction():
            for state, instants in (("skipped", skipped), ("due", due.run)):
                for at in instants:
                    store_runs.note(self.store, period_of(job.name, at), at, state)

    def claim(self, job: Job) -> Claim | None:
        """The oldest period that is to be run, ours from now on; None where there is none, or another runs the job."""
        now = self.now()
        with self.store.transaction():
            row = store_runs.next_row(self.store, job.name, now)
            if row is None or not self.may_take(job.name):
                return None
            due_at, attempt, state = row
            period = period_of(job.name, due_at.replace(tzinfo=UTC))
            fence = store_runs.take_lease(self.store, job.name, self.owner, now)
            store_runs.begin(self.store, period, self.owner, fence, now)
            claim = Claim(period, due_at, attempt + 1, fence)
            if state != "running" or attempt < MOST_ATTEMPTS:
                return claim
            # Whoever ran it did not live to say how it ended, again and again; it must not end us for ever.
            self.close(claim, Ended("given_up", f"did not end, {attempt} times", now))
            store_runs.release(self.store, job.name, fence)
        return self.claim(job)

    def may_take(self, job: str) -> bool:
        """Whether nobody runs the job, or who does has lost it."""
        lease = store_runs.lease_of(self.store, job)
        if lease is None or lease.owner is None or lease.process != self.owner.process:
            return True
        fence, beat, since = self.seen.get(job, (0, 0, 0.0))
        if (fence, beat) != (lease.fence, lease.beat):
            self.seen[job] = (lease.fence, lease.beat, self.ticks())
            return False
        return self.ticks() - since > LEASE.total_seconds()

    def run(self, claim: Claim) -> Ran:
        """Do the work, and say what came of it."""
        job, result = claim.period.job, Result("")
        try:
            with self.beating(job, claim.fence):
                result = self.works[job](self.store, claim.period, self.now())
        except PutBack as error:
            with self.store.transaction():
                store_runs.put_back(self.store, claim)
            store_runs.release(self.store, job, claim.fence)
            return Ran(claim.period, "due", str(error))
        except Exception as error:  # noqa: BLE001 - the boundary of a job: what fails must not stop those after it
            ended = failed(claim, error, self.now())
            if not isinstance(error, TraceauditError):
                what = {"job": job, "error": type(error).__name__}
                logger.error("a job failed", extra=what)  # noqa: TRY400 - its words may quote a log
        else:
            ended = Ended("done", result.detail[:DETAIL_CHARS], self.now())
        with self.store.transaction():
            if self.close(claim, ended) and ended.state == "done":
                result.keep(self.store)
        store_runs.release(self.store, job, claim.fence)
        return Ran(claim.period, ended.state, ended.detail)

    def close(self, claim: Claim, ended: Ended) -> bool:
        """Write how a run ended, with its event; False where another has taken it over."""
        if not store_runs.end(self.store, claim, ended):
            logger.warning("a job was taken over", extra={"job": claim.period.job, "period": claim.period.name})
            return False
        told = {"state": ended.state, "attempt": claim.attempt, "due_at": claim.due_at.isoformat()}
        subject = f"{claim.period.job}/{claim.period.name}"
        record_event(self.store, Deed("job.run", SYSTEM, subject, told, ended.at))
        return True

    @contextmanager
    def beating(self, job: str, fence: int) -> Iterator[None]:
        """Keep the lease while the context lasts."""
        stop, aside = Event(), self.store.aside()

        def keep() -> None:
            while not stop.wait(LEASE.total_seconds() / 4):
                store_runs.beat(aside, job, fence, self.now())

        thread = Thread(target=keep, name=f"lease of {job}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            aside.close()


def failed(claim: Claim, error: Exception, now: datetime) -> Ended:
    """How a run ended that raised."""
    detail = str(error).partition("\n")[0] if isinstance(error, TraceauditError) else type(error).__name__
    if claim.attempt >= MOST_ATTEMPTS or isinstance(error, NotAgain):
        return Ended("given_up", detail[:DETAIL_CHARS], now)
    return Ended("failed", detail[:DETAIL_CHARS], now, now + pause(claim.attempt))


def pause(attempt: int) -> timedelta:
    """How long to wait after the attempt of that number: it doubles, up to an hour."""
    return min(FIRST_PAUSE * (1 << (attempt - 1)), LONGEST_PAUSE)
