"""Promotions: a model is proposed by one person and approved by another; what serves can be rolled back at once.

The database says what serves; the pointer in the registry follows. A decision is kept first, then the pointer is
written: who is killed between the two is followed by `reconcile`, which writes it. So at every moment the pointer names
one whole model, the old one or the new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import duckdb

from auditor.access.person import name_of, same_person
from auditor.errors import ModelUnusable, PromotionRefused
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.policies.store import Act
from auditor.registry.folder import Registry, Version
from auditor.registry.serving import Serving
from auditor.store import Store
from auditor.verdict_rows import utc

HISTORY = """
    SELECT p.number, p.kind, p.revision, p.previous, p.gate_run, p.proposed_by, p.proposed_at, p.note,
        d.decision, d.decided_by, d.decided_at, d.note, d.serving
    FROM promotions p LEFT JOIN promotion_decisions d USING (number) ORDER BY p.number
"""
BASE = ""  # stands for the base among revisions


class Kind(StrEnum):
    """What is proposed."""

    PROMOTION = "promotion"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What was proposed, and what became of it; times are UTC.

    Attributes:
        number: 1, 2, 3 … in the order of proposals.
        kind: a rollback goes back to what served before.
        revision: that is to serve; empty: the base.
        previous: that served when it was proposed; empty: the base.
        gate_run: of the gate that let it pass; empty for a rollback.
        decision: "approved", "rejected", or None while nobody decided.
        serving: the number under which it came to serve; None unless approved.
    """

    number: int
    kind: Kind
    revision: str
    previous: str
    gate_run: str
    proposed_by: str
    proposed_at: datetime
    note: str
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str | None
    serving: int | None

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.decision is None


@dataclass(frozen=True, slots=True)
class Mended:
    """The pointer was not what was decided, and is now.

    Attributes:
        why: "behind", "unreadable" or "other_revision".
    """

    serving: Serving
    why: str


def history(connection: duckdb.DuckDBPyConnection) -> list[Promotion]:
    """All that was ever proposed, the oldest first."""
    return [promotion_of(row) for row in connection.execute(HISTORY).fetchall()]


def promotion_of(row: tuple[object, ...]) -> Promotion:
    """A row of HISTORY."""
    number, kind, *rest = (value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row)
    return Promotion(number, Kind(str(kind)), *rest)  # type: ignore[arg-type]


def served(found: Iterable[Promotion]) -> list[str]:
    """The revisions that serve, the present one last, and before it what each of them would be rolled back to."""
    stack: list[str] = []
    for one in sorted((one for one in found if one.serving), key=lambda one: one.serving or 0):
        if one.kind is Kind.PROMOTION:
            stack.append(one.revision)
        elif stack:
            stack.pop()
    return stack


def standing(found: Iterable[Promotion]) -> Serving | None:
    """What is to serve, as decided; None before anything was promoted."""
    last = max((one for one in found if one.serving), key=lambda one: one.serving or 0, default=None)
    if last is None or last.serving is None or last.decided_by is None or last.decided_at is None:
        return None
    return Serving(last.serving, last.revision, last.decided_by, last.decided_at, last.previous)


def propose(store: Store, registry: Registry, revision: str, act: Act) -> Promotion:
    """Propose that a version serves, for somebody else to approve.

    Args:
        store: open for writing.
        registry: has the version.
        revision: what its revision begins with.
        act: who proposes it, when and why.

    Raises:
        ModelNotFound, ModelUnusable: there is no such version, or it is no good.
        PromotionRefused: no gate let it pass beside the one that serves, it serves already, or it is proposed already.
    """
    person, version, champion = name_of(act.by, PromotionRefused), registry.version(revision), registry.champion()
    with store.transaction():
        known = history(store.connection)
        now = served(known)[-1:] or [BASE]
        check_gate(version, champion)
        if now == [version.revision]:
            raise PromotionRefused(f"{version.revision[:12]} serves already")
        if twin := next((one for one in known if one.is_open and one.revision == version.revision), None):
            raise PromotionRefused(f"{version.revision[:12]} is proposed already: number {twin.number}")
        gate = version.manifest.gate
        return keep(store, Kind.PROMOTION, (version.revision, now[0], gate.run_id if gate else ""), person, act)


