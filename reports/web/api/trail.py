"""The audit trail for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from auditor.evidence.queries_events import Which
from reports.web.given import Day
from reports.web.trail import AT_ONCE, MOST, Line, trail
from reports.web.visit import Operating

router = APIRouter(tags=["trail"])

Text = Annotated[str | None, Query(max_length=1_000)]


@dataclass(frozen=True, slots=True)
class EventTold:
    """An event.

    Attributes:
        seq: 1, 2, 3 … without a hole.
        actor: a person's name, or "traceaudit".
        subject: what it is about, such as a case's id.
        details: empty where they are kept from who may vote; the hashes are over all of them.
        previous: the hash of the event before it.
    """

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    details: dict[str, Any]
    previous: str


@dataclass(frozen=True, slots=True)
class Events:
    """Events, the newest first.

    Attributes:
        older: pass it as `before` for those that follow; null where there are none.
        last: the newest number of all.
    """

    events: Sequence[EventTold]
    older: int | None
    last: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events; `kind` may be its first words, such as "policy"."""

    actor: Text = None
    kind: Text = None
    subject: Text = None
    day: Day = None
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None
    n: Annotated[int, Query(ge=1, le=MOST)] = AT_ONCE


@router.get("/events")
def events(visit: Operating, asked: Annotated[Asked, Depends()]) -> Events:
    """What was done, by whom and when."""
    which = Which(asked.kind or None, asked.actor or None, asked.subject or None, asked.n, asked.before, asked.day)
    told = trail(visit, which)
    return Events([told_of(line) for line in told.lines], told.older, told.last)


def told_of(line: Line) -> EventTold:
    """An event as it is told."""
    one = line.event
    return EventTold(one.seq, one.at, one.actor, one.kind, one.subject, dict(line.told), one.previous)
