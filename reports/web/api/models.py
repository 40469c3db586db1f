"""Models for programs."""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException

from auditor.queries_models import Models
from reports.web.models import known
from reports.web.visit import SeeingAll

router = APIRouter(tags=["models"])

WAIT_S = 30.0


@router.get("/models")
def models(visit: SeeingAll) -> Models:
    """What judged since when, with calibrations and runs over the golden set; what serves now comes first."""
    kept = known(visit, WAIT_S)
    if kept is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    return kept.value
