"""What the page of agreement and the API tell: measured once for all who see the same, and kept until votes change.

For who may vote it is of decided cases alone, so that it tells no vote on an open one; and for who may adjudicate the
list of cases does not say what the guard said where the policy hides that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from auditor.access.person import Person, Right
from auditor.access.sight import UNDO, narrow
from auditor.agreement.answers import agreement
from auditor.agreement.apart import without_verdicts
from auditor.agreement.found import Found
from auditor.reviewing.store_votes import plan
from auditor.store import Store
from auditor.verdict_rows import utc
from reports import wording
from reports.agreement.charts import drawn
from reports.web.kept import Kept
from reports.web.visit import Visit

MOST_CASES = 50  # to talk about
REPLICATES = 1000
PAGE_WAIT_S, PROGRAM_WAIT_S = 3.0, 30.0

MARK = """
    SELECT (SELECT count(*) FROM reviews), (SELECT max(stored_at) FROM reviews), (SELECT count(*) FROM withdrawals),
        (SELECT count(*) FROM draws), (SELECT count(*) FROM reviews WHERE stored_at >= $fresh)
"""
TENANTS = "SELECT DISTINCT t.tenant FROM triples t SEMI JOIN standing r ON r.triple_id = t.id ORDER BY t.tenant"

TITLES = {
    "": "All cases",
    "category": "By category",
    "drawn": "By draw",
    "verdict": "By what was known of the verdict",
    "tenant": "By tenant",
    "week": "By week of the last vote",
}
DRAWN = {
    "urgent": "urgent",
    "escalated": "needed a person",
    "below": "below the line, at random",
    "not drawn": "opened by search",
}
VERDICTS = {
    "hidden": "hidden until the vote",
    "shown": "shown before a vote",
    "unknown": "not known, such as imported votes",
}


@dataclass(frozen=True, slots=True)
class Told:
    """Agreement with its charts.

    Attributes:
        charts: SVG of all cases (""), and of each part by its name; "" where there is nothing to draw.
    """

    found: Found
    charts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases: those of a tenant, and those whose last vote is of a UTC day or later; None for all."""

    since: date | None
    tenant: str | None


def told(visit: Visit, asked: Asked, wait_s: float) -> Kept[Told] | None:
    """Agreement as this person may see it; None while it is still being measured."""
    with visit.writing() as store:
        mark = store.connection.execute(MARK, {"fresh": utc(visit.now - UNDO)}).fetchone()
    return visit.site.shelf.get(("agreement", sight(visit.person), asked), lambda: measured(visit, asked), mark, wait_s)


def sight(person: Person) -> tuple[frozenset[str] | None, bool, bool]:
    """What decides what a person sees."""
    return person.tenants, person.may(Right.VOTE), person.may(Right.ADJUDICATE)


def measured(visit: Visit, asked: Asked) -> Told:
    """Measure it, on a connection of its own."""
    with visit.connection() as store:
        review = plan(store, visit.config, visit.now.date())
        narrow(store, visit.person, review.votes, visit.now, anybody=True)
        found = agreement(store, visit.config, asked.since, asked.tenant, MOST_CASES, REPLICATES)
    if visit.person.may(Right.ADJUDICATE):
        found = replace(found, apart=without_verdicts(found.apart, review.hide_verdict))
    charts = {"": drawn([found.whole], "all", "Agreement on all cases, corrected for chance", lambda _: "all cases")}
    for part in found.parts:
        title = f"Agreement {TITLES[part.by].lower()}, corrected for chance"
        charts[part.by] = drawn(part.lines, part.by, title, partial(name_of, part.by))
    return Told(found, charts)


def name_of(by: str, name: str) -> str:
    """What a part is called."""
    words: Mapping[str, str] = {"category": wording.CATEGORIES, "drawn": DRAWN, "verdict": VERDICTS}.get(by, {})
    return words.get(name, name)


def tenants(store: Store) -> list[str]:
    """The tenants with votes, on a connection that is narrowed."""
    return [tenant for (tenant,) in store.connection.execute(TENANTS).fetchall()]
