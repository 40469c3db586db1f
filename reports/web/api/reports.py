"""Reports for programs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response

from reports.web.live import asked, note_read, report
from reports.web.visit import Seeing

router = APIRouter(tags=["reports"])

WAIT_S = 60.0


@router.get("/report", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def live_report(
    visit: Seeing,
    period: Annotated[str, Query(pattern="^(day|week|month)$")] = "day",
    day: Annotated[str, Query(max_length=10)] = "",
    tenant: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """The report of the period that holds a UTC day, as it is now; the same JSON as the files of a night."""
    with visit.reading() as store:
        wanted = asked(visit, store, period, day, tenant)
    kept, _ = report(visit, wanted, WAIT_S)
    if kept is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "10"})
    note_read(visit, wanted, kept.value.cases, "api")
    return Response(kept.value.data, media_type="application/json")
