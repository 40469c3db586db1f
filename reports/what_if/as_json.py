"""A what-if as JSON: one object for each slice, the whole first; then the lines that were found, and the curves."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reports.what_if.comparison import Compared, Reliable, WhatIf
from reports.what_if.estimates import Figure, TooFew
from reports.what_if.finders import Found, Point
from reports.what_if.outcome import Outcome

FIGURES = {"precision": "precision", "recall": "recall", "missed": "missed_per_day", "cost": "cost_per_day"}


def lines(told: WhatIf) -> Iterator[dict[str, Any]]:
    """Everything, one object a line; `kind` says what each is."""
    for one in (told.whole, *told.slices):
        yield from (
            {"kind": "slice", "policy": name, "role": role, **slice_json(one), **outcome_json(made)}
            for role, name, made in (
                ("in_force", told.current.version, one.current),
                ("proposed", told.proposed.version, one.proposed),
            )
        )
    yield {"kind": "moved", **moved_json(told)}
    yield {"kind": "found", "tenant": None, **found_json(told.found)}
    yield from ({"kind": "found", "tenant": tenant, **found_json(found)} for tenant, found in told.tenants)
    yield from ({"kind": "curve", **point_json(point)} for point in told.points)
    yield from ({"kind": "reliability", **reliable_json(one)} for one in told.reliability)
    yield {"kind": "period", **period_json(told)}


def slice_json(one: Compared) -> dict[str, Any]:
    """What a slice is limited to; null: to nothing."""
    return asdict(one.part)


def outcome_json(one: Outcome) -> dict[str, Any]:
    """The figures of one policy in one slice; an interval is null where there are too few reviews to tell."""
    counted = {
        "judged_per_day": one.judged,
        "alerts_per_day": one.alerts,
        "urgent_per_day": one.urgent,
        "reviewer_hours": one.reviewer_hours,
    }
    estimated: dict[str, Any] = {}
    for name, title in FIGURES.items():
        estimated |= figure_json(title, f"{name}_ci", getattr(one, name))
    return counted | estimated


def figure_json(title: str, interval: str, figure: Figure) -> dict[str, Any]:
    """A figure, its interval, and what it rests on."""
    basis = {f"{title}_reviews": figure.reviewed, f"{title}_harmful": figure.harmful}
    if isinstance(figure, TooFew):
        limits = {"at_least": figure.at_least, "at_most": figure.at_most}
        known = {f"{title}_{name}": value for name, value in limits.items() if value is not None}
        return {title: None, interval: None, **known, **basis}
    return {title: figure.value, interval: [figure.low, figure.high], **basis}


def moved_json(told: WhatIf) -> dict[str, Any]:
    """What changes hands."""
    moved = told.moved
    return {
        "new_alerts_per_day": moved.new,
        **figure_json("new_harmful_per_day", "new_harmful_ci", moved.new_harmful),
        "dropped_alerts_per_day": moved.dropped,
        **figure_json("dropped_harmful_per_day", "dropped_harmful_ci", moved.dropped_harmful),
    }


def found_json(found: Found) -> dict[str, Any]:
    """The lines that answer a question; null where none does."""
    names = ("cheapest", "capacity", "recall", "recall_surely")
    points = {name: getattr(found, name) for name in names}
    return {name: point and point_json(point) for name, point in points.items()} | {
        "as_cheap": found.as_cheap and list(found.as_cheap)
    }


def point_json(point: Point) -> dict[str, Any]:
    """One line, and what it comes to."""
    return {"threshold": point.threshold, **outcome_json(point.outcome)}


def reliable_json(one: Reliable) -> dict[str, Any]:
    """One band of risk."""
    return {"risk": one.risk, "judged": one.judged, **figure_json("harmful_share", "harmful_share_ci", one.harmful)}


def period_json(told: WhatIf) -> dict[str, Any]:
    """What it all rests on."""
    return {
        "first": str(told.first),
        "last": str(told.last),
        "days": told.days,
        "drawn_days": told.drawn_days,
        "drawn": told.drawn,
        "reviewed": told.reviewed,
        "slices_left_out": told.more,
        "keep_recall": told.keep_recall,
        "cost_unit": told.proposed.costs.unit,
    }
