"""What `traceaudit review` asks of whoever owns the database; see `auditor/questions.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from auditor.errors import VoteRefused
from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.reviews import Review
from auditor.sampling import queries
from auditor.sampling.queries import Due, Work
from auditor.sampling.store import Drawn
from auditor.sampling.store import draw as draw_cases
from auditor.store import Store
from auditor.store_reviews import add_reviews
from conf.schema import Config

LATE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Status:
    """How much of what was drawn is due, done and overdue.

    Attributes:
        wanted: votes that a case needs.
        late: days to exchanges that were stored after the draw.
    """

    wanted: int
    work: Sequence[Work]
    late: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Cases:
    """Drawn cases, in the order in which `next` gives them.

    Attributes:
        wanted: votes that a case needs.
    """

    wanted: int
    found: Sequence[Due]


@dataclass(frozen=True, slots=True)
class Case:
    """A drawn case whole: the row of its triple with the verdict by which it was drawn, and the rows of its images."""

    due: Due
    triple: Mapping[str, Any]
    images: Sequence[Mapping[str, Any]]


def draw(store: Store, config: Config, day: date, now: datetime, early: bool) -> Drawn:
    """Draw the cases of a UTC day, once."""
    return draw_cases(store, config, day, now, early=early)


def status(store: Store, config: Config, now: datetime) -> Status:
    """What there is to do."""
    wanted = votes_wanted(store, config, now)
    late = queries.late_verdicts(store.connection, now.date() - timedelta(days=LATE_DAYS))
    return Status(wanted, queries.review_work(store.connection, now, wanted), late)


def list_cases(store: Store, config: Config, now: datetime, also_done: bool, most: int) -> Cases:
    """The cases that are due, or all; the first of them."""
    wanted = votes_wanted(store, config, now)
    return Cases(wanted, queries.cases(store.connection, None if also_done else wanted, most))


def next_case(store: Store, config: Config, reviewer: str, now: datetime) -> Case | None:
    """The next case that this reviewer did not vote on; None where nothing is due."""
    due = queries.next_case(store.connection, reviewer, votes_wanted(store, config, now))
    return Case(due, *queries.case_rows(store.connection, due.triple_id, due.scorer)) if due else None


def vote(store: Store, _: Config, given: Review, now: datetime) -> Review:
    """Keep a vote, on the triple whose id begins as it says; gives it with the whole id.

    Raises:
        VoteRefused: there is no such triple, or more than one.
    """
    whole = replace(given, triple_id=the_one(store, given.triple_id))
    add_reviews(store, [whole], now)
    return whole


def votes_wanted(store: Store, config: Config, now: datetime) -> int:
    """How many people have to vote on a case, by the policy in force."""
    return in_force(store.connection, now.date(), configured_policy(config.policy)).policy.review.votes


def the_one(store: Store, prefix: str) -> str:
    """The id that begins so.

    Raises:
        VoteRefused: there is none, or more than one.
    """
    found = queries.ids_named(store.connection, prefix)
    if prefix in found:
        return prefix
    if len(found) != 1:
        raise VoteRefused(f"{'no case begins' if not found else 'several cases begin'} with {prefix}")
    return found[0]
