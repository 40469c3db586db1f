"""What stands on a case, off the database; on a connection that is not narrowed to a person."""

from datetime import UTC, date, datetime

from auditor.access.person import Person
from auditor.access.sight import may_see
from auditor.errors import NoSuchCase
from auditor.policies.file import configured_policy
from auditor.policies.policy import ReviewPlan
from auditor.policies.store import in_force
from auditor.reviewing.votes import CaseVotes, Lease
from auditor.store import Store
from auditor.store_reviews import COLUMNS, review_of
from conf.schema import Config

STANDING = f'SELECT {COLUMNS}, false FROM standing WHERE triple_id = ? ORDER BY "at", id'  # noqa: S608 - our own names
LEASES = "SELECT triple_id, reviewer, taken_at, expires_at, verdict_shown FROM leases WHERE triple_id = ?"
REASONS = "SELECT DISTINCT reason FROM put_cases WHERE triple_id = ?"
IN_DOUBT = "SELECT 1 FROM asked_cases WHERE triple_id = ? AND why <> 'judges_split' LIMIT 1"


def plan(store: Store, config: Config, day: date) -> ReviewPlan:
    """What the policy of a UTC day says of reviews."""
    known = {} if store.plans is None else store.plans
    if day not in known:
        known[day] = in_force(store.connection, day, configured_policy(config.policy)).policy.review
    return known[day]


def case_votes(store: Store, config: Config, triple_id: str, now: datetime) -> CaseVotes:
    """What stands on a case."""
    review = plan(store, config, now.astimezone(UTC).date())
    execute = store.connection.execute
    return CaseVotes(
        tuple(review_of(row) for row in execute(STANDING, [triple_id]).fetchall()),
        tuple(lease_of(row) for row in execute(LEASES, [triple_id]).fetchall()),
        review.votes,
        frozenset(reason for (reason,) in execute(REASONS, [triple_id]).fetchall()),
        review.hide_verdict,
        in_doubt=bool(execute(IN_DOUBT, [triple_id]).fetchall()),
    )


def seen_case(store: Store, config: Config, person: Person, triple_id: str, now: datetime) -> CaseVotes:
    """The same of a case that this person may see.

    Raises:
        NoSuchCase: there is none; whether others see one is not said.
    """
    check_seen(store, person, triple_id)
    return case_votes(store, config, triple_id, now)


def check_seen(store: Store, person: Person, triple_id: str) -> None:
    """Refuse a case that is not there, or that is not for this person.

    Raises:
        NoSuchCase: the same words for both.
    """
    if not may_see(store, person, triple_id):
        raise NoSuchCase


def lease_of(row: tuple[str, str, datetime, datetime, bool]) -> Lease:
    """A row of LEASES."""
    triple_id, reviewer, taken_at, expires_at, verdict_shown = row
    return Lease(triple_id, reviewer, taken_at.replace(tzinfo=UTC), expires_at.replace(tzinfo=UTC), verdict_shown)
