"""What is to be sent, what was, and what failed, in the database.

A row is one subject for one delivery, and its id follows from both: who queues it twice finds it there. Before a try it
is marked as being sent, by this process; a row that another process marked is one that did not live to say how it
ended, since the database is ours now.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.store import Store
from auditor.verdict_rows import utc
from reports.sending.message import URGENT, Message, delivery_id, message_of

QUEUE = """
    INSERT INTO deliveries BY NAME SELECT $id AS id, $delivery AS delivery, $channel AS channel, $subject AS subject,
        $tenant AS tenant, $message AS message, 'waiting' AS state, 0 AS attempt, '' AS detail, $now AS created_at,
        $now AS next_at
    ON CONFLICT (id) DO NOTHING
"""

# Alerts go first. A pause that reaches further than any pause does was noted when the clock was ahead.
DUE = """
    SELECT id, delivery, subject, message, attempt, created_at FROM deliveries
    WHERE (state IN ('waiting', 'failed') AND (next_at <= $now OR next_at > $furthest)
        OR (state = 'sending' AND process <> $process))
    AND NOT list_contains($but, delivery)
    ORDER BY NOT starts_with(subject, 'urgent/'), next_at, id LIMIT 1
"""

TAKE = """
    UPDATE deliveries SET state = 'sending', process = $process, attempt = attempt + 1, "at" = $now
    WHERE id = $id
"""

SETTLE = """
    UPDATE deliveries SET state = $state, detail = $detail, "at" = $now, next_at = $next_at,
        failed_at = CASE WHEN $state = 'sent' THEN failed_at ELSE $now END,
        error = CASE WHEN $state = 'sent' THEN error ELSE $detail END
    WHERE id = $id AND state = 'sending' AND process = $process AND attempt = $attempt RETURNING id
"""

LATEST = """
    SELECT id, delivery, channel, subject, state, attempt, "at", next_at, detail FROM deliveries
    ORDER BY coalesce("at", created_at) DESC, id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Queued:
    """Something to be sent, ours to try now.

    Attributes:
        attempt: 1 for the first.
        created_at: when it was queued, UTC.
    """

    id: str
    delivery: str
    message: Message
    attempt: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One row, for people."""

    id: str
    delivery: str
    channel: str
    subject: str
    state: str
    attempt: int
    at: datetime | None
    next_at: datetime | None
    detail: str


def queue(store: Store, delivery: str, channel: str, message: Message, now: datetime) -> str:
    """Have a message sent; gives the row's id. One that is queued already stays as it is."""
    found = delivery_id(delivery, message.subject)
    values: dict[str, str | datetime] = {"id": found, "delivery": delivery, "channel": channel}
    values["subject"] = message.subject
    values |= {"tenant": message.tenant, "message": message.as_json(), "now": utc(now)}
    with store.transaction():
        store.connection.execute(QUEUE, values)
    return found


def take(store: Store, process: str, now: datetime, longest: timedelta, but: Collection[str] = ()) -> Queued | None:
    """The next message that is to be tried now, ours from here on; None where there is none.

    Args:
        store: open for writing.
        process: differs from that of every process before this one.
        now: UTC.
        longest: no pause between tries is longer.
        but: deliveries that are left out.
    """
    values = {"now": utc(now), "furthest": utc(now) + 2 * longest, "process": process, "but": list(but)}
    with store.transaction():
        found = store.connection.execute(DUE, values).fetchall()
        if not found:
            return None
        ((row_id, delivery, _, message, attempt, created_at),) = found
        store.connection.execute(TAKE, {"process": process, "now": utc(now), "id": row_id})
    return Queued(row_id, delivery, message_of(message), attempt + 1, created_at.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try.

    Attributes:
        state: "sent", "failed" or "given_up".
        at: when, UTC.
        next_at: when it is tried again.
    """

    state: str
    detail: str
    at: datetime
    next_at: datetime | None = None


def settle(store: Store, one: Queued, process: str, outcome: Outcome) -> bool:
    """Write what came of a try; False where it is no longer ours to say."""
    next_at = utc(outcome.next_at) if outcome.next_at else None
    values = {"id": one.id, "process": process, "attempt": one.attempt, "state": outcome.state}
    values |= {"detail": outcome.detail, "now": utc(outcome.at), "next_at": next_at}
    return bool(store.connection.execute(SETTLE, values).fetchall())


def again(store: Store, ids: Sequence[str], now: datetime) -> int:
    """Have these tried anew, also those that were given up; gives how many there are."""
    query = """
        UPDATE deliveries SET state = 'failed', next_at = $now, created_at = $now
        WHERE list_contains($ids, id) AND state IN ('failed', 'given_up', 'waiting') RETURNING id"""
    with store.transaction():
        return len(store.connection.execute(query, {"ids": list(ids), "now": utc(now)}).fetchall())


def alerts_since(store: Store, delivery: str, start: datetime) -> int:
    """How many alerts were queued for a delivery from then on."""
    query = "SELECT count(*) FROM deliveries WHERE delivery = ? AND starts_with(subject, ?) AND created_at >= ?"
    ((found,),) = store.connection.execute(query, [delivery, f"{URGENT}/", utc(start)]).fetchall()
    return int(found)


def latest(store: Store, limit: int) -> list[Standing]:
    """The rows that moved last."""
    return [Standing(*row) for row in store.connection.execute(LATEST, [limit]).fetchall()]


def one(store: Store, delivery_id: str) -> Standing | None:
    """A row; None where there is none of that id."""
    query = """
        SELECT id, delivery, channel, subject, state, attempt, "at", next_at, detail FROM deliveries WHERE id = ?"""
    found = store.connection.execute(query, [delivery_id]).fetchall()
    return Standing(*found[0]) if found else None
