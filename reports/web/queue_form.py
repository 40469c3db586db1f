"""What the forms of queue and case carry from one page to the next: which cases are wanted, and what is said of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict

from auditor.errors import VoteRefused
from auditor.reviewing.ballot import Ballot
from auditor.reviewing.filters import MAX_TEXT_CHARS, STATES, Filters
from auditor.reviewing.leases import Wish
from auditor.verdict import Category, Judgment

Given = ImmutableMultiDict[str, str]
"""The fields of a request."""

MOST_PASSED = 50
MAX_NAME_CHARS = 300
# A form of the queue has the filter beside what is said of a case, which has a category of its own.
OF_QUEUE = ("tenant", "of_category", "first", "last")
OF_SEARCH = ("tenant", "category", "first", "last", "stage", "state", "min_risk", "max_risk", "text")
VOTES = {judgment.label: judgment for judgment in Judgment}
CATEGORIES = [one.value for one in Category if one is not Category.UNKNOWN]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a reviewer goes through.

    Attributes:
        fields: those of OF_QUEUE that say something, as they were written.
        passed: ids of cases that were passed over.
    """

    fields: Mapping[str, str]
    passed: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All of it as fields of a form."""
        return [*self.fields.items(), *(("passed", one) for one in self.passed)]

    @property
    def query(self) -> str:
        """All of it as the end of an address."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    @property
    def wish(self) -> Wish:
        """As the queue takes it."""
        return Wish(filters_of({name.removeprefix("of_"): value for name, value in self.fields.items()}), self.passed)


def wanted_of(given: Given) -> Wanted:
    """What a request carries."""
    passed = dict.fromkeys(one[:MAX_NAME_CHARS] for one in given.getlist("passed") if one)
    return Wanted(written(given, OF_QUEUE), tuple(passed)[-MOST_PASSED:])


def written(given: Given, names: Iterable[str]) -> dict[str, str]:
    """The fields that say something."""
    return {name: given[name].strip()[:MAX_NAME_CHARS] for name in names if given.get(name, "").strip()}


def filters_of(fields: Mapping[str, str]) -> Filters:
    """The cases that fields name.

    Raises:
        VoteRefused: a field cannot be read.
    """
    values: dict[str, Any] = {name: fields[name] for name in ("tenant", "stage") if name in fields}
    values |= {name: day_of(fields[name]) for name in ("first", "last") if name in fields}
    values |= {name: share_of(fields[name]) for name in ("min_risk", "max_risk") if name in fields}
    values |= {name: fields[name] for name, known in KNOWN.items() if fields.get(name) in known}
    if "text" in fields:
        values["text"] = fields["text"][:MAX_TEXT_CHARS]
    return Filters(**values)


KNOWN: Mapping[str, frozenset[str]] = {"category": frozenset(Category), "state": frozenset(STATES)}


def day_of(text: str) -> date:
    """A day.

    Raises:
        VoteRefused: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise VoteRefused("write days as 2026-12-01") from None


def share_of(text: str) -> float:
    """A risk.

    Raises:
        VoteRefused: it is none.
    """
    try:
        risk = float(text)
    except ValueError:
        risk = -1.0
    if not 0 <= risk <= 1:
        raise VoteRefused("write risks as numbers from 0 to 1")
    return risk


def ballot_of(triple_id: str, given: Given) -> Ballot:
    """What a form says of a case.

    Raises:
        VoteRefused: it says nothing that can be read.
    """
    vote, category = VOTES.get(given.get("vote", "")), given.get("category", "")
    if vote is None:
        raise VoteRefused("choose 0, 0.5 or 1")
    if category and category not in CATEGORIES:
        raise VoteRefused("choose one of the categories")
    named = Category(category) if category else None
    texts = (lines_of(given.get("rationale", "")), lines_of(given.get("corrected_analysis", "")))
    return Ballot(triple_id, vote, named, *texts, given.get("key") or None)


def lines_of(text: str) -> str | None:
    """A text of a form, with the line ends that others have; None for nothing."""
    return text.replace("\r\n", "\n").strip() or None
