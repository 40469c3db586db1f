"""The next case for a reviewer, kept for this one for some minutes, so that no more people are at it than are to vote.

A case that a reviewer has before them comes back to the same reviewer until it is voted on, put back, or its lease has
expired. A lease that expires frees a place; who voted has none any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.access.person import Person, Right
from auditor.policies.policy import ReviewPlan
from auditor.reviewing.blind import ALL
from auditor.reviewing.filters import Filters, where
from auditor.reviewing.store_votes import check_seen, plan, seen_case
from auditor.reviewing.votes import Lease, why_not_vote
from auditor.sampling.queries import ORDER, Due
from auditor.store import Store
from auditor.verdict_rows import utc
from conf.schema import Config

LONG_EXPIRED = timedelta(days=1)  # until then it tells how long a reviewer took

# Cases, drawn or asked for, with a place for this reviewer: fewer people voted on them, or have them before them, than
# are to vote.
DUE = """
    WITH voted AS (
        SELECT triple_id, count(DISTINCT lower(reviewer)) FILTER (kind IS NULL) AS n,
            list(DISTINCT lower(reviewer)) FILTER (kind IS NULL) AS voters, bool_or(kind IS NOT NULL) AS adjudicated
        FROM standing GROUP BY triple_id
    ), at_it AS (
        SELECT l.triple_id, bool_or(lower(l.reviewer) = lower($reviewer)) AS mine,
            count(DISTINCT lower(l.reviewer)) FILTER (lower(l.reviewer) <> lower($reviewer)
                AND NOT coalesce(list_contains(v.voters, lower(l.reviewer)), false)) AS others
        FROM leases l LEFT JOIN voted v USING (triple_id) WHERE l.expires_at > $now GROUP BY l.triple_id
    ), reasons AS (
        SELECT triple_id, bool_or(list_contains($hide, reason)) OR $hide_all AS hidden FROM put_cases GROUP BY triple_id
    ), due AS (
        SELECT d."day", triple_id, d.reason, d.stratum, d.inclusion, d.level, d.risk, d.drawn_at,
            coalesce(v.n, 0) AS votes, [d.model_revision, d.prompt_hash, d.decoding] AS scorer,
            coalesce(a.mine, false) AS mine, r.hidden
        FROM put_cases d JOIN reasons r USING (triple_id) LEFT JOIN voted v USING (triple_id)
        LEFT JOIN at_it a USING (triple_id)
        WHERE coalesce(v.n, 0) + coalesce(a.others, 0) < $wanted AND NOT coalesce(v.adjudicated, false)
        AND NOT coalesce(list_contains(v.voters, lower($reviewer)), false)
        AND NOT list_contains($passed::VARCHAR[], triple_id)
    )
"""
KNOWN = """
    , known AS (
        SELECT due.*, t.tenant, w.category, w.stage FROM due JOIN triples t ON t.id = due.triple_id
        LEFT JOIN verdicts w ON w.triple_id = due.triple_id AND w.model_revision = scorer[1]
            AND w.prompt_hash = scorer[2] AND w.decoding = scorer[3]
    )
"""
OF_TENANTS = "($tenants::VARCHAR[] IS NULL OR list_contains($tenants::VARCHAR[], tenant))"
DUE_COLUMNS = """"day", triple_id, reason, stratum, inclusion, level, risk, drawn_at, votes, scorer"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A case that a reviewer was given.

    Attributes:
        due: the case as it was drawn.
        expires_at: until then it is kept for this reviewer.
        wanted: people who are to vote on it.
    """

    due: Due
    expires_at: datetime
    wanted: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reviewer wants next.

    Attributes:
        filters: which cases.
        passed: ids of cases that are to go to others.
        show_verdict: the guard's verdict is wanted, also where the policy hides it.
    """

    filters: Filters = field(default_factory=Filters)
    passed: Sequence[str] = ()
    show_verdict: bool = False


def take_next(store: Store, config: Config, person: Person, wish: Wish, now: datetime) -> Taken | None:
    """Give the reviewer the first case that is due and has a place, and keep it; None where there is none.

    What the reviewer has before them already comes first, then what is urgent, then by day, the escalated before those
    below the line.

    Raises:
        AccessDenied: this person may not vote.
    """
    person.need(Right.VOTE)
    with store.transaction():
        for triple_id in wish.passed:
            drop_leases(store, person.name, triple_id)
        review = plan(store, config, now.astimezone(UTC).date())
        due = first_due(store, person, wish, now, review)
        if due is None:
            return None
        lease = keep_lease(store, config, person, due.triple_id, now, show_verdict=wish.show_verdict)
    return Taken(due, lease.expires_at, review.votes)


