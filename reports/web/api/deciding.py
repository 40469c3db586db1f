"""Deciding cases for programs: the next case, votes, votes taken back, and an expert's decision."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from auditor.reviewing.ballot import MAX_KEY_CHARS, MAX_TEXT_CHARS, Ballot
from auditor.reviewing.blind import hides_verdict
from auditor.reviewing.deciding import adjudicate, cast, withdraw
from auditor.reviewing.filters import Filters
from auditor.reviewing.leases import Wish, put_back, take_next
from auditor.reviewing.store_votes import case_votes
from auditor.reviews import Review
from auditor.store import Store
from auditor.verdict import Category, Judgment
from reports.web.api.body import Body
from reports.web.visit import Adjudicating, Visit, Voting

router = APIRouter(tags=["deciding"])

CaseId = Annotated[str, Path(min_length=1, max_length=200, description="id of the triple")]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]


class NextBody(Body):
    """Which case is wanted.

    Attributes:
        tenant, category, first, last: only such ones; days are UTC.
        passed: ids of cases that are to go to others.
    """

    tenant: Annotated[str, Field(max_length=300)] | None = None
    category: Category | None = None
    first: date | None = None
    last: date | None = None
    passed: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100)] = ()


class VoteBody(Body):
    """A vote, or an expert's decision.

    Attributes:
        vote: 0 safe, 0.5 potentially harmful, 1 harmful.
        category, rationale: needed unless it is safe.
        corrected_analysis: what the guard should have said.
        key: made up by the sender: a request that comes again with it is the same vote.
    """

    vote: Judgment
    category: Category | None = None
    rationale: Text | None = None
    corrected_analysis: Text | None = None
    key: Annotated[str, Field(max_length=MAX_KEY_CHARS)] | None = None

    def ballot(self, triple_id: str) -> Ballot:
        """As it is cast."""
        said = (self.category, self.rationale, self.corrected_analysis, self.key)
        return Ballot(triple_id, self.vote, *said)


@dataclass(frozen=True, slots=True)
class NextCase:
    """A case that is kept for who asked.

    Attributes:
        reason: "urgent", "escalated" or "below" (the line, at random), or "asked" (by a training); null where the
            guard's
            verdict, which that would tell, is hidden until the vote.
        expires_at: until then nobody else is given its place.
        wanted: people who are to vote on it.
    """

    triple_id: str
    day: date
    reason: str | None
    expires_at: datetime
    wanted: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A vote as it is kept.

    Attributes:
        id: by which it can be taken back, for a minute.
        outcome: what the votes on the case come to: open, unanimous, majority, split or adjudicated.
    """

    id: str
    triple_id: str
    vote: float
    category: Category | None
    at: datetime
    withdrawn: bool
    outcome: str


@router.post("/queue/next", responses={204: {"description": "nothing is due"}})
def next_case(visit: Voting, body: NextBody) -> NextCase | None:
    """Give the next case that is due, and keep it; its content is at /cases/{id}."""
    filters = Filters(tenant=body.tenant, category=body.category, first=body.first, last=body.last)
    with visit.writing() as store:
        taken = take_next(store, visit.config, visit.person, Wish(filters, body.passed), visit.now)
        if taken is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)  # type: ignore[return-value]
        votes = case_votes(store, visit.config, taken.due.triple_id, visit.now)
    due, hidden = taken.due, hides_verdict(votes, visit.person)
    return NextCase(due.triple_id, due.day, None if hidden else due.reason, taken.expires_at, taken.wanted)


@router.post("/cases/{triple_id}/votes", status_code=HTTPStatus.CREATED)
def vote(visit: Voting, triple_id: CaseId, body: VoteBody) -> Kept:
    """Vote on a case."""
    with visit.writing() as store:
        return kept(visit, store, cast(store, visit.config, visit.person, body.ballot(triple_id), visit.now))


@router.post("/cases/{triple_id}/adjudication", status_code=HTTPStatus.CREATED)
def decide(visit: Adjudicating, triple_id: CaseId, body: VoteBody) -> Kept:
    """Decide a case on which votes split."""
    with visit.writing() as store:
        return kept(visit, store, adjudicate(store, visit.config, visit.person, body.ballot(triple_id), visit.now))


@router.post("/votes/{review_id}/withdrawal")
def take_back(visit: Voting, review_id: Annotated[str, Path(max_length=200)]) -> Kept:
    """Take a vote of one's own back, within a minute."""
    with visit.writing() as store:
        return kept(visit, store, withdraw(store, visit.person, review_id, visit.now))


@router.delete("/queue/{triple_id}", status_code=HTTPStatus.NO_CONTENT)
def give_back(visit: Voting, triple_id: CaseId) -> None:
    """Let others have a case that is kept for who asks."""
    with visit.writing() as store:
        put_back(store, visit.person, triple_id)


def kept(visit: Visit, store: Store, review: Review) -> Kept:
    """What is told of a vote."""
    outcome = case_votes(store, visit.config, review.triple_id, visit.now).outcome
    said = (review.vote.value, review.category, review.at, review.withdrawn)
    return Kept(review.id, review.triple_id, *said, outcome)
