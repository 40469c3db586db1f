"""The audit trail: what was done, by whom and when, and whether the record of it is unbroken."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from auditor.evidence.events import SYSTEM
from auditor.evidence.queries_events import Which
from reports.web.deeds import named
from reports.web.given import Day
from reports.web.trail import AT_ONCE, chain, trail, words_of
from reports.web.view import view
from reports.web.visit import Operating

router = APIRouter()

WAIT_S = 2.0

Text = Annotated[str, Query(max_length=1_000)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The fields of the form; `before` is of the link to older ones."""

    actor: Text = ""
    kind: Text = ""
    subject: Text = ""
    day: Day = None
    system: Annotated[bool, Query()] = False
    before: Annotated[int, Query(ge=0, le=2**62)] = 0

    def which(self) -> Which:
        """The events that are meant: those of people, unless the service's own are asked for as well."""
        but = None if self.system or self.actor == SYSTEM else SYSTEM
        place = self.before or None
        return Which(self.kind or None, self.actor or None, self.subject or None, AT_ONCE, place, self.day, but)

    def query(self) -> str:
        """The same as a query, without the place."""
        system = "true" if self.system else ""
        told = {"actor": self.actor, "kind": self.kind, "subject": self.subject, "day": self.day, "system": system}
        return urlencode({name: value for name, value in told.items() if value})


@router.get("/trail")
def audit_trail(visit: Operating, chosen: Annotated[Chosen, Depends()]) -> HTMLResponse:
    """The page."""
    told = trail(visit, chosen.which())
    read = chain(visit, told.last, WAIT_S)
    return view(visit.request, "web/trail.html.j2", trail=told, chain=read, chosen=chosen, deed=named, detail=words_of)
