"""Operations for programs: jobs, runs, deliveries, dead letters by reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from auditor.queries_operations import LetterCount, letter_counts
from auditor.store_sink import Waiting
from reports.schedule import store_runs
from reports.schedule.store_runs import Run
from reports.schedule.wanted import Wish, want
from reports.sending.store_deliveries import Standing
from reports.sending.wanted import send_again
from reports.web.operations import (
    MOST_RUNS,
    PROGRAM_WAIT_S,
    JobLine,
    job_lines,
    latest_deliveries,
    operations,
    told_in_utc,
)
from reports.web.visit import Operating

router = APIRouter(tags=["operations"])


class RunBody(BaseModel):
    """Which period is to be run; without one that which would be due now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: Annotated[str, Field(max_length=100)] = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period that is due now."""

    job: str
    period: str


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs that are on, and the periods that came up last."""

    jobs: Sequence[JobLine]
    runs: Sequence[Run]


@dataclass(frozen=True, slots=True)
class Stands:
    """How the service stands.

    Attributes:
        ok: nothing is in `troubles`, and every offset is accounted for.
        troubles: what a person should look at, in words.
        unbalanced: source partitions with offsets that are not accounted for.
        lag: messages of the topic of outcomes that are not stored yet, as far as the service knows.
        waiting: ranges that wait for offsets before them.
        rejects: messages of that topic that could not be read, ever.
        open_letters: dead letters that are not settled.
    """

    ok: bool
    troubles: Sequence[str]
    unbalanced: int
    lag: int
    waiting: Waiting
    rejects: int
    open_letters: int


@router.get("/standing")
def standing(visit: Operating) -> Stands:
    """How the service stands, in a few numbers."""
    told = operations(visit, PROGRAM_WAIT_S)
    if told.ledger is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    unbalanced, letters = len(told.unbalanced), sum(line.open for line in told.letters)
    ok = not told.troubles and not unbalanced
    return Stands(ok, told.troubles, unbalanced, told.lag, told.waiting, told.rejects, letters)


@router.get("/jobs")
def jobs(visit: Operating) -> Jobs:
    """What comes round, and what came of it."""
    with visit.reading() as store:
        return Jobs(job_lines(store, visit.config.schedule, visit.now), store_runs.latest_runs(store, MOST_RUNS))


@router.post("/jobs/{job}/runs", status_code=HTTPStatus.ACCEPTED)
def run(visit: Operating, job: str, body: RunBody) -> Wanted:
    """Have a job run now. A period that is done is not run again."""
    with visit.writing() as store:
        period = want(store, visit.config.schedule, Wish(job, body.period, visit.person.name), visit.now)
    visit.site.ring()
    return Wanted(job, period)


@router.get("/deliveries")
def deliveries(visit: Operating) -> list[Standing]:
    """What was sent, and what failed; the latest first."""
    with visit.reading() as store:
        return latest_deliveries(store)


@router.post("/deliveries/{delivery_id}/retry", status_code=HTTPStatus.ACCEPTED)
def retry(visit: Operating, delivery_id: str) -> Standing:
    """Have something sent again, also what was given up; gives what it was."""
    with visit.writing() as store:
        return told_in_utc(send_again(store, delivery_id, visit.person.name, visit.now))


@router.get("/dead-letters")
def dead_letters(visit: Operating) -> list[LetterCount]:
    """Records that cannot be read, by reason; nothing of what is in them."""
    with visit.reading() as store:
        return letter_counts(store.connection)