def propose_rollback(store: Store, act: Act) -> Promotion:
    """Propose to go back to what served before, for somebody else to approve.

    Raises:
        PromotionRefused: nothing was promoted, or that is proposed already.
    """
    person = name_of(act.by, PromotionRefused)
    with store.transaction():
        known = history(store.connection)
        if twin := next((one for one in known if one.is_open and one.kind is Kind.ROLLBACK), None):
            raise PromotionRefused(f"a rollback is proposed already: number {twin.number}")
        now, back = way_back(known)
        return keep(store, Kind.ROLLBACK, (back, now, ""), person, act)


def decide(store: Store, registry: Registry, number: int, act: Act, *, approve: bool) -> Promotion:
    """Approve or reject a proposal; what is approved serves once this returns.

    Args:
        store: open for writing, and in no transaction.
        registry: that signs; the version is hashed as a whole before it may serve.
        number: of the proposal.
        act: who decides; for an approval not who proposed it.
        approve: or reject.

    Raises:
        PromotionRefused: there is no such proposal, it is decided, this person may not decide it, or something else has
            come to serve since.
        ModelNotFound, ModelUnusable: the version is not what was added; it does not come to serve.
        OutputUnwritable: it is decided, and the pointer could not be written; `reconcile` does that later.
    """
    person, found = name_of(act.by, PromotionRefused), proposal(store, number)
    if approve:
        check_approval(person, found)
        check_whole(registry, found)
    with store.transaction():
        known = history(store.connection)
        found = proposal(store, number)
        if approve and found.is_open:
            check_current(known, found)
        made = settle(store, found, act, approve=approve, after=pointed(registry))
    if approve:
        reconcile(store, registry, act.at)
    return made


def roll_back(store: Store, registry: Registry, act: Act) -> Promotion:
    """Go back to what served before, at once, by one person: two have approved it when it came to serve.

    Raises:
        PromotionRefused: nothing was promoted.
        ModelNotFound, ModelUnusable: what served before is not what was added.
        OutputUnwritable: see `decide`.
    """
    person = name_of(act.by, PromotionRefused)
    _, back = way_back(history(store.connection))
    if back:
        registry.check(registry.version(back))
    with store.transaction():
        now, target = way_back(history(store.connection))
        if target != back:
            raise PromotionRefused("something else has come to serve meanwhile; look at traceaudit models list")
        made = keep(store, Kind.ROLLBACK, (back, now, ""), person, act)
        made = settle(store, made, act, approve=True, after=pointed(registry))
    reconcile(store, registry, act.at)
    return made


def reconcile(store: Store, registry: Registry, now: datetime) -> Mended | None:
    """Let the pointer say what was decided, where it does not; None where it does, or nothing was decided here.

    Raises:
        ModelNotFound, ModelUnusable: what was decided is not there any more.
        OutputUnwritable: the pointer cannot be written.
    """
    decided = standing(history(store.connection))
    why = decided and difference(registry, decided)
    if not decided or not why:
        return None
    registry.point(decided)
    told = {"revision": decided.revision, "why": why}
    record_event(store, Deed("model.pointed", SYSTEM, str(decided.number), told, now))
    return Mended(decided, why)


def difference(registry: Registry, decided: Serving) -> str:
    """In what the pointer differs from what was decided; empty where it does not, or is of a later decision."""
    try:
        pointer = registry.serving()
    except ModelUnusable:
        return "unreadable"
    if pointer is None or pointer.number < decided.number:
        return "behind"
    return "other_revision" if pointer.number == decided.number and pointer.revision != decided.revision else ""


def keep(store: Store, kind: Kind, what: tuple[str, str, str], person: str, act: Act) -> Promotion:
    """Keep a proposal, in the open transaction; `what` is its revision, the one before, and the gate's run."""
    number = len(history(store.connection)) + 1
    revision, previous, gate_run = what
    row: dict[str, object] = {
        "number": number,
        "kind": kind.value,
        "revision": revision,
        "previous": previous,
        "gate_run": gate_run,
    }
    row |= {"proposed_by": person, "proposed_at": utc(act.at), "note": act.note}
    store.insert("promotions", [row])
    told = {"kind": kind.value, "revision": revision, "previous": previous, "gate_run": gate_run}
    record_event(store, Deed("model.proposed", person, str(number), told, act.at))
    return proposal(store, number)


