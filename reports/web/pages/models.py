"""Models: what serves since when, how its scores are read, and whether it still judges as it did."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from reports.web.models import known
from reports.web.view import view
from reports.web.visit import SeeingAll

router = APIRouter()

WAIT_S = 3.0


@router.get("/models")
def models(visit: SeeingAll) -> HTMLResponse:
    """The page."""
    kept = known(visit, WAIT_S)
    if kept is None:
        answer = view(visit.request, "web/thresholds/counting.html.j2")
        answer.headers.update({"Refresh": "3"})
        return answer
    config = visit.config
    return view(
        visit.request, "web/models.html.j2", models=kept.value, auditor=config.auditor, bands=config.golden, kept=kept
    )