def n_due(store: Store, person: Person, wish: Wish, now: datetime, review: ReviewPlan) -> int:
    """How many cases have a place for this reviewer."""
    query, values = due_query(person, wish, now, review)
    ((found,),) = store.connection.execute(query.format("count(DISTINCT triple_id)"), values).fetchall()
    return int(found)


def first_due(store: Store, person: Person, wish: Wish, now: datetime, review: ReviewPlan) -> Due | None:
    """The first of them."""
    query, values = due_query(person, wish, now, review)
    found = store.connection.execute(f"{query.format(DUE_COLUMNS)} ORDER BY mine DESC, {ORDER} LIMIT 1", values)
    row = found.fetchone()
    return Due(*row) if row else None


def due_query(person: Person, wish: Wish, now: datetime, review: ReviewPlan) -> tuple[str, dict[str, Any]]:
    """SQL with a place for what is wanted of these cases, and the values of its parameters."""
    condition, given = where(wish.filters)
    values: dict[str, Any] = {
        "reviewer": person.name.strip(),
        "now": utc(now),
        "wanted": review.votes,
        "hide": list(review.hide_verdict),
        "hide_all": ALL in review.hide_verdict,
        "passed": list(wish.passed),
    }
    if not given and person.tenants is None:  # the others need not be joined
        return f"{DUE} SELECT {{}} FROM due", values  # noqa: S608 - our own words, here and below
    values |= given | {"tenants": tenants_of(person)}
    return f"{DUE} {KNOWN} SELECT {{}} FROM known WHERE {OF_TENANTS} AND {condition}", values  # noqa: S608


def tenants_of(person: Person) -> list[str] | None:
    """Whose cases the person sees; None for all."""
    return None if person.tenants is None else sorted(person.tenants)


def hold(store: Store, config: Config, person: Person, triple_id: str, now: datetime) -> Lease | str:
    """Keep a case that a person opens by itself, or say why this person cannot vote on it.

    Raises:
        VoteRefused: there is no such case in this person's sight.
    """
    with store.transaction():
        case = seen_case(store, config, person, triple_id, now)
        if not person.may(Right.VOTE):
            return f"{person.name} reads cases, and does not vote"
        if why_not := why_not_vote(case, person.name, now):
            return why_not
        return keep_lease(store, config, person, triple_id, now)


def put_back(store: Store, person: Person, triple_id: str) -> None:
    """Let others have a case that was kept for this person.

    Raises:
        VoteRefused: there is none that this person may see.
    """
    with store.transaction():
        check_seen(store, person, triple_id)
        drop_leases(store, person.name, triple_id)


def keep_lease(  # noqa: PLR0913 - who has which case from when
    store: Store, config: Config, person: Person, triple_id: str, now: datetime, *, show_verdict: bool = False
) -> Lease:
    """Take a lease, or renew one that is live, in the open transaction; those that expired long ago go."""
    name, until = person.name.strip(), now + timedelta(seconds=config.reviewing.lease_s)
    values = {"id": triple_id, "name": name, "now": utc(now)}
    live = "SELECT taken_at, verdict_shown FROM leases WHERE triple_id = $id AND lower(reviewer) = lower($name) "
    before = store.connection.execute(live + "AND expires_at > $now", values).fetchone()
    taken_at, shown = (before[0].replace(tzinfo=UTC), before[1]) if before else (now, False)
    lease = Lease(triple_id, name, taken_at, until, shown or show_verdict)
    drop_leases(store, name, triple_id)
    store.connection.execute("DELETE FROM leases WHERE expires_at < ?", [utc(now - LONG_EXPIRED)])
    row = [triple_id, name, utc(taken_at), utc(until), lease.verdict_shown]
    store.connection.execute("INSERT INTO leases VALUES (?, ?, ?, ?, ?)", row)
    return lease


def drop_leases(store: Store, name: str, triple_id: str) -> None:
    """The person has no lease on the case any more, in the open transaction."""
    query = "DELETE FROM leases WHERE triple_id = ? AND lower(reviewer) = lower(?)"
    store.connection.execute(query, [triple_id, name.strip()])
