"""Models: what serves, candidates and who let them serve; how scores are read, and whether a guard judges as it did."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from auditor.access.person import Right
from auditor.errors import ModelNotFound, PromotionRefused
from auditor.policies.store import Act
from auditor.registry import promotions
from auditor.registry.places import open_registry
from auditor.registry.promotions import Promotion
from reports.web.forms import Sent
from reports.web.gate_view import name_of, refusing, rows_of
from reports.web.models import known
from reports.web.versions import Held, decide, held, line_of, opened, refusal
from reports.web.view import view
from reports.web.visit import Approving, Proposing, SeeingAll, Visit

router = APIRouter()

WAIT_S = 3.0
COUNTING_S = 3  # until a page that waits for the first count looks again
SHOWN_RUNS = 10

Revision = Annotated[str, Path(pattern="^[0-9a-f]{6,64}$")]


@router.get("/models")
def models(visit: SeeingAll) -> HTMLResponse:
    """The page."""
    return page(visit)


@router.get("/models/versions/{revision}")
def version(visit: SeeingAll, revision: Revision) -> HTMLResponse:
    """One model of the registry: what a gate found of it, and where it comes from."""
    return version_page(visit, revision)


@router.post("/models/versions/{revision}/propose")
def propose(visit: Proposing, sent: Sent, revision: Revision) -> Response:
    """Propose that it serves."""
    try:
        act = Act(visit.person.name, visit.now, said(sent, "why it is to serve"))
        with visit.writing() as store:
            made = promotions.propose(store, open_registry(visit.config), revision, act)
    except ModelNotFound:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    except PromotionRefused as error:
        return version_page(visit, revision, str(error), sent.get("note", ""))
    return RedirectResponse(f"/models?done={made.number}#waiting", HTTPStatus.SEE_OTHER)


@router.post("/models/rollback")
def propose_rollback(visit: Proposing, sent: Sent) -> Response:
    """Propose to go back to what served before."""
    try:
        act = Act(visit.person.name, visit.now, said(sent, "why"))
        with visit.writing() as store:
            made = promotions.propose_rollback(store, act)
    except PromotionRefused as error:
        return page(visit, str(error), sent.get("note", ""))
    return RedirectResponse(f"/models?done={made.number}#waiting", HTTPStatus.SEE_OTHER)


@router.post("/models/promotions/{number}/approve")
def approve(visit: Approving, sent: Sent, number: int) -> Response:
    """Let serve what another person proposed."""
    return decided(visit, number, sent.get("note", "").strip(), approve=True)


@router.post("/models/promotions/{number}/reject")
def reject(visit: Proposing, sent: Sent, number: int) -> Response:
    """Reject a proposal, or take back one's own."""
    return decided(visit, number, said(sent, "why not"), approve=False)


def decided(visit: Visit, number: int, note: str, *, approve: bool) -> Response:
    """Keep a decision, and go back."""
    decide(visit, number, note, approve=approve)
    return RedirectResponse(f"/models?done={number}", HTTPStatus.SEE_OTHER)


def page(visit: Visit, problem: str = "", note: str = "") -> HTMLResponse:
    """The whole page."""
    with visit.writing() as store:
        there = held(visit, store)
    kept, config = known(visit, WAIT_S), visit.config
    answer = view(
        visit.request,
        "web/models.html.j2",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        models=kept.value if kept else None,
        auditor=config.auditor,
        bands=config.golden,
        there=there,
        lines=[line_of(there, one) for one in there.versions],
        runs=there.runs[:SHOWN_RUNS],
        problem=problem,
        note=note,
        done=done(visit, there),
        check_name=name_of,
        **of_person(visit, there),
    )
    answer.headers.update({} if kept else {"Refresh": str(COUNTING_S)})
    return answer


def version_page(visit: Visit, revision: str, problem: str = "", note: str = "") -> HTMLResponse:
    """The page of a model."""
    one = opened(visit, revision, WAIT_S)
    there, kept, shadow, whole = one.there, one.kept, one.shadow, one.whole
    answer = view(
        visit.request,
        "web/version.html.j2",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        whole=whole,
        line=whole.line,
        gate=whole.gate,
        rows=rows_of(whole.gate) if whole.gate else [],
        refusing=refusing(whole.gate.checks) if whole.gate else [],
        kept=kept,
        unseen=len(kept.value.moves.movers) - len(shadow.moves.movers) if kept and kept.value and shadow else 0,
        there=there,
        problem=problem,
        note=note,
        **of_person(visit, there),
    )
    answer.headers.update({} if kept else {"Refresh": str(COUNTING_S)})
    return answer


def of_person(visit: Visit, there: Held) -> dict[str, object]:
    """What this person may do."""
    return {
        "may_propose": visit.person.may(Right.PROPOSE),
        "may_approve": visit.person.may(Right.APPROVE),
        "refusals": {one.number: refusal(visit.person, one) for one in there.waiting},
        "me": visit.person.name,
    }


def done(visit: Visit, there: Held) -> Promotion | None:
    """What this person has just done."""
    number = visit.request.query_params.get("done", "")
    return next((one for one in there.promotions if str(one.number) == number), None)


def said(sent: Sent, what: str) -> str:
    """The note of a form.

    Raises:
        PromotionRefused: there is none.
    """
    note = sent.get("note", "").strip()
    if not note:
        raise PromotionRefused(f"say in a note {what}: it is kept with the proposal, for whoever asks later")
    return note
