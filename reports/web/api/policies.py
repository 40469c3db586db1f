"""Policies for programs: what holds, what was proposed, a proposal, a decision, and what another policy would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import Field

from auditor.errors import PolicyRefused
from auditor.policies import answers
from auditor.policies.changes import changes
from auditor.policies.file import Default, RulePart, read_policy
from auditor.policies.policy import Policy
from auditor.policies.store import Act, InForce, Version
from auditor.policies.write import rewritten
from auditor.store import Store
from reports.web.api.body import Body
from reports.web.policies import Held, counted, effect_of, held, may_decide
from reports.web.visit import Proposing, SeeingAll, Visit
from reports.what_if.comparison import Compared, Moved
from reports.what_if.draft import default_in, drafted
from reports.what_if.effect import Moving

router = APIRouter(tags=["policies"])

WAIT_S = 30.0  # a program waits so long for the first count
MAX_TEXT = 500_000


class Draft(Body):
    """Another policy: a whole file, or other thresholds for the one in force.

    Attributes:
        text: the file, TOML.
        default: thresholds where no rule says otherwise; those in force where it is not given.
        rules: all rules that are to hold; those in force where they are not given.
    """

    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    default: Default | None = None
    rules: Annotated[tuple[RulePart, ...], Field(max_length=2_000)] | None = None


class ProposalBody(Draft):
    """A policy for somebody else to approve.

    Attributes:
        version: its name, unless the file has it.
        note: why.
        effective_from: the first UTC day that it is to hold; today without one.
    """

    version: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(min_length=1, max_length=4_000)]
    effective_from: date | None = None


class DecisionBody(Body):
    """What somebody else decides of it."""

    decision: Literal["approved", "rejected"]
    note: Annotated[str, Field(max_length=4_000)] = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What another policy would have done; numbers are of a day, on average.

    Attributes:
        first, last: UTC days, both included.
        drawn, reviewed: exchanges that were drawn for review, and that have a review that tells.
        changes: what differs between the policies, a sentence each.
        parts: tenants, categories and kinds of thinking with other alerts, those that change most first.
    """

    first: date
    last: date
    days: int
    drawn: int
    reviewed: int
    in_force: str
    proposed: str
    changes: Sequence[str]
    whole: Compared
    moved: Moved
    parts: Sequence[Moving]


@router.get("/policy")
def policy(visit: SeeingAll) -> InForce:
    """The policy in force today."""
    with visit.writing() as store:
        return known(visit, store).now


@router.get("/policies")
def policies(visit: SeeingAll) -> list[Version]:
    """Every policy that was proposed, the oldest first, and what became of it."""
    with visit.writing() as store:
        return list(known(visit, store).versions)


@router.post("/policies", status_code=HTTPStatus.CREATED)
def propose(visit: Proposing, body: ProposalBody) -> Version:
    """Put a policy to whoever may approve it."""
    with visit.writing() as store:
        now = known(visit, store).now.policy
        made = drafted_of(body, now, body.version.strip())
        text = body.text if body.text is not None else rewritten(now, made.version, made.default, made.rules).text
        if not changes(now, made):
            raise PolicyRefused("it decides like the policy that holds now")
        act = Act(visit.person.name, visit.now, body.note)
        start = body.effective_from or visit.now.date()
        return answers.propose(store, visit.config, text, "your proposal", start, act)


@router.post("/policies/{number}/decision")
def decide(visit: Proposing, number: int, body: DecisionBody) -> Version:
    """Approve what another person proposed, or reject it; who proposed it may take it back."""
    with visit.writing() as store:
        may_decide(visit.person, known(visit, store), number, approve=body.decision == "approved")
        act = Act(visit.person.name, visit.now, body.note)
        return answers.decide(store, visit.config, number, act, body.decision == "approved")


@router.post("/what-if")
def what_if(visit: SeeingAll, body: Draft) -> Told:
    """What another policy would have done with the scores of the last four weeks; nothing is changed."""
    with visit.writing() as store:
        now, kept = known(visit, store).now.policy, counted(visit, store, WAIT_S)
    if kept is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    proposed = drafted_of(body, now, "proposed")
    told = effect_of(kept, now, proposed)
    return Told(
        told.first,
        told.last,
        told.days,
        told.drawn,
        told.reviewed,
        now.version,
        proposed.version,
        changes(now, proposed),
        told.whole,
        told.moved,
        told.parts,
    )


def known(visit: Visit, store: Store) -> Held:
    """The policies there are."""
    return held(store, visit.config, visit.now.date())


def drafted_of(body: Draft, now: Policy, version: str) -> Policy:
    """The policy that a body asks for.

    Raises:
        PolicyRefused: there can be no such policy.
    """
    if body.text is not None:
        if body.default or body.rules is not None:
            raise PolicyRefused("give a text, or thresholds, not both")
        return read_policy(body.text, "your text")
    return drafted(now, version, body.default or default_in(now), body.rules)
