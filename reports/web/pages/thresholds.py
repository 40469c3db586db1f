"""Thresholds: try others and see at once what they come to, propose them, decide what another person proposed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import ImmutableMultiDict

from auditor.access.person import Right
from auditor.errors import PolicyRefused
from auditor.policies import answers
from auditor.policies.changes import changes
from auditor.policies.policy import Policy
from auditor.policies.store import Act
from auditor.policies.write import rewritten
from auditor.store import Store
from reports.errors import NothingToReport
from reports.web.policies import Held, counted, effect_of, held, may_decide, proposals
from reports.web.thresholds_form import Given, choices, lines_given, lines_of, policy_given
from reports.web.view import view
from reports.web.visit import Approving, Proposing, SeeingAll, Visit
from reports.what_if.comparison import compare
from reports.what_if.page import values_of

router = APIRouter()

COUNTING_S = 3  # until a page that waits for the first count looks again
KEEP_RECALL = 0.9


async def form_of(request: Request) -> Given:
    """The fields of a form that was sent."""
    sent = await request.form()
    return ImmutableMultiDict([(name, value) for name, value in sent.multi_items() if isinstance(value, str)])


Form = Annotated[Given, Depends(form_of)]


@router.get("/thresholds")
def thresholds(visit: SeeingAll) -> HTMLResponse:
    """The page; only what a policy comes to, where the page's script asks."""
    given = visit.request.query_params
    with visit.writing() as store:
        known = held(store, visit.config, visit.now.date())
        if visit.request.headers.get("x-part") == "1":
            return view(visit.request, "web/thresholds/effect_part.html.j2", **tried(visit, store, known, given))
        return page(visit, store, known, given)


@router.get("/thresholds/what-if")
def what_if(visit: SeeingAll) -> HTMLResponse:
    """All that can be told of a policy: curves, lines that answer questions, every combination."""
    given = visit.request.query_params
    with visit.writing() as store:
        known = held(store, visit.config, visit.now.date())
        kept = counted(visit, store)
        proposed = policy_given(given, base_of(known, given), known.free_name())
    if kept is None:
        answer = view(visit.request, "web/thresholds/counting.html.j2")
        answer.headers.update(again())
        return answer
    now, loaded = known.now.policy, kept.value
    told = compare(loaded.material, loaded.period, now, proposed, KEEP_RECALL)
    values = values_of(told, changes(now, proposed), kept.made_at)
    return view(visit.request, "web/thresholds/what_if.html.j2", **values)


@router.post("/thresholds/propose")
def propose(visit: Proposing, given: Form) -> Response:
    """Put it to whoever may approve it."""
    with visit.writing() as store:
        known = held(store, visit.config, visit.now.date())
        try:
            wanted = policy_given(given, known.now.policy, given.get("version", "").strip())
            text = text_of(known.now.policy, wanted)
            act = Act(visit.person.name, visit.now, said(given, "why this is better"))
            made = answers.propose(store, visit.config, text, "your proposal", day_of(given, visit), act)
        except PolicyRefused as error:
            return page(visit, store, known, given, problem=str(error))
    return RedirectResponse(f"/thresholds?done={made.number}", HTTPStatus.SEE_OTHER)


@router.post("/thresholds/{number}/approve")
def approve(visit: Approving, given: Form, number: int) -> Response:
    """Approve what another person proposed."""
    return decided(visit, number, given.get("note", "").strip(), approve=True)


@router.post("/thresholds/{number}/reject")
def reject(visit: Proposing, given: Form, number: int) -> Response:
    """Reject a proposal, or take back one's own."""
    return decided(visit, number, said(given, "why not"), approve=False)


def decided(visit: Visit, number: int, note: str, *, approve: bool) -> Response:
    """Keep a decision, and go back."""
    with visit.writing() as store:
        may_decide(visit.person, held(store, visit.config, visit.now.date()), number, approve=approve)
        answers.decide(store, visit.config, number, Act(visit.person.name, visit.now, note), approve)
    return RedirectResponse(f"/thresholds?done={number}", HTTPStatus.SEE_OTHER)


def page(visit: Visit, store: Store, known: Held, given: Given, problem: str = "") -> HTMLResponse:
    """The whole page."""
    shown = tried(visit, store, known, given)
    kept = shown["kept"]
    tenants = sorted({one.tenant for one in kept.value.material.index.slices}) if kept else []
    answer = view(
        visit.request,
        "web/thresholds.html.j2",
        status=HTTPStatus.CONFLICT if problem or shown["problem"] else HTTPStatus.OK,
        known=known,
        proposals=list(proposals(visit, store, known)),
        done=number_of(given, "done"),
        refused=problem,
        choices=choices(tenants, known.now.policy),
        filled={name: given.get(name, "") for name in ("version", "note", "from")},
        may_propose=visit.person.may(Right.PROPOSE),
        may_approve=visit.person.may(Right.APPROVE),
        **shown,
    )
    answer.headers.update(again() if kept is None and not shown["nothing"] else {})
    return answer


def tried(visit: Visit, store: Store, known: Held, given: Given) -> dict[str, Any]:
    """What a form asks for, and what it comes to."""
    base = base_of(known, given)
    lines, problem, kept, nothing = lines_given(given, base), "", None, ""
    proposed: Policy | None = None
    try:
        proposed = policy_given(given, base, known.free_name())
    except PolicyRefused as error:
        problem = str(error)
    try:
        kept = counted(visit, store)
    except NothingToReport as error:
        nothing = str(error)
    now = known.now.policy
    return {
        "lines": lines if proposed is None else lines_of(proposed),
        "problem": problem,
        "nothing": nothing,
        "kept": kept,
        "changes": changes(now, proposed) if proposed else (),
        "effect": effect_of(kept, now, proposed) if kept and proposed else None,
        "now": visit.now,
    }


def base_of(known: Held, given: Mapping[str, str]) -> Policy:
    """What a form begins with: what holds, or that with the thresholds of a proposal."""
    like = known.numbered(number_of(given, "like"))
    now = known.now.policy
    return replace(now, version=like.version, default=like.default, rules=like.rules) if like else now


def number_of(given: Mapping[str, str], name: str) -> int:
    """A whole number that was given; 0 where none was."""
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def text_of(now: Policy, wanted: Policy) -> str:
    """The file of what is proposed.

    Raises:
        PolicyRefused: it is what holds already.
    """
    if not changes(now, wanted):
        raise PolicyRefused("these are the thresholds that hold now: move one, and propose it then")
    return rewritten(now, wanted.version, wanted.default, wanted.rules).text


def said(given: Given, what: str) -> str:
    """The note of a form.

    Raises:
        PolicyRefused: there is none.
    """
    note = given.get("note", "").strip()
    if not note:
        raise PolicyRefused(f"say in a note {what}: it is kept with the policy, for whoever asks later")
    return note


def day_of(given: Given, visit: Visit) -> date:
    """The first day that a form asks for; today without one.

    Raises:
        PolicyRefused: it is no day.
    """
    text = given.get("from", "").strip()
    try:
        return date.fromisoformat(text) if text else visit.now.date()
    except ValueError:
        raise PolicyRefused(f"{text[:20]!r} is no day such as 2026-12-01") from None


def again() -> dict[str, str]:
    """Has a browser look again."""
    return {"Refresh": str(COUNTING_S)}
