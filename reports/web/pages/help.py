"""What this is, for somebody who has never seen it."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from reports.web.view import view
from reports.web.visit import Seeing

router = APIRouter()


@router.get("/help")
def how_it_works(visit: Seeing) -> HTMLResponse:
    """The page."""
    return view(visit.request, "web/help.html.j2")