def pointed(registry: Registry) -> int:
    """The number that the pointer is at; a database that was put back from a copy may know of lower ones alone."""
    try:
        found = registry.serving()
    except ModelUnusable:
        found = None
    return found.number if found else 0


def settle(store: Store, found: Promotion, act: Act, *, approve: bool, after: int) -> Promotion:
    """Keep a decision, in the open transaction; what is approved gets a number above `after`.

    Raises:
        PromotionRefused: it is decided.
    """
    person = name_of(act.by, PromotionRefused)
    if found.decision:
        raise PromotionRefused(f"number {found.number} was {found.decision} by {found.decided_by}")
    known = history(store.connection)
    serving = max(after, *(one.serving or 0 for one in known)) + 1 if approve else None
    decision = "approved" if approve else "rejected"
    row: dict[str, object] = {
        "number": found.number,
        "decision": decision,
        "decided_by": person,
        "decided_at": utc(act.at),
    }
    store.insert("promotion_decisions", [row | {"note": act.note, "serving": serving}])
    what = ("rolled_back" if found.kind is Kind.ROLLBACK else "promoted") if approve else "rejected"
    told = {"kind": found.kind.value, "revision": found.revision, "previous": found.previous, "serving": serving}
    record_event(store, Deed(f"model.{what}", person, str(found.number), told, act.at))
    return proposal(store, found.number)


def proposal(store: Store, number: int) -> Promotion:
    """What was proposed under a number.

    Raises:
        PromotionRefused: nothing.
    """
    found = next((one for one in history(store.connection) if one.number == number), None)
    if found is None:
        raise PromotionRefused(f"nothing was proposed under number {number}; see: traceaudit models history")
    return found


def way_back(known: Iterable[Promotion]) -> tuple[str, str]:
    """The revision that serves, and the one that served before; either may be the base.

    Raises:
        PromotionRefused: nothing was promoted, or all of it was rolled back.
    """
    stack = served(known)
    if not stack:
        raise PromotionRefused("there is nothing to go back to: no model that was promoted serves")
    return stack[-1], stack[-2] if len(stack) > 1 else BASE


def check_gate(version: Version, champion: str) -> None:
    """Refuse a version that no gate let pass, or not against the one that serves.

    Raises:
        PromotionRefused: why.
    """
    gate, name = version.manifest.gate, version.revision[:12]
    if gate is None:
        raise PromotionRefused(f"{name} was tried by no gate")
    if not gate.passed:
        reasons = "; ".join(f"{check.name}: {check.reason}" for check in gate.checks if check.refuses)
        raise PromotionRefused(f"the gate refused {name}: {reasons or 'it checked nothing'}")
    if gate.candidate != version.revision or gate.champion != champion:
        raise PromotionRefused(
            f"the gate held {gate.candidate[:12]} against {gate.champion[:12]}, and {champion[:12]} serves now; "
            "let the gate try it again"
        )


def check_approval(person: str, found: Promotion) -> None:
    """Refuse whoever proposed it.

    Raises:
        PromotionRefused: another person has to.
    """
    if found.decision is None and same_person(person, found.proposed_by):
        raise PromotionRefused(f"number {found.number} was proposed by {found.proposed_by}: another person approves it")


def check_whole(registry: Registry, found: Promotion) -> None:
    """Refuse a version that is not what was added and tried.

    Raises:
        ModelNotFound, ModelUnusable, PromotionRefused: see `Registry.check` and `check_gate`.
    """
    if found.revision:
        version = registry.version(found.revision)
        registry.check(version)
        if found.kind is Kind.PROMOTION and found.decision is None:
            check_gate(version, registry.champion())


def check_current(known: Iterable[Promotion], found: Promotion) -> None:
    """Refuse what was proposed while something else served.

    Raises:
        PromotionRefused: it has to be proposed anew.
    """
    now = (served(known)[-1:] or [BASE])[0]
    if now != found.previous:
        raise PromotionRefused(
            f"number {found.number} was proposed while {found.previous[:12] or 'the base'} served, and now it is "
            f"{now[:12] or 'the base'}; propose it anew"
        )
