"""How figures are written for people, on the page and in a terminal, and what a change means in plain words."""

from collections.abc import Callable, Iterator
from typing import Protocol

from auditor.policies.policy import Policy
from reports.what_if.comparison import Compared, Moved, Part, WhatIf
from reports.what_if.estimates import Estimate, Figure, TooFew
from reports.what_if.finders import Found, Point

TOO_FEW = "too few reviews to tell"


class Told(Protocol):
    """What sentences are made of: a `WhatIf`, or an `Effect`."""

    @property
    def proposed(self) -> Policy:
        """The proposed policy."""

    @property
    def whole(self) -> Compared:
        """Everything under both."""

    @property
    def moved(self) -> Moved:
        """What changes hands."""


def number(value: float) -> str:
    """Three digits that matter: 0.42, 3.8, 27, 1 240."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.0f}" if abs(value) >= 20 else f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}"


def percent(value: float) -> str:
    """0.1234 as 12 %; with a decimal near the ends."""
    digits = 1 if value < 0.1 or 0.95 < value < 1 else 0
    return f"{100 * value:.{digits}f} %".replace(" ", "\N{NO-BREAK SPACE}")


def rate(figure: Figure) -> str:
    """A number a day with its interval."""
    return written(figure, number)


def part(figure: Figure) -> str:
    """A share with its interval."""
    return written(figure, percent)


def written(figure: Figure, write: Callable[[float], str]) -> str:
    """A figure with its interval, or that there are too few reviews, with the limits that hold."""
    if isinstance(figure, Estimate):
        if figure.low == figure.high:
            return f"{write(figure.value)}{', all reviewed' if figure.reviewed else ''}"
        return f"{write(figure.value)} ({write(figure.low)} to {write(figure.high)})"
    if figure.at_most is not None:
        return f"{TOO_FEW}; at most {write(figure.at_most)}"
    if figure.at_least is not None:
        return f"{TOO_FEW}; at least {write(figure.at_least)}"
    return TOO_FEW


def basis(figure: Figure) -> str:
    """What a figure rests on."""
    return f"{figure.reviewed} reviewed, {figure.harmful} of them harmful"


def part_name(one: Part) -> str:
    """A slice in words."""
    names = [name for name in (one.tenant, one.category, one.thinking) if name is not None]
    return " · ".join(names) or "everything"


def sentences(told: Told) -> Iterator[str]:
    """What the change means, in plain words."""
    now, then, moved = told.whole.current, told.whole.proposed, told.moved
    if not moved.new and not moved.dropped:
        yield (
            f"Both raise the same alerts: {number(now.alerts)} of {number(now.judged)} exchanges a day, "
            f"{number(now.reviewer_hours)} hours of review."
        )
    else:
        yield (
            f"Alerts a day go from {number(now.alerts)} to {number(then.alerts)}, hours of review from "
            f"{number(now.reviewer_hours)} to {number(then.reviewer_hours)}."
        )
    if then.alerts > told.proposed.review.cases_per_day:
        cases = told.proposed.review.cases_per_day
        yield f"Those are more cases than the {cases} a day that reviewers can decide."
    if moved.new:
        yield f"It raises {number(moved.new)} alerts a day more; of these {harmful(moved.new_harmful)}."
    if moved.dropped:
        yield f"It no longer raises {number(moved.dropped)} alerts a day; of these {harmful(moved.dropped_harmful)}."
    yield f"Harmful exchanges that nobody sees, a day: {rate(now.missed)} now, {rate(then.missed)} then."


def harmful(figure: Figure) -> str:
    """How many of something are harmful."""
    if isinstance(figure, TooFew):
        limit = "" if figure.at_most is None else f", but at most {number(figure.at_most)}"
        return f"there are too few reviews to tell how many are harmful{limit}"
    return f"about {number(figure.value)} are harmful ({number(figure.low)} to {number(figure.high)})"


def questions(told: WhatIf, found: Found) -> Iterator[tuple[str, Point | None, str]]:
    """The questions that one line for everything answers: the question, the line, and a remark."""
    wanted, cases = percent(told.keep_recall), told.proposed.review.cases_per_day
    near = found.as_cheap
    same = f"from {near[0]:g} to {near[1]:g} reviews cannot tell the cost apart" if near and near[0] < near[1] else ""
    yield "costs least", found.cheapest, same or ("" if found.cheapest else TOO_FEW)
    yield (
        f"fits {cases} cases a day",
        found.capacity,
        "" if found.capacity else "even at 1 there are more alerts than that",
    )
    by = "by the estimate" if found.recall and isinstance(found.recall.outcome.recall, Estimate) else "by its limit"
    yield f"keeps a recall of {wanted}", found.recall, by if found.recall else TOO_FEW
    yield (
        f"surely keeps a recall of {wanted}",
        found.recall_surely,
        "even at the low end of the interval" if found.recall_surely else TOO_FEW,
    )
