"""Policies in the database: proposed by one person, approved by another, in force from a day on.

Nothing is overwritten. A change of policy reads stored scores anew; it asks no model, and rewrites no verdict.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from auditor.access.person import name_of, same_person
from auditor.errors import PolicyRefused
from auditor.evidence.events import Deed, record_event
from auditor.policies.file import read_policy
from auditor.policies.policy import Policy
from auditor.store import Store
from auditor.verdict_rows import utc

HISTORY = """
    SELECT p.number, p.version, p.text, p.sha256, p.proposed_by, p.proposed_at, p.effective_from, p.note,
        d.decision, d.decided_by, d.decided_at, d.effective_from, d.note
    FROM policies p LEFT JOIN policy_decisions d USING (number) ORDER BY p.number
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Who proposes or decides, when, and why."""

    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A policy as it was proposed, and what became of it; times are UTC.

    Attributes:
        number: 1, 2, 3 … in the order of proposals.
        version: the name that the file gives itself.
        wanted_from: the first day that the proposer asked for.
        decision: "approved", "rejected", or None while nobody decided.
        effective_from: the first UTC day on which it holds; None unless approved.
    """

    number: int
    version: str
    text: str
    sha256: str
    proposed_by: str
    proposed_at: datetime
    wanted_from: date
    note: str
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    effective_from: date | None
    decision_note: str | None


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy of a day.

    Attributes:
        number: 0 for the configured one, which holds until one is approved, and then nobody approved it.
    """

    policy: Policy
    number: int
    proposed_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    effective_from: date | None


def history(connection: duckdb.DuckDBPyConnection) -> list[Version]:
    """Every policy that was ever proposed, the oldest first."""
    return [version_of(row) for row in connection.execute(HISTORY).fetchall()]


def version_of(row: tuple[object, ...]) -> Version:
    """A row of HISTORY."""
    values = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row]
    return Version(*values)  # type: ignore[arg-type]


def policies_by_day(
    connection: duckdb.DuckDBPyConnection, first: date, last: date, configured: Policy
) -> dict[date, InForce]:
    """The policy of each day from `first` to `last`, both included.

    A day has one policy: of those approved that hold from it or an earlier day, the one that holds from the latest day,
    and of two from one day the one that was approved later.
    """
    approved = [one for one in history(connection) if one.decision == "approved" and one.decided_at]
    approved.sort(key=lambda one: (one.effective_from, one.decided_at))
    made = {one.number: in_force_of(one) for one in approved}
    days: dict[date, InForce] = {}
    for at in range((last - first).days + 1):
        day = first + timedelta(days=at)
        of_day = [one for one in approved if one.effective_from and one.effective_from <= day]
        days[day] = made[of_day[-1].number] if of_day else InForce(configured, 0, None, None, None, None)
    return days


def in_force(connection: duckdb.DuckDBPyConnection, day: date, configured: Policy) -> InForce:
    """The policy of one UTC day."""
    return policies_by_day(connection, day, day, configured)[day]


def in_force_of(version: Version) -> InForce:
    """An approved version as what holds."""
    return InForce(
        read_policy(version.text, f"policy {version.number}"),
        version.number,
        version.proposed_by,
        version.decided_by,
        version.decided_at,
        version.effective_from,
    )


def propose(store: Store, text: str, name: str, wanted_from: date, act: Act) -> Version:
    """Keep a policy for somebody else to approve.

    Args:
        store: open for writing.
        text: the file.
        name: of the file, for messages.
        wanted_from: the UTC day from which it is to hold; today at the earliest.
        act: who proposes it, when and why.

    Raises:
        PolicyRefused: the file says what no policy can, or has the name of another one, or the day has passed.
    """
    policy, person = read_policy(text, name), name_of(act.by, PolicyRefused)
    if wanted_from < act.at.date():
        raise PolicyRefused(f"{wanted_from} has passed: reports of that day were made under the policy in force")
    known = history(store.connection)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if twin := next((one for one in known if one.version == policy.version and one.sha256 != sha256), None):
        raise PolicyRefused(
            f'{name}: policy {twin.number} is named "{twin.version}" too and says something else; '
            "give this one another version"
        )
    number = len(known) + 1
    row = {"number": number, "version": policy.version, "text": text, "sha256": sha256, "proposed_by": person}
    row |= {"proposed_at": utc(act.at), "effective_from": wanted_from, "note": act.note}
    told = {"version": policy.version, "sha256": sha256, "effective_from": str(wanted_from)}
    with store.transaction():
        store.insert("policies", [row])
        record_event(store, Deed("policy.proposed", person, str(number), told, act.at))
    return history(store.connection)[-1]


def decide(store: Store, number: int, act: Act, configured: Policy, *, approve: bool) -> Version:
    """Approve or reject a proposal; what is approved holds from the day asked for, and from this one at the earliest.

    Args:
        store: open for writing.
        number: of the proposal.
        act: who decides; for an approval not who proposed it, and one of the approvers of the policy in force, where it
            names any.
        configured: what holds until any is approved.
        approve: or reject.

    Raises:
        PolicyRefused: there is no such proposal, it is decided, or this person may not decide it.
    """
    person, today = name_of(act.by, PolicyRefused), act.at.date()
    found = {one.number: one for one in history(store.connection)}.get(number)
    if found is None:
        raise PolicyRefused(f"no policy {number} was proposed; `traceaudit policy history` lists them")
    if found.decision:
        raise PolicyRefused(
            f"policy {number} was {found.decision} by {found.decided_by}; propose it anew to change that"
        )
    if approve:
        check_approver(person, found, in_force(store.connection, today, configured).policy)
    decision = "approved" if approve else "rejected"
    start = max(found.wanted_from, today) if approve else None
    told = {"version": found.version, "sha256": found.sha256, "effective_from": start and str(start)}
    with store.transaction():
        row = {"number": number, "decision": decision, "decided_by": person, "decided_at": utc(act.at)}
        row |= {"effective_from": start, "note": act.note}
        store.insert("policy_decisions", [row])
        record_event(store, Deed(f"policy.{decision}", person, str(number), told, act.at))
    return history(store.connection)[number - 1]


def check_approver(person: str, proposal: Version, now_in_force: Policy) -> None:
    """Refuse whoever may not approve it.

    Raises:
        PolicyRefused: says who may.
    """
    if same_person(person, proposal.proposed_by):
        raise PolicyRefused(
            f"policy {proposal.number} was proposed by {proposal.proposed_by}: another person approves it"
        )
    allowed = now_in_force.approvers
    if allowed and not any(same_person(person, one) for one in allowed):
        raise PolicyRefused(f"{person} may not approve a policy; {', '.join(allowed)} may")
