"""What is due, who runs it, and what came of it, in the database.

A period of a job is one row, which its name makes unique. A job is run under a lease with a number that only grows; who
has an older number can no longer say how a run ended. Whether another process holds a lease needs no clock: it cannot,
since this one has the database open. Within a process a lease is lost by who does not move its beat.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.store import Store
from auditor.verdict_rows import utc
from reports.schedule.plan import Period

PROCESS = uuid.uuid4().hex  # tells this process from all others, also from those that had its number before
LEASE = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_ATTEMPTS = 8  # the last about two hours after the first

# A period that was skipped, because there were too many, is due again when its time comes once more.
NOTE = """
    INSERT INTO job_runs BY NAME SELECT $job AS job, $period AS period, $due_at AS due_at, $state AS state,
        0 AS attempt, 0 AS fence, '' AS detail
    ON CONFLICT (job, period) DO UPDATE SET state = 'due', due_at = excluded.due_at
    WHERE job_runs.state = 'skipped' AND excluded.state = 'due'
"""

# A pause that reaches further than any pause does was noted when the clock was ahead.
NEXT = """
    SELECT due_at, attempt, state FROM job_runs
    WHERE job = $job AND due_at <= $now AND (state IN ('due', 'running')
        OR (state = 'failed' AND (next_at <= $now OR next_at > $furthest)))
    ORDER BY due_at LIMIT 1
"""

TAKE_LEASE = """
    INSERT INTO job_leases VALUES ($job, $owner, $process, 1, 0, $expires)
    ON CONFLICT (job) DO UPDATE SET owner = excluded.owner, process = excluded.process,
        fence = job_leases.fence + 1, beat = 0, expires_at = excluded.expires_at
    RETURNING fence
"""

BEGIN = """
    UPDATE job_runs SET state = 'running', attempt = attempt + 1, owner = $owner, fence = $fence, started_at = $now,
        finished_at = NULL, next_at = NULL, detail = ''
    WHERE job = $job AND period = $period
"""

END = """
    UPDATE job_runs SET state = $state, finished_at = $now, next_at = $next_at, detail = $detail,
        failed_at = CASE WHEN $state = 'done' THEN failed_at ELSE $now END,
        error = CASE WHEN $state = 'done' THEN error ELSE $detail END
    WHERE job = $job AND period = $period AND fence = $fence AND state = 'running' RETURNING period
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs jobs.

    Attributes:
        process: differs from that of every other process, also of those before this one.
        name: tells schedulers of one process apart.
    """

    process: str
    name: str


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs a job now; nobody where `owner` is None."""

    owner: str | None
    process: str
    fence: int
    beat: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A period that is ours to run.

    Attributes:
        attempt: 1 for the first.
        fence: the number of our lease.
    """

    period: Period
    due_at: datetime
    attempt: int
    fence: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        state: "done", "failed" or "given_up".
        detail: what came of it, or why it failed.
        at: when, UTC.
        next_at: when a failed one is tried again.
    """

    state: str
    detail: str
    at: datetime
    next_at: datetime | None = None


def since(store: Store, job: str, now: datetime) -> datetime:
    """From when on the job's periods count: its first look, or now where the clock was ahead then."""
    with store.transaction():
        values = {"job": job, "now": utc(now)}
        insert = """
            INSERT INTO job_marks VALUES ($job, $now)
            ON CONFLICT (job) DO UPDATE SET since = excluded.since WHERE job_marks.since > excluded.since"""
        store.connection.execute(insert, values)
        query = "SELECT since FROM job_marks WHERE job = ?"
        found: datetime = store.connection.execute(query, [job]).fetchall()[0][0]
    return found.replace(tzinfo=UTC)


def last_due(store: Store, job: str, now: datetime) -> datetime | None:
    """The newest instant up to `now` that is known to have been due; what a clock that was ahead noted is left out."""
    query = "SELECT max(due_at) FROM job_runs WHERE job = ? AND due_at <= ? AND state <> 'skipped'"
    ((found,),) = store.connection.execute(query, [job, utc(now)]).fetchall()
    return found.replace(tzinfo=UTC) if found else None


def note(store: Store, period: Period, due_at: datetime, state: str) -> None:
    """Note that a period is due, or too old; one that is known stays as it is."""
    values = {"job": period.job, "period": period.name, "due_at": utc(due_at), "state": state}
    store.connection.execute(NOTE, values)


WANT = """
    INSERT INTO job_runs BY NAME SELECT $job AS job, $period AS period, $now AS due_at, 'due' AS state,
        0 AS attempt, 0 AS fence, '' AS detail
    ON CONFLICT (job, period) DO UPDATE SET state = 'due', next_at = NULL
"""


def state_of(store: Store, job: str, period: str) -> str | None:
    """The state of a period; None where it was never due."""
    query = "SELECT state FROM job_runs WHERE job = ? AND period = ?"
    found = store.connection.execute(query, [job, period]).fetchall()
    return found[0][0] if found else None


def want(store: Store, job: str, period: str, now: datetime) -> None:
    """Make a period due, whatever it was."""
    store.connection.execute(WANT, {"job": job, "period": period, "now": utc(now)})


