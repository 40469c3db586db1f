"""A case that a person opens: noted in the trail, then read as far as this person may know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.access.person import Right
from auditor.access.sight import UNDO
from auditor.reviewing.blind import hides_verdict, shows_others
from auditor.reviewing.case_history import Happening, history, trail_of
from auditor.reviewing.outcome import Outcome
from auditor.reviewing.reads import note_read
from auditor.reviewing.store_votes import seen_case
from auditor.reviewing.votes import CaseVotes, Lease, why_not_decide, why_not_vote
from auditor.reviewing.whole_case import WholeCase, whole_case
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import reviews_of
from reports.web.visit import Visit


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case as one person sees it at a moment.

    Attributes:
        whole: texts, images, and the guard's verdict unless it is hidden.
        outcome: what the votes come to.
        voters: how many people voted.
        wanted: how many are to vote.
        mine: this person's vote, None where there is none.
        told: votes and decisions that this person may read, also those taken back, the oldest first.
        others_from: when the votes of others can be read, since then one's own stands; None where that is no matter.
        cannot_vote, cannot_decide: why not, in words; None where the person can.
        lease: until when the case is kept for this person; None where it is not.
        happened: the history.
    """

    whole: WholeCase
    outcome: Outcome
    voters: int
    wanted: int
    mine: Review | None
    told: Sequence[Review]
    others_from: datetime | None
    cannot_vote: str | None
    cannot_decide: str | None
    lease: Lease | None
    happened: Sequence[Happening]

    @property
    def standing(self) -> list[Review]:
        """Those of `told` that count."""
        return [one for one in self.told if not one.withdrawn]


def opened(visit: Visit, triple_id: str, where: str) -> OpenedCase:
    """The case for whoever makes the visit; that it is read is noted first.

    Args:
        visit: by somebody who may see cases.
        triple_id: the whole id.
        where: "page" or "api".

    Raises:
        NoSuchCase: there is no such case in this person's sight.
    """
    with visit.writing() as store:
        note_read(store, visit.person, triple_id, where, visit.now)
        votes = seen_case(store, visit.config, visit.person, triple_id, visit.now)
        told, trail = told_to(visit, store, votes, triple_id), trail_of(store.connection, triple_id)
    with visit.reading() as store:
        hidden = hides_verdict(votes, visit.person)
        whole = whole_case(store.connection, visit.config, triple_id, hidden=hidden)
    return opened_case(visit, whole, votes, told, history(whole, told, trail))


def told_to(visit: Visit, store: Store, votes: CaseVotes, triple_id: str) -> list[Review]:
    """What was said of the case, as far as this person may read it."""
    name, all_of_it = visit.person.name, shows_others(votes, visit.person, visit.now)
    return [one for one in reviews_of(store, triple_id) if all_of_it or one.is_by(name)]


def opened_case(
    visit: Visit, whole: WholeCase, votes: CaseVotes, told: Sequence[Review], happened: Sequence[Happening]
) -> OpenedCase:
    """All of it put together."""
    person, now = visit.person, visit.now
    mine, lease = votes.of(person.name), votes.lease_of(person.name)
    others = mine and votes.outcome is not Outcome.OPEN and len(votes.votes) > 1
    return OpenedCase(
        whole=whole,
        outcome=votes.outcome,
        voters=len(votes.votes),
        wanted=votes.wanted,
        mine=mine,
        told=told,
        others_from=mine.at + UNDO if mine and others and not shows_others(votes, person, now) else None,
        cannot_vote=why_not_vote(votes, person.name, now) if person.may(Right.VOTE) else "you read cases",
        cannot_decide=why_not_decide(votes, person.name) if person.may(Right.ADJUDICATE) else "experts decide",
        lease=lease if lease and lease.expires_at > now else None,
        happened=happened,
    )
