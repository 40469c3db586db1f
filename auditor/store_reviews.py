"""The votes of reviewers in the database: append-only, each once, and each an event of the audit trail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.evidence.events import Deed, record_events
from auditor.reviews import Kind, Review
from auditor.store import Store
from auditor.store_rows import Row
from auditor.verdict import Category, Judgment
from auditor.verdict_rows import utc

COLUMNS = """triple_id, reviewer, vote, category, rationale, "at", kind, corrected_analysis, verdict_hidden, seconds"""
FROM = f"""
    SELECT {COLUMNS}, w.review_id IS NOT NULL
    FROM reviews r LEFT JOIN (SELECT DISTINCT review_id FROM withdrawals) w ON w.review_id = r.id
"""  # noqa: S608 - our own names
IN_ORDER = 'ORDER BY "at", id'

EVENTS = {Kind.VOTE: "review.voted", Kind.ADJUDICATION: "review.adjudicated"}


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
    """Keep the votes that are not kept yet, in one transaction, however many a case has; see `reviewing` for one."""
    by_id = {review.id: review for review in reviews}
    triple_ids = {review.triple_id for review in reviews}
    with store.transaction():
        strangers = frozenset(triple_ids - known(store, "triples", triple_ids))
        welcome = {name: one for name, one in by_id.items() if one.triple_id not in strangers}
        new = welcome.keys() - known(store, "reviews", welcome)
        keep_reviews(store, [one for name, one in welcome.items() if name in new], now)
    n_welcome = sum(review.triple_id not in strangers for review in reviews)
    return Added(len(new), n_welcome - len(new), strangers)


def keep_reviews(store: Store, reviews: Sequence[Review], now: datetime, key: str | None = None) -> None:
    """Append reviews that are not there yet; `key` is of the request that brought them."""
    with store.transaction():
        store.insert("reviews", [review_row(one, now, key) for one in reviews])
        record_events(
            store, (Deed(EVENTS[one.kind], one.reviewer, one.triple_id, told_of(one), now) for one in reviews)
        )


def known(store: Store, table: str, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that the table has."""
    query = f"SELECT DISTINCT id FROM {table} WHERE id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608 - our own names
    return {name for (name,) in store.connection.execute(query, [list(ids)]).fetchall()}


def read_all(store: Store) -> list[Review]:
    """Every vote, also those that were taken back, in the order in which they were given."""
    return [review_of(row) for row in store.connection.execute(f"{FROM} {IN_ORDER}").fetchall()]


def reviews_of(store: Store, triple_id: str) -> list[Review]:
    """Those on one triple."""
    query = f"{FROM} WHERE r.triple_id = ? {IN_ORDER}"
    return [review_of(row) for row in store.connection.execute(query, [triple_id]).fetchall()]


def review_of(row: Sequence[Any]) -> Review:
    """A row of COLUMNS, and whether it was taken back."""
    triple_id, reviewer, vote, category, rationale, at, kind, *further = row
    return Review(
        triple_id,
        reviewer,
        Judgment(vote),
        category and Category(category),
        rationale,
        at.replace(tzinfo=UTC),
        Kind(kind or Kind.VOTE),
        *further,
    )


def told_of(review: Review) -> dict[str, str | float | bool | None]:
    """What the audit trail keeps of a vote: all but the texts, which may quote the log; the id is over these too."""
    told: dict[str, str | float | bool | None] = {
        "review": review.id,
        "vote": review.vote.value,
        "category": review.category,
        "given_at": review.at.astimezone(UTC).isoformat(),
    }
    return told if review.verdict_hidden is None else told | {"verdict_hidden": review.verdict_hidden}


def review_row(review: Review, now: datetime, key: str | None = None) -> Row:
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
        "kind": review.kind if review.decides else None,
        "verdict_hidden": review.verdict_hidden,
        "corrected_analysis": review.corrected_analysis,
        "seconds": review.seconds,
        "key": key,
    }
