"""Legal holds: what is held outlives its period, and is not erased, until somebody lets go of it."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from auditor.errors import HoldRefused
from auditor.evidence.events import Deed, record_event
from auditor.evidence.store_seals import release
from auditor.store import Store
from auditor.verdict_rows import utc

HoldKind = Literal["tenant", "conversation", "user", "triple"]
KINDS: tuple[HoldKind, ...] = get_args(HoldKind)

# The triples that are held, each with a hold that stands.
HELD = """
    SELECT t.id, min(h.id) AS hold FROM triples t JOIN holds h ON h.released_at IS NULL
        AND (h.tenant IS NULL OR h.tenant = t.tenant)
        AND h.value = CASE h.subject WHEN 'tenant' THEN t.tenant WHEN 'conversation' THEN t.conversation_id
            WHEN 'user' THEN t.user_id ELSE t.id END
    GROUP BY t.id
"""

ALL = """
    SELECT id, subject, value, tenant, reason, "by", "at", released_by, released_at, release_reason FROM holds
    WHERE $all OR released_at IS NULL ORDER BY "at", id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold to be placed.

    Attributes:
        value: which tenant, conversation, user's pseudonym or triple.
        tenant: only this one's; None for any.
        reason: for people; no text of a log.
    """

    subject: HoldKind
    value: str
    reason: str
    by: str
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that was placed; it stands until `released_at`."""

    id: str
    subject: str
    value: str
    tenant: str | None
    reason: str
    by: str
    at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    @property
    def what(self) -> str:
        """What is held, for people."""
        return f"{self.subject} {self.value}" + (f" of {self.tenant}" if self.tenant else "")

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        told = asdict(self)
        return told | {name: told[name] and told[name].isoformat() for name in ("at", "released_at")}


def place_hold(store: Store, wanted: Wanted, now: datetime) -> Hold:
    """Hold something from now on, also what is stored of it later.

    Raises:
        HoldRefused: it says too little.
    """
    for name in ("value", "reason", "by"):
        if not getattr(wanted, name).strip():
            raise HoldRefused(f"a hold needs a {name}")
    hold = Hold(secrets.token_hex(6), wanted.subject, wanted.value, wanted.tenant, wanted.reason, wanted.by, now)
    row: dict[str, Any] = {"id": hold.id, "subject": hold.subject, "value": hold.value, "tenant": hold.tenant}
    row |= {"reason": hold.reason, "by": hold.by, "at": utc(now)}
    with store.transaction():
        store.insert("holds", [row])
        told = {"subject": hold.subject, "value": hold.value, "tenant": hold.tenant, "reason": hold.reason}
        record_event(store, Deed("hold.placed", hold.by, hold.id, told, now))
    return hold


def release_hold(store: Store, hold_id: str, by: str, reason: str, now: datetime) -> Hold:
    """Let go of what a hold holds; the hold itself stays in the table.

    Raises:
        HoldRefused: none of that id stands, or it is not said who releases it and why.
    """
    if not by.strip() or not reason.strip():
        raise HoldRefused("to release a hold needs a name and a reason")
    with store.transaction():
        standing = [hold for hold in holds(store) if hold.id == hold_id]
        if not standing:
            raise HoldRefused(f"no hold {hold_id!r} stands; see traceaudit retention show")
        release(store, "holds", "id = $id", {"id": hold_id})
        update = "UPDATE holds SET released_by = ?, released_at = ?, release_reason = ? WHERE id = ?"
        store.connection.execute(update, [by, utc(now), reason, hold_id])
        record_event(store, Deed("hold.released", by, hold_id, {"reason": reason}, now))
        return next(hold for hold in holds(store, released_too=True) if hold.id == hold_id)


def holds(store: Store, *, released_too: bool = False) -> list[Hold]:
    """The holds that stand, in the order in which they were placed; or all that ever were."""
    rows = store.connection.execute(ALL, {"all": released_too}).fetchall()
    return [hold_of(row) for row in rows]


def hold_of(row: tuple[Any, ...]) -> Hold:
    """A row of ALL."""
    name, subject, value, tenant, reason, by, at, released_by, released_at, why = row
    placed = Hold(name, subject, value, tenant, reason, by, in_utc(at))
    return replace(placed, released_by=released_by, released_at=released_at and in_utc(released_at), release_reason=why)


def held_among(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """Those of these triples that are held, each with the id of a hold."""
    query = f"SELECT id, hold FROM ({HELD}) WHERE id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608 - our own text
    return dict(store.connection.execute(query, [list(ids)]).fetchall())


def triples_held(store: Store) -> list[str]:
    """The triples that are held by other holds than those on whole tenants."""
    query = f"""
        SELECT held.id FROM ({HELD}) held JOIN triples t USING (id)
        WHERE EXISTS (FROM holds h WHERE h.released_at IS NULL AND (h.tenant IS NULL OR h.tenant = t.tenant)
            AND ((h.subject = 'conversation' AND h.value = t.conversation_id)
                OR (h.subject = 'user' AND h.value = t.user_id) OR (h.subject = 'triple' AND h.value = t.id)))"""  # noqa: S608 - our own text
    return [name for (name,) in store.connection.execute(query).fetchall()]


def in_utc(time: datetime) -> datetime:
    """A time of the tables, which keep UTC without a zone."""
    return time.replace(tzinfo=UTC)
