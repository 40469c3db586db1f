"""Tonight: the report as it is now, of any day, week or month, and the files of earlier ones."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, HTMLResponse, Response

from auditor.evidence.events import Deed, record_event
from reports.errors import NothingToReport
from reports.night.period import KINDS
from reports.web.live import after, asked, earlier, note_read, report, tenants_of
from reports.web.night_files import file_of, kept_files, may_have_files
from reports.web.view import view
from reports.web.visit import Seeing

router = APIRouter()

LOOK_AGAIN_S = 3  # while a report is being made for the first time


@router.get("/")
def tonight(visit: Seeing, period: str = "day", day: str = "", tenant: str = "") -> HTMLResponse:
    """The report of a period, with the way to others."""
    with visit.reading() as store:
        wanted = asked(visit, store, period, day, tenant)
        tenants = tenants_of(visit, store)
    kept, newest, nothing = None, True, ""
    try:
        kept, newest = report(visit, wanted)
    except NothingToReport as error:
        nothing = str(error)
    if kept:
        note_read(visit, wanted, kept.value.cases, "page")
    answer = view(
        visit.request,
        "web/tonight.html.j2",
        wanted=wanted,
        kinds=KINDS,
        tenants=tenants,
        today=visit.now.date(),
        earlier=earlier(wanted.period),
        after=after(wanted.period, visit.now.date()),
        kept=kept,
        newest=newest,
        nothing=nothing,
        may_have_files=may_have_files(visit.person),
    )
    answer.headers.update({"Refresh": str(LOOK_AGAIN_S)} if kept is None and not nothing else {})
    return answer


@router.get("/nights")
def nights(visit: Seeing) -> HTMLResponse:
    """Files of reports that were made earlier."""
    with visit.writing() as store:
        found = kept_files(visit, store)
    return view(visit.request, "web/nights.html.j2", found=found, may_have_files=may_have_files(visit.person))


@router.get("/nights/file")
def night_file(visit: Seeing, name: Annotated[str, Query(max_length=300)]) -> Response:
    """One of these files, to be kept: never shown as a page of ours."""
    with visit.writing() as store:
        path = file_of(visit, store, name)
        if path is None:
            raise HTTPException(404)
        record_event(store, Deed("report.read", visit.person.name, name, {"where": "file"}, visit.now))
    headers = {"X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=headers)