def lease_of(store: Store, job: str) -> Lease | None:
    """Who runs the job; None where nobody ever did."""
    query = "SELECT owner, process, fence, beat FROM job_leases WHERE job = ?"
    found = store.connection.execute(query, [job]).fetchall()
    return Lease(*found[0]) if found else None


def next_row(store: Store, job: str, now: datetime) -> tuple[datetime, int, str] | None:
    """When it was due, attempts and state of what is to be run first; None where nothing is."""
    values = {"job": job, "now": utc(now), "furthest": utc(now) + 2 * LONGEST_PAUSE}
    found = store.connection.execute(NEXT, values).fetchall()
    return found[0] if found else None


def take_lease(store: Store, job: str, owner: Owner, now: datetime) -> int:
    """Make the job ours; gives the lease's number."""
    values = {"job": job, "owner": owner.name, "process": owner.process, "expires": utc(now) + LEASE}
    ((fence,),) = store.connection.execute(TAKE_LEASE, values).fetchall()
    return int(fence)


def begin(store: Store, period: Period, owner: Owner, fence: int, now: datetime) -> None:
    """Note that the period is being run under that lease."""
    values = {
        "job": period.job,
        "period": period.name,
        "owner": f"{owner.process}/{owner.name}",
        "fence": fence,
        "now": utc(now),
    }
    store.connection.execute(BEGIN, values)


def end(store: Store, claim: Claim, ended: Ended) -> bool:
    """Say how a run ended; False where it is no longer ours to say."""
    period, next_at = claim.period, utc(ended.next_at) if ended.next_at else None
    values = {"job": period.job, "period": period.name, "fence": claim.fence, "state": ended.state}
    values |= {"detail": ended.detail, "now": utc(ended.at), "next_at": next_at}
    return bool(store.connection.execute(END, values).fetchall())


PUT_BACK = """
    UPDATE job_runs SET state = 'due', attempt = attempt - 1 WHERE job = $job AND period = $period AND fence = $fence
        AND state = 'running'
"""


def put_back(store: Store, claim: Claim) -> None:
    """Make a period due as if it had not been begun, where it is still ours to say."""
    period = claim.period
    store.connection.execute(PUT_BACK, {"job": period.job, "period": period.name, "fence": claim.fence})


def beat(store: Store, job: str, fence: int, now: datetime) -> bool:
    """Say that the job is still being run; False where the lease is lost."""
    query = "UPDATE job_leases SET beat = beat + 1, expires_at = ? WHERE job = ? AND fence = ? RETURNING beat"
    with store.transaction():
        return bool(store.connection.execute(query, [utc(now) + LEASE, job, fence]).fetchall())


def release(store: Store, job: str, fence: int) -> None:
    """Let another one run the job."""
    query = "UPDATE job_leases SET owner = NULL WHERE job = ? AND fence = ?"
    with store.transaction():
        store.connection.execute(query, [job, fence])


def runs(store: Store, limit: int) -> Sequence[tuple[str, str, str, int, datetime | None, datetime | None, str]]:
    """The latest runs: job, period, state, attempts, begun, ended or to be tried again, detail."""
    query = """
        SELECT job, period, state, attempt, started_at, coalesce(next_at, finished_at), detail FROM job_runs
        ORDER BY due_at DESC, job LIMIT ?"""
    return store.connection.execute(query, [limit]).fetchall()


@dataclass(frozen=True, slots=True)
class Run:
    """A period of a job, for people.

    Attributes:
        state: "due", "running", "done", "failed" (is tried again), "given_up" or "skipped".
        attempt: how often it was begun.
        next_at: when it is tried again.
        detail: what came of it, or why it failed.
        lost: it is said to be running, by a process that is gone; it is run again.
    """

    job: str
    period: str
    due_at: datetime
    state: str
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    detail: str
    lost: bool


RUNS = """
    SELECT job, period, due_at, state, attempt, started_at, finished_at, next_at, detail,
        state = 'running' AND NOT starts_with(coalesce(owner, ''), $process || '/') AS lost
    FROM job_runs
"""


def latest_runs(store: Store, limit: int) -> list[Run]:
    """The periods that came up last."""
    query = f"{RUNS} ORDER BY coalesce(finished_at, started_at, due_at) DESC, job, period LIMIT $limit"
    return [run_of(row) for row in store.connection.execute(query, {"process": PROCESS, "limit": limit}).fetchall()]


def last_runs(store: Store) -> dict[str, Run]:
    """Of each job the period that was run last."""
    query = f"""{RUNS} WHERE state <> 'skipped'
        QUALIFY row_number() OVER (PARTITION BY job ORDER BY coalesce(started_at, due_at) DESC, due_at DESC) = 1"""
    return {row[0]: run_of(row) for row in store.connection.execute(query, {"process": PROCESS}).fetchall()}


def run_of(row: Sequence[Any]) -> Run:
    """A row of RUNS; times are UTC."""
    told: list[Any] = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row]
    return Run(*told)
