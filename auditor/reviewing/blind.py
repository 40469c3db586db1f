"""What is kept from a reviewer so that it does not sway the vote: the guard's verdict, and the votes of others; pure.

A policy says for which draws the verdict is hidden ([review] hide_verdict): it is until this person has voted, or until
nobody is asked to any more. Votes of others are shown once the case is decided and one's own vote stands for good: who
could read them and then take the vote back would vote anew with knowledge.
"""

from datetime import datetime

from auditor.access.person import Person, Right
from auditor.access.sight import UNDO
from auditor.reviewing.outcome import VOTED_ON, Outcome
from auditor.reviewing.votes import CaseVotes

ALL = "all"  # in a policy: whatever the reason of the draw, and also what was not drawn


def policy_hides(case: CaseVotes) -> bool:
    """Whether the policy hides the verdict on such a case."""
    return ALL in case.hide or not case.reasons.isdisjoint(case.hide)


def hides_verdict(case: CaseVotes, person: Person) -> bool:
    """Whether the guard's verdict on the case is not to reach this person yet."""
    if not policy_hides(case) or case.of(person.name):
        return False
    if case.outcome is Outcome.OPEN:
        return person.may(Right.VOTE)
    return case.outcome is Outcome.SPLIT and person.may(Right.ADJUDICATE)


def shows_others(case: CaseVotes, person: Person, now: datetime) -> bool:
    """Whether this person may read what others voted."""
    if not person.may(Right.VOTE):
        return True
    mine = case.of(person.name)
    return case.outcome in VOTED_ON and (mine is None or now - mine.at > UNDO)
