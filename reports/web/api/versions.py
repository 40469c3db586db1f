"""Models of the registry for programs: what there is, what was proposed, proposals, decisions, and the way back."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path
from pydantic import Field

from auditor.policies.store import Act
from auditor.registry import promotions
from auditor.registry.places import open_registry
from auditor.registry.promotions import Promotion
from auditor.registry.serving import Serving
from reports.web import versions as there_are
from reports.web.api.body import Body
from reports.web.versions import Line, Whole, held, line_of, opened
from reports.web.visit import Proposing, SeeingAll

router = APIRouter(tags=["models"])

WAIT_S = 30.0

Revision = Annotated[str, Path(min_length=1, max_length=64, description="a revision, or how one begins")]
Note = Annotated[str, Field(min_length=1, max_length=4_000)]


class PromotionBody(Body):
    """That a model of the registry is to serve, for somebody else to approve.

    Attributes:
        revision: of the model, or how it begins.
        note: why.
    """

    revision: Annotated[str, Field(min_length=1, max_length=64)]
    note: Note


class RollbackBody(Body):
    """That what served before is to serve again; why."""

    note: Note


class PromotionDecisionBody(Body):
    """What somebody else decides of it."""

    decision: Literal["approved", "rejected"]
    note: Annotated[str, Field(max_length=4_000)] = ""


@router.get("/models/serving")
def serving(visit: SeeingAll) -> Serving | None:
    """What those judge with whose model is "registry"; null before anything was promoted."""
    with visit.writing() as store:
        return held(visit, store).pointer


@router.get("/models/versions")
def versions(visit: SeeingAll) -> list[Line]:
    """Models of the registry, the latest first."""
    with visit.writing() as store:
        there = held(visit, store)
    return [line_of(there, one) for one in there.versions]


@router.get("/models/versions/{revision}")
def version(visit: SeeingAll, revision: Revision) -> Whole:
    """One of them whole: where it comes from, what a gate found check by check, what was proposed of it."""
    one = opened(visit, revision, WAIT_S)
    if one.kept is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    return one.whole


@router.get("/models/promotions")
def all_promotions(visit: SeeingAll) -> list[Promotion]:
    """All that was ever proposed, the oldest first, and what became of it."""
    with visit.writing() as store:
        return promotions.history(store.connection)


@router.post("/models/promotions", status_code=HTTPStatus.CREATED)
def propose(visit: Proposing, body: PromotionBody) -> Promotion:
    """Propose that a model serves."""
    act = Act(visit.person.name, visit.now, body.note)
    with visit.writing() as store:
        return promotions.propose(store, open_registry(visit.config), body.revision, act)


@router.post("/models/rollbacks", status_code=HTTPStatus.CREATED)
def propose_rollback(visit: Proposing, body: RollbackBody) -> Promotion:
    """Propose to go back to what served before."""
    with visit.writing() as store:
        return promotions.propose_rollback(store, Act(visit.person.name, visit.now, body.note))


@router.post("/models/promotions/{number}/decision")
def decide(visit: Proposing, number: int, body: PromotionDecisionBody) -> Promotion:
    """Approve what another person proposed, or reject it; who proposed it may take it back."""
    return there_are.decide(visit, number, body.note, approve=body.decision == "approved")
