"""The votes of reviewers in the database: append-only, each once, and each an event of the audit trail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.evidence.events import Deed, record_events
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_rows import Row
from auditor.verdict import Category, Judgment
from auditor.verdict_rows import utc

ALL = 'SELECT triple_id, reviewer, vote, category, rationale, "at" FROM reviews ORDER BY "at", id'


@dataclass(frozen=True, slots=True)
class Added:
    """What became of votes.

    Attributes:
        new: kept now.
        known: kept before, or told twice.
        strangers: on triples that the database does not hold; not kept.
    """

    new: int
    known: int
    strangers: frozenset[str]


def add_reviews(store: Store, reviews: Sequence[Review], now: datetime) -> Added:
    """Keep the votes that are not kept yet, in one transaction."""
    by_id = {review.id: review for review in reviews}
    triple_ids = {review.triple_id for review in reviews}
    with store.transaction():
        strangers = frozenset(triple_ids - known(store, "triples", triple_ids))
        welcome = {name: one for name, one in by_id.items() if one.triple_id not in strangers}
        new = welcome.keys() - known(store, "reviews", welcome)
        kept = [one for name, one in welcome.items() if name in new]
        store.insert("reviews", [review_row(one, now) for one in kept])
        record_events(store, (Deed("review.voted", one.reviewer, one.triple_id, told_of(one), now) for one in kept))
    n_welcome = sum(review.triple_id not in strangers for review in reviews)
    return Added(len(new), n_welcome - len(new), strangers)


def known(store: Store, table: str, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that the table has."""
    query = f"SELECT DISTINCT id FROM {table} WHERE id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608 - our own names
    return {name for (name,) in store.connection.execute(query, [list(ids)]).fetchall()}


def read_all(store: Store) -> list[Review]:
    """Every vote, in the order in which they were given."""
    return [
        Review(triple_id, reviewer, Judgment(vote), category and Category(category), rationale, at.replace(tzinfo=UTC))
        for triple_id, reviewer, vote, category, rationale, at in store.connection.execute(ALL).fetchall()
    ]


def told_of(review: Review) -> dict[str, str | float | None]:
    """What the audit trail keeps of a vote: all but the rationale, which may quote the log; the id is over that too."""
    return {
        "review": review.id,
        "vote": review.vote.value,
        "category": review.category,
        "given_at": review.at.astimezone(UTC).isoformat(),
    }


def review_row(review: Review, now: datetime) -> Row:
    """The row of `reviews`."""
    return {
        "id": review.id,
        "triple_id": review.triple_id,
        "reviewer": review.reviewer,
        "vote": review.vote.value,
        "category": review.category,
        "rationale": review.rationale,
        "at": utc(review.at),
        "stored_at": utc(now),
    }
