"""Search: cases by what is known of them."""

from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from auditor.diagnosis import UNCLEAR
from auditor.errors import VoteRefused
from auditor.guard_input import Part
from auditor.reviewing.filters import STATES, Filters
from auditor.reviewing.search import Found, Place
from auditor.verdict import Category
from reports.web.found import found
from reports.web.live import tenants_of
from reports.web.queue_form import OF_SEARCH, filters_of, written
from reports.web.view import view
from reports.web.visit import Seeing

router = APIRouter()

ALWAYS_SHOWN = {"text", "tenant", "state"}  # the other filters are folded away until one is used


@router.get("/cases")
def cases(visit: Seeing) -> HTMLResponse:
    """The page, with the newest cases that are meant."""
    given = visit.request.query_params
    fields, problem, page = written(given, OF_SEARCH), "", Found((), None, None)
    try:
        filters = filters_of(fields)
        page = found(visit, filters, Place.read(given.get("before", "")))
    except VoteRefused as error:
        filters, problem = Filters(), str(error)
    with visit.reading() as store:
        tenants = tenants_of(visit, store)
    return view(
        visit.request,
        "web/cases.html.j2",
        status=422 if problem else 200,
        filled=fields,
        narrowed=bool(fields.keys() - ALWAYS_SHOWN),
        problem=problem,
        found=page,
        further=further(fields, page),
        is_first=not given.get("before"),
        tenants=tenants,
        categories=[one.value for one in Category],
        stages=[*(part.value for part in Part), UNCLEAR],
        states=STATES,
    )


def further(fields: dict[str, str], page: Found) -> str:
    """The address of what lies behind; empty where nothing does."""
    return f"/cases?{urlencode({**fields, 'before': str(page.further)})}" if page.further else ""
