"""What `traceaudit review` asks of whoever owns the database; see `auditor/questions.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from auditor.access.person import Person, Role, person_with
from auditor.errors import VoteRefused
from auditor.evidence.events import record_event
from auditor.reviewing.ballot import Ballot
from auditor.reviewing.blind import policy_hides
from auditor.reviewing.deciding import adjudicate, cast, withdraw
from auditor.reviewing.leases import Wish, take_next
from auditor.reviewing.reads import read_deed
from auditor.reviewing.store_votes import case_votes, plan
from auditor.reviews import Review
from auditor.sampling import queries
from auditor.sampling.case import VERDICT
from auditor.sampling.queries import Due, Work
from auditor.sampling.store import Drawn
from auditor.sampling.store import draw as draw_cases
from auditor.store import Store
from conf.schema import Config

LATE_DAYS = 30
LATEST = """
    SELECT id FROM standing WHERE triple_id = ? AND lower(reviewer) = lower(?) ORDER BY stored_at DESC, id LIMIT 1
"""


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
    """A drawn case whole, given to a reviewer.

    Attributes:
        expires_at: until then it is kept for this reviewer.
        shows_verdict: whether the guard's verdict is told; else the row of the triple is without it.
        triple: the row with the verdict by which it was drawn.
        images: the rows, in the order shown.
    """

    due: Due
    expires_at: datetime
    shows_verdict: bool
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


def next_case(store: Store, config: Config, reviewer: str, show_verdict: bool, now: datetime) -> Case | None:
    """Give this reviewer the next case to vote on, and keep it from others; None where nothing is due."""
    with store.transaction():
        taken = take_next(store, config, local(reviewer), Wish(show_verdict=show_verdict), now)
        if taken is None:
            return None
        record_event(store, read_deed(reviewer, taken.due.triple_id, "review next", now))
        shows = show_verdict or not policy_hides(case_votes(store, config, taken.due.triple_id, now))
    triple, images = queries.case_rows(store.connection, taken.due.triple_id, taken.due.scorer)
    told = triple if shows else {name: value for name, value in triple.items() if name not in VERDICT}
    return Case(taken.due, taken.expires_at, shows, told, images)


def vote(store: Store, config: Config, reviewer: str, given: Ballot, now: datetime) -> Review:
    """Keep a vote, on the triple whose id begins as it says; gives it with the whole id.

    Raises:
        VoteRefused: there is no such triple, or more than one, or the vote says too little.
        VoteConflicts: it is not to be cast any more; see `reviewing`.
    """
    whole = replace(given, triple_id=the_one(store, given.triple_id))
    return cast(store, config, local(reviewer), whole, now)


def decide(store: Store, config: Config, expert: str, given: Ballot, now: datetime) -> Review:
    """Keep an expert's decision on a case on which votes split; the rest as with `vote`."""
    whole = replace(given, triple_id=the_one(store, given.triple_id))
    return adjudicate(store, config, local(expert), whole, now)


def undo(store: Store, _: Config, reviewer: str, prefix: str, now: datetime) -> Review:
    """Take back what this person said last of the triple whose id begins so.

    Raises:
        VoteRefused: there is no such triple, or nothing to take back.
        VoteConflicts: it is too old.
    """
    found = store.connection.execute(LATEST, [the_one(store, prefix), reviewer.strip()]).fetchone()
    if found is None:
        raise VoteRefused(f"{reviewer.strip()} has no vote on this case")
    return withdraw(store, local(reviewer), found[0], now)


def local(name: str) -> Person:
    """Whoever may open the database file, under the name that they give."""
    return person_with(name.strip(), [Role.EXPERT])


def votes_wanted(store: Store, config: Config, now: datetime) -> int:
    """How many people have to vote on a case, by the policy in force."""
    return plan(store, config, now.date()).votes


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
