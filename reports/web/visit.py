"""One request of one person: who it is, what of the database it sees, and what it may change.

A handler asks for what it needs, and does not begin where the person has no right to it:

    @router.get("/trail")
    def trail(visit: Annotated[Visit, Depends(needs(Right.OPERATE))]) -> HTMLResponse:
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request

from auditor.access.person import Person, Right
from auditor.access.sight import narrow
from auditor.errors import AccessDenied
from auditor.policies.policy import ReviewPlan
from auditor.sampling.answers import votes_wanted
from auditor.store import Store
from conf.schema import Config
from reports.web.problems import Ending, LoginNeeded
from reports.web.site import Site


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by a person who may make it.

    Attributes:
        plans: what policies say of reviews, by UTC day: looked up once for all that the request does.
    """

    request: Request
    person: Person
    site: Site
    now: datetime
    plans: dict[date, ReviewPlan] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """Of the service."""
        return self.site.config

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """A connection that shows what the person may see, and nothing else; see auditor/access/sight.py."""
        with self.connection() as store:
            narrow(store, self.person, votes_wanted(store, self.config, self.now), self.now)
            yield store

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """A connection that shows all. What is written through it has to look after the person's rights itself."""
        with self.connection() as store:
            yield store

    @contextmanager
    def connection(self) -> Iterator[Store]:
        """Either, before it is narrowed."""
        with self.site.owner.connection() as store:
            if store is None:
                raise Ending
            store.plans = self.plans
            yield store


def needs(right: Right, *, of_all_tenants: bool = False) -> Callable[[Request], Visit]:
    """What FastAPI asks for a Visit by somebody who has a right."""

    def visit(request: Request) -> Visit:
        person: Person | None = request.scope.get("person")
        if person is None:
            raise LoginNeeded
        person.need(right)
        if of_all_tenants and person.tenants is not None:
            raise AccessDenied(person.name, "see all tenants")
        site: Site = request.app.state.site
        return Visit(request, person, site, site.now())

    return visit


Seeing = Annotated[Visit, Depends(needs(Right.SEE))]
SeeingAll = Annotated[Visit, Depends(needs(Right.SEE, of_all_tenants=True))]
Voting = Annotated[Visit, Depends(needs(Right.VOTE))]
Adjudicating = Annotated[Visit, Depends(needs(Right.ADJUDICATE))]
Proposing = Annotated[Visit, Depends(needs(Right.PROPOSE))]
Approving = Annotated[Visit, Depends(needs(Right.APPROVE))]
Operating = Annotated[Visit, Depends(needs(Right.OPERATE))]
Administering = Annotated[Visit, Depends(needs(Right.ADMINISTER))]
