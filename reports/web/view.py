"""A template with what each page shows around it: navigation, who is logged in, what troubles the service."""

import hashlib
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from reports import sentences, wording
from reports.render import environment, style_sheet
from reports.web.pages import PAGES, Page
from reports.what_if import words
from reports.what_if.estimates import Estimate

if TYPE_CHECKING:
    from auditor.access.person import Person

STATIC = files("reports.web").joinpath("static")


def view(request: Request, template: str, *, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
    """The page of a template below templates/; `values` are what it names."""
    person: Person | None = request.scope.get("person")
    around = {
        "person": person,
        "pages": [page for page in PAGES if person and is_for(page, person)],
        "here": request.url.path,
        "troubles": request.app.state.site.troubles() if person else [],
        "status": int(status),
        "words": "",
    }
    return HTMLResponse(templates().get_template(template).render(around | values), status)


def is_for(page: Page, person: "Person") -> bool:
    """Whether a person may open a page."""
    return person.may(page.right) and (person.tenants is None or not page.of_all_tenants)


@lru_cache
def templates() -> Environment:
    """The templates of reports and pages; each name in them is there, or it is an error."""
    made = environment()
    made.globals |= {"static": static_address, "names": wording, "tell": sentences, "figures": words}
    made.tests["told"] = lambda figure: isinstance(figure, Estimate)
    return made


@lru_cache
def static_file(name: str) -> bytes | None:
    """A file of static/, or a style sheet that files of reports have too; None where there is none of that name."""
    if name == "report.css":
        return style_sheet().encode()
    if name == "what_if.css":
        return files("reports.templates").joinpath("style").joinpath(name).read_bytes()
    file = STATIC.joinpath(name)
    return file.read_bytes() if "/" not in name and name.endswith((".css", ".js", ".svg")) and file.is_file() else None


@lru_cache
def static_address(name: str) -> str:
    """Where a browser finds it; another address for another content, so that it may be kept for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name) or b'').hexdigest()[:12]}"
