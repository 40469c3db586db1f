"""A case: all that was said, the guard's verdict unless it is hidden, and the vote on it."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from auditor.access.person import Person, Right
from auditor.errors import NoSuchCase, VoteRefused
from auditor.reviewing.ballot import Ballot
from auditor.reviewing.deciding import adjudicate, cast
from auditor.reviewing.leases import hold, put_back, take_next
from auditor.reviewing.progress import progress, said_now
from auditor.reviewing.reads import note_image
from auditor.reviewing.store_votes import plan
from auditor.reviewing.votes import Lease
from auditor.reviews import Review
from auditor.store import Store
from conf.schema import Config
from reports.web.case_view import shown_case
from reports.web.forms import Sent
from reports.web.found import like
from reports.web.opened import opened
from reports.web.pages.queue import to_next, to_taken
from reports.web.pictures import MEDIA_TYPE
from reports.web.queue_form import CATEGORIES, Given, Wanted, ballot_of, wanted_of
from reports.web.view import view
from reports.web.visit import Adjudicating, Seeing, Visit, Voting

router = APIRouter()

CaseId = Annotated[str, Path(min_length=1, max_length=200)]
Keep = Callable[[Store, Config, Person, Ballot, datetime], Review]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]

IMAGE = "SELECT 1 FROM images WHERE triple_id = ? AND sha256 = ? LIMIT 1"
KEPT_BY_BROWSER = "private, max-age=600"


@router.get("/cases/{triple_id}")
def case(visit: Seeing, triple_id: CaseId) -> HTMLResponse:
    """The page."""
    return page(visit, triple_id, visit.request.query_params)


@router.get("/cases/{triple_id}/similar")
def similar(visit: Seeing, triple_id: CaseId) -> HTMLResponse:
    """Earlier cases like it: a part of the page, or a page of its own."""
    part = visit.request.headers.get("x-part") == "1"
    template = "web/case/similar.html.j2" if part else "web/case/similar_page.html.j2"
    return view(visit.request, template, triple_id=triple_id, similar=like(visit, triple_id))


@router.get("/cases/{triple_id}/images/{sha256}")
def image(visit: Seeing, triple_id: CaseId, sha256: Sha256) -> Response:
    """An image of the case, drawn anew."""
    with visit.reading() as store:
        found = store.connection.execute(IMAGE, [triple_id, sha256]).fetchone()
        data = store.blobs.find(sha256) if found else None
    drawn = visit.site.pictures.drawn(data) if data else None
    if drawn is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    with visit.writing() as store:
        note_image(store, visit.person, triple_id, visit.now)
    return Response(drawn, media_type=MEDIA_TYPE, headers={"Cache-Control": KEPT_BY_BROWSER})


@router.post("/cases/{triple_id}/votes")
def vote(visit: Voting, triple_id: CaseId, sent: Sent) -> Response:
    """Vote, and go on to the next case, or look at this one again."""
    return kept_by(cast, visit, triple_id, sent)


@router.post("/cases/{triple_id}/adjudication")
def decide(visit: Adjudicating, triple_id: CaseId, sent: Sent) -> Response:
    """Decide a case on which votes split."""
    return kept_by(adjudicate, visit, triple_id, sent)


@router.post("/cases/{triple_id}/lease")
def keep(visit: Voting, triple_id: CaseId, sent: Sent) -> Response:
    """Keep the case for this person for some more minutes."""
    with visit.writing() as store:
        held = hold(store, visit.config, visit.person, triple_id, visit.now)
    if visit.request.headers.get("x-part") == "1":
        words = f"kept for you until {held.expires_at:%H:%M} UTC" if isinstance(held, Lease) else held
        return view(visit.request, "web/case/lease.html.j2", words=words)
    return RedirectResponse(f"/cases/{triple_id}{wanted_of(sent).query}", HTTPStatus.SEE_OTHER)


@router.post("/cases/{triple_id}/put-back")
def give_back(visit: Voting, triple_id: CaseId, sent: Sent) -> Response:
    """Pass the case over: others may have it, and this person gets another one."""
    with visit.writing() as store:
        put_back(store, visit.person, triple_id)
    wanted = wanted_of(sent)
    return to_next(visit, Wanted(wanted.fields, (*wanted.passed, triple_id)))


def kept_by(keep_it: Keep, visit: Visit, triple_id: str, sent: Given) -> Response:
    """Keep what was said and go on; the page once more, with what was written, where it is refused."""
    wanted, taken, goes_on = wanted_of(sent), None, sent.get("then") == "next"
    try:
        with visit.writing() as store, store.transaction():
            kept = keep_it(store, visit.config, visit.person, ballot_of(triple_id, sent), visit.now)
            if goes_on and visit.person.may(Right.VOTE):
                taken = take_next(store, visit.config, visit.person, wanted.wish, visit.now)
    except NoSuchCase:
        raise
    except VoteRefused as error:
        return page(visit, triple_id, sent, str(error))
    if goes_on:
        return to_taken(taken, wanted, kept.id)
    query = Wanted({**wanted.fields, "after": kept.id}, wanted.passed).query
    return RedirectResponse(f"/cases/{kept.triple_id}{query}", HTTPStatus.SEE_OTHER)


def page(visit: Visit, triple_id: str, given: Given, problem: str = "") -> HTMLResponse:
    """The page; after a vote that was refused with what was written."""
    known, wanted = opened(visit, triple_id, "page"), wanted_of(given)
    return view(
        visit.request,
        "web/case.html.j2",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        known=known,
        shown=shown_case(known.whole, whole_texts=given.get("whole") == "1"),
        wanted=wanted,
        in_queue=given.get("queue") == "1" or given.get("then") == "next",
        problem=problem,
        filled=filled(given) if problem else {},
        key=secrets.token_urlsafe(12),
        categories=CATEGORIES,
        now=visit.now,
        **of_reviewer(visit, wanted, given.get("after", "")),
    )


def of_reviewer(visit: Visit, wanted: Wanted, review_id: str) -> Mapping[str, object]:
    """How far the reviewer is, and the vote that led here, as long as it can be taken back."""
    if not visit.person.may(Right.VOTE):
        return {"progress": None, "said": None}
    with visit.writing() as store:
        review = plan(store, visit.config, visit.now.date())
        far = progress(store, visit.person, wanted.wish, visit.now, review)
        said = said_now(store, visit.person, review_id, visit.now) if review_id else None
    return {"progress": far, "said": said}


def filled(given: Given) -> dict[str, str]:
    """What was written in a form that was refused."""
    return {name: given.get(name, "") for name in ("vote", "category", "rationale", "corrected_analysis")}
