"""How far a reviewer is with today's share, and what this person said last. Read queries; they write nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.access.person import Person
from auditor.access.sight import UNDO
from auditor.policies.policy import ReviewPlan
from auditor.reviewing.leases import Wish, n_due
from auditor.store import Store
from auditor.verdict_rows import utc

AT_WORK = timedelta(days=7)  # who voted in that time is counted as one of the reviewers
LATELY = 8

TODAY = """
    SELECT count(*) FILTER (lower(reviewer) = lower($name) AND stored_at >= $today),
        count(DISTINCT lower(reviewer)) FILTER (lower(reviewer) <> lower($name))
    FROM standing WHERE kind IS NULL AND stored_at >= $since
"""
LAST = """
    SELECT r.id, r.triple_id, r.vote, r.stored_at, r.kind IS NOT NULL, d.outcome
    FROM standing r JOIN decisions($wanted) d USING (triple_id)
    WHERE lower(r.reviewer) = lower($name) ORDER BY r.stored_at DESC, r.id LIMIT $most
"""
# The same of one review alone, without what the votes on its case come to, which takes a look at all of them.
FRESH = """
    SELECT id, triple_id, vote, stored_at FROM standing
    WHERE id = $id AND lower(reviewer) = lower($name) AND stored_at >= $since
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """A reviewer's day.

    Attributes:
        voted: cases that this person voted on today, in UTC.
        share: cases that this person is to vote on today: what the policy says all can decide in a day, by the people
            who reviewed of late; not more than there are.
        due: cases that have a place for this person.
    """

    voted: int
    share: int
    due: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of a case.

    Attributes:
        at: UTC.
        decides: as an expert.
        outcome: what the votes on the case come to, as far as this person may know it.
        until: it can be taken back until then; None where it is too late.
    """

    review_id: str
    triple_id: str
    vote: float
    at: datetime
    decides: bool
    outcome: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a person has said so lately that it can be taken back; until when, in UTC."""

    review_id: str
    triple_id: str
    vote: float
    until: datetime


def progress(store: Store, person: Person, wish: Wish, now: datetime, review: ReviewPlan) -> Progress:
    """How far a reviewer is; on a connection that is not narrowed."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {"name": person.name.strip(), "today": utc(today), "since": utc(today - AT_WORK)}
    ((voted, others),) = store.connection.execute(TODAY, values).fetchall()
    due = n_due(store, person, wish, now, review)
    share = math.ceil(review.cases_per_day * review.votes / (others + 1))
    return Progress(voted, min(share, voted + due), due)


def said_lately(store: Store, person: Person, now: datetime, wanted: int) -> Sequence[Said]:
    """What this person said last, the latest first; on a connection that is narrowed to the person."""
    values = {"name": person.name.strip(), "wanted": wanted, "most": LATELY}
    rows = store.connection.execute(LAST, values).fetchall()
    return [said_of(row, now) for row in rows]


def said_of(row: tuple[str, str, float, datetime, bool, str], now: datetime) -> Said:
    """A row of LAST."""
    review_id, triple_id, vote, stored_at, decides, outcome = row
    at = stored_at.replace(tzinfo=UTC)
    return Said(review_id, triple_id, vote, at, decides, outcome, at + UNDO if now - at <= UNDO else None)


def said_now(store: Store, person: Person, review_id: str, now: datetime) -> Fresh | None:
    """That review of this person, as long as it can be taken back."""
    values = {"id": review_id, "name": person.name.strip(), "since": utc(now - UNDO)}
    row = store.connection.execute(FRESH, values).fetchone()
    if row is None:
        return None
    name, triple_id, vote, stored_at = row
    return Fresh(name, triple_id, vote, stored_at.replace(tzinfo=UTC) + UNDO)
