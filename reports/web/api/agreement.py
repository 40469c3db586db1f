"""Agreement for programs: the same figures as the page, as JSON and CSV."""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from auditor.agreement.found import Found
from reports.agreement.as_csv import as_csv
from reports.web.agreement import PROGRAM_WAIT_S, Asked, told
from reports.web.given import Day
from reports.web.pages.agreement import Tenant
from reports.web.visit import Seeing, Visit

router = APIRouter(tags=["agreement"])


@router.get("/agreement")
def agreement(visit: Seeing, since: Day = None, tenant: Tenant = "") -> Found:
    """How far people agree with each other, and with the guard, on the cases that you may see."""
    return found(visit, Asked(since, tenant or None))


@router.get("/agreement.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def agreement_csv(visit: Seeing, since: Day = None, tenant: Tenant = "") -> Response:
    """Every figure as a line, safe to open in a spreadsheet."""
    text = as_csv(found(visit, Asked(since, tenant or None)))
    headers = {"Content-Disposition": 'attachment; filename="agreement.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def found(visit: Visit, asked: Asked) -> Found:
    """The figures; come again where they are not there in time."""
    kept = told(visit, asked, PROGRAM_WAIT_S)
    if kept is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    return kept.value.found
