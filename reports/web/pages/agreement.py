"""Agreement: how far people agree with each other, and with the guard."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from auditor.sampling.answers import votes_wanted
from reports.agreement import sentences
from reports.web.agreement import PAGE_WAIT_S, TITLES, Asked, name_of, tenants, told
from reports.web.given import Day
from reports.web.view import view
from reports.web.visit import Seeing

router = APIRouter()

LOOK_AGAIN_S = 3

Tenant = Annotated[str, Query(max_length=1_000)]


@router.get("/agreement")
def agreement(visit: Seeing, since: Day = None, tenant: Tenant = "") -> HTMLResponse:
    """The page."""
    asked = Asked(since, tenant or None)
    kept = told(visit, asked, PAGE_WAIT_S)
    with visit.reading() as store:
        choices, wanted = tenants(store), votes_wanted(store, visit.config, visit.now)
    answer = view(
        visit.request,
        "web/agreement.html.j2",
        asked=asked,
        tenants=choices,
        wanted=wanted,
        kept=kept,
        titles=TITLES,
        name_of=name_of,
        say=sentences,
    )
    if kept is None:
        answer.headers["Refresh"] = str(LOOK_AGAIN_S)
    return answer
