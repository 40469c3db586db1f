"""What the page of operations and the API tell of the service: what is accounted for, waits, runs, and failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from auditor.ledger import LedgerLine
from auditor.queries_operations import LetterCount, letter_counts
from auditor.store import Store
from auditor.store_sink import Waiting, n_rejects, waiting
from conf.schema import Schedule
from reports.schedule import store_runs
from reports.schedule.cron import instants
from reports.schedule.plan import LATEST_ONLY, jobs_of, period_of
from reports.schedule.store_runs import Run
from reports.sending import store_deliveries
from reports.sending.store_deliveries import Standing
from reports.web.kept import Kept
from reports.web.visit import Visit

PAGE_WAIT_S, PROGRAM_WAIT_S = 2.0, 30.0
MOST_RUNS = 30
MOST_DELIVERIES = 50

MARK = """
    SELECT (SELECT sum(next_offset) FROM positions), (SELECT max(updated_at) FROM positions),
        (SELECT count(*) FROM held), (SELECT count(*) FROM waiting_ranges),
        (SELECT count(replayed_at) FROM dead_letters)
"""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job that is on.

    Attributes:
        cron: when it is due, in UTC.
        next_at: when it is due next.
        period: what it would be about if it ran now; empty for a job that is about the present.
        state: of that period, see `Run`; None where it was never due.
        last: the period that was run last.
    """

    name: str
    cron: str
    next_at: datetime | None
    period: str
    state: str | None
    last: Run | None

    @property
    def may_run(self) -> bool:
        """Whether there is something left to be run."""
        return self.state not in {"done", "running", "due"}


@dataclass(frozen=True, slots=True)
class Operations:
    """How the service stands.

    Attributes:
        troubles: what a person should look at, in words; as of /readyz.
        ledger: as it was at `counted_at`; None while it is being counted for the first time.
        lag: messages of the topic of outcomes that are not stored yet, as far as the service knows.
        waiting: ranges that wait for offsets before them.
        rejects: messages of that topic that could not be read, ever.
        letters: dead letters by reason.
        runs: of jobs, the latest.
        deliveries: the latest.
    """

    troubles: Sequence[str]
    ledger: Sequence[LedgerLine] | None
    counted_at: datetime | None
    lag: int
    waiting: Waiting
    rejects: int
    letters: Sequence[LetterCount]
    jobs: Sequence[JobLine]
    runs: Sequence[Run]
    deliveries: Sequence[Standing]

    @property
    def unbalanced(self) -> list[LedgerLine]:
        """Partitions with offsets that are not accounted for."""
        return [line for line in self.ledger or () if not line.balanced]


def operations(visit: Visit, wait_s: float = PAGE_WAIT_S) -> Operations:
    """All of it, as of now, but for the ledger, which is counted anew when something was stored."""
    with visit.reading() as store:
        kept = ledger(visit, store, wait_s)
        return Operations(
            visit.site.troubles(),
            kept.value if kept else None,
            kept.made_at if kept else None,
            store.lag(store),
            waiting_now(store),
            n_rejects(store),
            letter_counts(store.connection),
            job_lines(store, visit.config.schedule, visit.now),
            store_runs.latest_runs(store, MOST_RUNS),
            latest_deliveries(store),
        )


def waiting_now(store: Store) -> Waiting:
    """What waits for offsets before it."""
    found = waiting(store)
    return replace(found, since=in_utc(found.since))


def latest_deliveries(store: Store) -> list[Standing]:
    """What was sent and what failed, the latest first."""
    return [told_in_utc(one) for one in store_deliveries.latest(store, MOST_DELIVERIES)]


def told_in_utc(one: Standing) -> Standing:
    """The same with times that say that they are UTC, as a program needs them."""
    return replace(one, at=in_utc(one.at), next_at=in_utc(one.next_at))


def in_utc(at: datetime | None) -> datetime | None:
    """A time as the database has it."""
    return at and at.replace(tzinfo=UTC)


def ledger(visit: Visit, store: Store, wait_s: float) -> Kept[list[LedgerLine]] | None:
    """The ledger; for millions of records it takes a second."""
    mark = store.connection.execute(MARK).fetchone()
    return visit.site.shelf.get("ledger", lambda: ledger_anew(visit), mark, wait_s)


def ledger_anew(visit: Visit) -> list[LedgerLine]:
    """Count it, on a connection of its own."""
    with visit.reading() as store:
        return store.ledger()


def job_lines(store: Store, schedule: Schedule, now: datetime) -> list[JobLine]:
    """The jobs that are on, in the order in which they run."""
    last = store_runs.last_runs(store)
    lines = []
    for job in jobs_of(schedule):
        name = "" if job.name in LATEST_ONLY else period_of(job.name, now).name
        state = store_runs.state_of(store, job.name, name) if name else None
        lines.append(JobLine(job.name, job.cron, next(instants(job.cron, now), None), name, state, last.get(job.name)))
    return lines
