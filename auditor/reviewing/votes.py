"""What stands on a case, and who may vote on it or decide it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.access.person import same_person
from auditor.access.sight import UNDO
from auditor.reviewing.outcome import Outcome, outcome_of
from auditor.reviews import Review
from auditor.verdict import Judgment


@dataclass(frozen=True, slots=True)
class Lease:
    """A case that is kept for a reviewer; times are UTC.

    Attributes:
        taken_at: when the reviewer was given it.
        verdict_shown: the reviewer asked for the guard's verdict, although the policy hides it.
    """

    triple_id: str
    reviewer: str
    taken_at: datetime
    expires_at: datetime
    verdict_shown: bool = False


@dataclass(frozen=True, slots=True)
class CaseVotes:
    """What stands on one case.

    Attributes:
        reviews: that count, the oldest first.
        leases: also those that have expired.
        wanted: people who are to vote.
        reasons: why it was drawn, by each of its draws; empty where it was not.
        hide: reasons of draws for which the policy hides the verdict; see `blind`.
        in_doubt: a training asked for it, since what people said of it cannot be right.
    """

    reviews: Sequence[Review]
    leases: Sequence[Lease]
    wanted: int
    reasons: frozenset[str] = frozenset()
    hide: tuple[str, ...] = ()
    in_doubt: bool = False

    @property
    def votes(self) -> dict[str, Judgment]:
        """The last vote of each person, by the name without its case."""
        return {folded(one.reviewer): one.vote for one in self.reviews if not one.decides}

    @property
    def adjudication(self) -> Review | None:
        """What an expert decided."""
        return next((one for one in reversed(self.reviews) if one.decides), None)

    @property
    def outcome(self) -> Outcome:
        """What the votes come to."""
        decided = self.adjudication is not None
        return outcome_of([*self.votes.values()], self.wanted, adjudicated=decided, in_doubt=self.in_doubt)

    def of(self, name: str) -> Review | None:
        """The last vote of a person."""
        return next((one for one in reversed(self.reviews) if not one.decides and one.is_by(name)), None)

    def lease_of(self, name: str) -> Lease | None:
        """The person's lease, live or expired."""
        return next((one for one in self.leases if same_person(one.reviewer, name)), None)

    def others_at_it(self, name: str, now: datetime) -> list[Lease]:
        """Live leases of other people who have not voted yet, the first to expire first."""
        live = (one for one in self.leases if one.expires_at > now and folded(one.reviewer) not in self.votes)
        return sorted((one for one in live if not same_person(one.reviewer, name)), key=lambda one: one.expires_at)


def why_not_vote(case: CaseVotes, name: str, now: datetime) -> str | None:
    """Why this person cannot vote on the case, in words; None who can."""
    if case.of(name):
        return f"{name} has voted on this case; a vote can be taken back within {UNDO.seconds} s, and then cast anew"
    if case.outcome is not Outcome.OPEN:
        return f"this case is decided: {said_by(len(case.votes))} on it, and no more are asked for"
    at_it = case.others_at_it(name, now)
    mine = case.lease_of(name)
    if not (mine and mine.expires_at > now) and len(case.votes) + len(at_it) >= case.wanted:
        return f"other reviewers have this case before them, until {at_it[0].expires_at:%H:%M:%S} UTC at the latest"
    return None


def why_not_decide(case: CaseVotes, name: str) -> str | None:
    """Why this expert cannot decide the case, in words; None who can."""
    if case.outcome is Outcome.ADJUDICATED:
        return "this case has been decided by an expert"
    if case.outcome is not Outcome.SPLIT:
        return f"an expert decides where votes split; on this case they are {case.outcome}"
    if case.of(name):
        return f"{name} has voted on this case: another expert decides it"
    return None


def why_not_withdraw(stored_at: datetime, now: datetime) -> str | None:
    """Why a vote of that age cannot be taken back, in words; None where it can."""
    return None if now - stored_at <= UNDO else f"a vote can be taken back for {UNDO.seconds} s; this one is older"


def said_by(n: int) -> str:
    """As in "2 people voted"."""
    return f"{n} {'person' if n == 1 else 'people'} voted"


def folded(name: str) -> str:
    """A name without its case: the same for the same person."""
    return name.strip().casefold()
