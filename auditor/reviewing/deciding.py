"""Votes cast, taken back, and decided on by an expert: each in one transaction that looks first and then keeps it.

Transactions of all connections to a file come one after another (`Store.transaction`), and each begins by reading what
those before it kept. So however many people vote on a case at a time, no more votes are kept than are asked for, no two
of one person, and what was acknowledged is kept.
"""

from dataclasses import replace
from datetime import UTC, datetime

from auditor.access.person import Person, Right, same_person
from auditor.access.sight import may_see
from auditor.errors import VoteConflicts, VoteRefused
from auditor.evidence.events import Deed, record_event
from auditor.reviewing.ballot import Ballot, lacks
from auditor.reviewing.blind import hides_verdict
from auditor.reviewing.leases import drop_leases
from auditor.reviewing.store_votes import seen_case
from auditor.reviewing.votes import CaseVotes, why_not_decide, why_not_vote, why_not_withdraw
from auditor.reviews import Kind, Review
from auditor.store import Store
from auditor.store_reviews import COLUMNS, keep_reviews, review_of
from auditor.verdict_rows import utc
from conf.schema import Config

WITHDRAWN = "id IN (SELECT review_id FROM withdrawals)"
BY_KEY = f'SELECT {COLUMNS}, {WITHDRAWN} FROM reviews WHERE "key" = ?'  # noqa: S608 - our own names
BY_ID = f"SELECT {COLUMNS}, {WITHDRAWN}, stored_at FROM reviews WHERE id = ?"  # noqa: S608


def cast(store: Store, config: Config, person: Person, ballot: Ballot, now: datetime) -> Review:
    """Keep a vote; gives it as it is kept. A request that comes again, by its key, gives what it gave before.

    Raises:
        AccessDenied: this person may not vote.
        VoteRefused: the vote says too little, or there is no such case in this person's sight.
        VoteConflicts: the person has voted on it, or as many as are asked for have, or have it before them.
    """
    person.need(Right.VOTE)
    return keep(store, config, person, ballot, now, kind=Kind.VOTE)


def adjudicate(store: Store, config: Config, person: Person, ballot: Ballot, now: datetime) -> Review:
    """Keep an expert's decision on a case on which votes split; the rest is as with `cast`.

    Raises:
        AccessDenied: this person may not decide.
        VoteRefused: no rationale, or no such case.
        VoteConflicts: votes do not split, or it is decided, or this expert is one of those who voted.
    """
    person.need(Right.ADJUDICATE)
    return keep(store, config, person, ballot, now, kind=Kind.ADJUDICATION)


def keep(  # noqa: PLR0913 - who says what of which case, and as what
    store: Store, config: Config, person: Person, ballot: Ballot, now: datetime, *, kind: Kind
) -> Review:
    """Either."""
    decides = kind is Kind.ADJUDICATION
    if problem := lacks(ballot, person.name, decides=decides):
        raise VoteRefused(problem)
    with store.transaction():
        case = seen_case(store, config, person, ballot.triple_id, now)
        review = review_by(person, ballot, case, now, kind)
        if before := kept_before(store, review, ballot.key):
            return before
        why_not = why_not_decide(case, person.name) if decides else why_not_vote(case, person.name, now)
        if why_not:
            raise VoteConflicts(why_not)
        keep_reviews(store, [review], now, ballot.key)
        drop_leases(store, person.name, ballot.triple_id)
    return review


def review_by(person: Person, ballot: Ballot, case: CaseVotes, now: datetime, kind: Kind) -> Review:
    """What is to be kept."""
    lease = case.lease_of(person.name)
    return Review(
        triple_id=ballot.triple_id,
        reviewer=person.name.strip(),
        vote=ballot.vote,
        category=ballot.category,
        rationale=(ballot.rationale or "").strip() or None,
        at=now,
        kind=kind,
        corrected_analysis=(ballot.corrected_analysis or "").strip() or None,
        verdict_hidden=hides_verdict(case, person) and not (lease and lease.verdict_shown),
        seconds=max(0.0, round((now - lease.taken_at).total_seconds(), 3)) if lease else None,
    )


def kept_before(store: Store, review: Review, key: str | None) -> Review | None:
    """What the same request was answered before; None where it is new.

    Raises:
        VoteConflicts: the key was used for something else.
    """
    if not key:
        return None
    found = [review_of(row) for row in store.connection.execute(BY_KEY, [key]).fetchall()]
    mine = next((one for one in found if same_person(one.reviewer, review.reviewer)), None)
    if mine and said(mine) != said(review):
        raise VoteConflicts("this key was used for another vote; make a new one for each")
    return mine


def said(review: Review) -> Review:
    """The review without when and how it came to be."""
    return replace(
        review, reviewer="", at=datetime.min.replace(tzinfo=UTC), verdict_hidden=None, seconds=None, withdrawn=False
    )


def withdraw(store: Store, person: Person, review_id: str, now: datetime) -> Review:
    """Take a vote or a decision back, while it is fresh; done twice it is done once. The row stays, and counts no more.

    Raises:
        AccessDenied: this person may not vote.
        VoteRefused: this person has no such vote on a case in sight.
        VoteConflicts: it is too old.
    """
    person.need(Right.VOTE)
    with store.transaction():
        rows = store.connection.execute(BY_ID, [review_id]).fetchall()
        review, stored_at = (review_of(rows[0][:-1]), rows[0][-1].replace(tzinfo=UTC)) if rows else (None, now)
        mine = review is not None and same_person(review.reviewer, person.name)
        if review is None or not (mine and may_see(store, person, review.triple_id)):
            raise VoteRefused("there is no such vote of yours")
        if review.withdrawn:
            return review
        if why_not := why_not_withdraw(stored_at, now):
            raise VoteConflicts(why_not)
        row = {"review_id": review_id, "triple_id": review.triple_id, "by": person.name.strip(), "at": utc(now)}
        store.insert("withdrawals", [row])
        deed = Deed("review.withdrawn", person.name.strip(), review.triple_id, {"review": review_id}, now)
        record_event(store, deed)
    return replace(review, withdrawn=True)
