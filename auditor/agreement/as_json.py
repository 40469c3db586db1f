"""Agreement as JSON, the same in the command and over HTTP: one object for each thing that was measured.

`about` says what it is: "all", a part ("category", "drawn", "verdict", "tenant", "week"), "reviewer", "pair" or "case".
"""

from collections.abc import Iterator
from typing import Any

from auditor.agreement.apart import Apart
from auditor.agreement.comparison import Both, Comparison
from auditor.agreement.figures import Figure, Measured
from auditor.agreement.found import Found, ReviewerAgreement


def lines(found: Found) -> Iterator[dict[str, Any]]:
    """One after the other."""
    yield {
        "about": "all",
        "since": found.since and found.since.isoformat(),
        "tenant": found.tenant,
        "cases": found.cases,
        "votes": found.votes,
        "no_judgment": found.no_judgment,
        "models": dict(found.models),
        **comparison_json(found.whole),
        "to_discuss": found.to_discuss,
    }
    for part in found.parts:
        yield from ({"about": part.by, "name": line.name, **comparison_json(line)} for line in part.lines)
    yield from map(reviewer_json, found.reviewers)
    for pair in found.pairs:
        yield {"about": "pair", "reviewers": [pair.one, pair.other], "agreement": both_json(pair.agreement)}
    yield from map(case_json, found.apart)


def comparison_json(told: Comparison) -> dict[str, Any]:
    """People, people and guard, and by how much AC1 of the first is ahead on the same cases."""
    return {"people": both_json(told.people), "guard": both_json(told.guard), "ahead": figure_json(told.apart)}


def reviewer_json(one: ReviewerAgreement) -> dict[str, Any]:
    """One reviewer."""
    return {
        "about": "reviewer",
        "name": one.name,
        "votes": one.votes,
        "harmful": one.harmful,
        "others": both_json(one.others),
        "guard": both_json(one.guard),
        "without": both_json(one.without),
    }


def both_json(told: Both) -> dict[str, Any]:
    """Cases, and the figures of either scale by their names."""
    return {"cases": told.harmful.cases, "harmful": measured_json(told.harmful), "levels": measured_json(told.levels)}


def measured_json(told: Measured) -> dict[str, Any]:
    """Figures by name."""
    return {name: figure_json(figure) for name, figure in told.figures.items()}


def figure_json(figure: Figure) -> dict[str, Any]:
    """Value and limits to four digits; null where there are none, with the reason."""
    value, low, high = (None if one is None else round(one, 4) for one in (figure.value, figure.low, figure.high))
    return {"value": value, "low": low, "high": high, "why_not": figure.why_not}


def case_json(one: Apart) -> dict[str, Any]:
    """A case to talk about."""
    return {
        "about": "case",
        "triple_id": one.case.triple_id,
        "what": one.what,
        "tenant": one.case.tenant,
        "category": one.case.category,
        "drawn": one.case.drawn,
        "week": one.case.week.isoformat(),
        "guard": one.case.guard,
        "verdict_hidden": one.verdict_hidden,
        "votes": dict(one.votes),
    }
