"""Operations: whether all is accounted for, what waits, what comes round, and what could not be sent."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reports.schedule.wanted import Wish, want
from reports.sending.wanted import send_again
from reports.web.operations import operations
from reports.web.view import view
from reports.web.visit import Operating

router = APIRouter()

Said = Annotated[str, Query(max_length=200)]
Period = Annotated[str, Form(max_length=100)]


@router.get("/operations")
def how_it_stands(visit: Operating, job: Said = "", delivery: Said = "") -> HTMLResponse:
    """The page; says what was asked for just now."""
    told = operations(visit)
    return view(visit.request, "web/operations.html.j2", ops=told, now=visit.now, job=job, delivery=delivery)


@router.post("/operations/jobs/{job}/runs")
def run_now(visit: Operating, job: str, period: Period = "") -> Response:
    """Have a job run now."""
    with visit.writing() as store:
        want(store, visit.config.schedule, Wish(job, period, visit.person.name), visit.now)
    visit.site.ring()
    return RedirectResponse(f"/operations?job={job}#jobs", HTTPStatus.SEE_OTHER)


@router.post("/operations/deliveries/{delivery_id}/retry")
def retry(visit: Operating, delivery_id: str) -> Response:
    """Have something sent again."""
    with visit.writing() as store:
        send_again(store, delivery_id, visit.person.name, visit.now)
    return RedirectResponse(f"/operations?delivery={delivery_id[:12]}#deliveries", HTTPStatus.SEE_OTHER)
