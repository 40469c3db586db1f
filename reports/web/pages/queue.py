"""The queue: a reviewer's share of the day, the next case, what one said last, and what waits for an expert."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from auditor.access.person import Right
from auditor.reviewing.deciding import withdraw
from auditor.reviewing.filters import Filters
from auditor.reviewing.leases import Taken, hold, take_next
from auditor.reviewing.outcome import Outcome
from auditor.reviewing.progress import progress, said_lately
from auditor.reviewing.search import FoundCase, Searcher
from auditor.reviewing.store_votes import plan
from auditor.sampling.queries import review_work
from reports.web.forms import Sent
from reports.web.live import tenants_of
from reports.web.queue_form import CATEGORIES, Wanted, wanted_of
from reports.web.view import view
from reports.web.visit import Seeing, Visit, Voting

router = APIRouter()

MOST_SPLIT = 20


@router.get("/queue")
def queue(visit: Seeing) -> HTMLResponse:
    """The page."""
    wanted = wanted_of(visit.request.query_params)
    votes = visit.person.may(Right.VOTE)
    with visit.writing() as store:
        review = plan(store, visit.config, visit.now.date())
        mine = progress(store, visit.person, wanted.wish, visit.now, review) if votes else None
    with visit.reading() as store:
        return view(
            visit.request,
            "web/queue.html.j2",
            wanted=wanted,
            progress=mine,
            review=review,
            work=review_work(store.connection, visit.now, review.votes),
            lately=said_lately(store, visit.person, visit.now, review.votes) if votes else (),
            split=split_for(visit, Searcher(store.connection, visit.person, review)),
            tenants=tenants_of(visit, store),
            categories=CATEGORIES,
            empty=visit.request.query_params.get("empty") == "1",
            minutes=round(visit.config.reviewing.lease_s / 60),
        )


@router.post("/queue/next")
def next_case(visit: Voting, sent: Sent) -> Response:
    """To the next case; back to the queue where nothing is due."""
    return to_next(visit, wanted_of(sent))


@router.post("/votes/{review_id}/withdrawal")
def take_back(visit: Voting, review_id: str, sent: Sent) -> Response:
    """Take back what one said, and look at the case again."""
    wanted = wanted_of(sent)
    with visit.writing() as store:
        review = withdraw(store, visit.person, review_id, visit.now)
        hold(store, visit.config, visit.person, review.triple_id, visit.now)
    return to_case(review.triple_id, wanted)


def to_next(visit: Visit, wanted: Wanted) -> Response:
    """Take the next case and go there."""
    with visit.writing() as store:
        taken = take_next(store, visit.config, visit.person, wanted.wish, visit.now)
    return to_taken(taken, wanted)


def to_taken(taken: Taken | None, wanted: Wanted, after: str = "") -> Response:
    """To a case that was taken; back to the queue where none is due. `after` is the id of the vote that led here."""
    if taken:
        return to_case(taken.due.triple_id, wanted, after)
    fields = Wanted({**wanted.fields, "empty": "1"})
    return RedirectResponse(f"/queue{fields.query}", HTTPStatus.SEE_OTHER)


def to_case(triple_id: str, wanted: Wanted, after: str = "") -> Response:
    """Go to a case, as one of those that are gone through."""
    fields = {**wanted.fields, "queue": "1"} | ({"after": after} if after else {})
    return RedirectResponse(f"/cases/{triple_id}{Wanted(fields, wanted.passed).query}", HTTPStatus.SEE_OTHER)


def split_for(visit: Visit, searcher: Searcher) -> list[FoundCase]:
    """Cases that this expert is to decide, the newest first."""
    if not visit.person.may(Right.ADJUDICATE):
        return []
    found = searcher.find(Filters(state=Outcome.SPLIT), most=MOST_SPLIT).cases
    return [one for one in found if one.my_vote is None]
