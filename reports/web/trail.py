"""What the page of the audit trail and the API tell: events, and whether the chain holds.

For who may vote the details of others' votes on open cases are left out, as `auditor/access/sight.py` has it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.evidence.answers import Verified, verify_chain
from auditor.evidence.checkpoints import Checkpoint
from auditor.evidence.events import Event
from auditor.evidence.queries_events import Which, find_events, kinds_of
from auditor.evidence.queries_verify import last_event
from auditor.evidence.store_checkpoints import checkpoints
from reports.web.deeds import is_of_a_case, named
from reports.web.kept import Kept
from reports.web.problems import Ending
from reports.web.visit import Visit

AT_ONCE = 50
MOST = 1_000
MOST_READ = 20_000  # events, which takes less than half a second; `traceaudit verify` reads all


@dataclass(frozen=True, slots=True)
class Line:
    """An event, for people.

    Attributes:
        what: the kind in words.
        case: the id of the case that it is about; empty where it is about none.
        told: its details.
        hidden: whether these are kept from who reads this.
    """

    event: Event
    what: str
    case: str
    told: Mapping[str, Any]
    hidden: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of the trail.

    Attributes:
        lines: the newest first.
        older: the number below which older ones go on; None where there are none.
        kinds: that there are.
        last: the newest number of all; 0 in an empty trail.
        signed: the latest checkpoint.
    """

    lines: Sequence[Line]
    older: int | None
    kinds: Sequence[str]
    last: int
    signed: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Chain:
    """What reading the end of the chain came to.

    Attributes:
        after: the number of the event behind which was read; 0: from the first on.
    """

    after: int
    verified: Verified


def trail(visit: Visit, which: Which) -> Trail:
    """What is to be shown."""
    with visit.reading() as store:
        found = find_events(store.connection, which)
        kept = checkpoints(store.connection)
        last = last_event(store.connection)
        kinds = kinds_of(store.connection)
    older = found[-1].seq if found and len(found) == which.n else None
    return Trail([line_of(event) for event in found], older, kinds, last, kept[-1] if kept else None)


def line_of(event: Event) -> Line:
    """An event for people."""
    told = json.loads(event.details)
    case = event.subject if is_of_a_case(event.kind) else ""
    return Line(event, named(event.kind), case, told, hidden=not told and event.kind.startswith("review."))


def words_of(value: object) -> str:
    """A detail as people read it."""
    if isinstance(value, list):
        return ", ".join(map(words_of, value)) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {words_of(one)}" for name, one in value.items()) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def chain(visit: Visit, last: int, wait_s: float) -> Kept[Chain] | None:
    """Whether the chain holds; None while it is being read for the first time."""
    return visit.site.shelf.get("chain", lambda: read_chain(visit), last, wait_s)


def read_chain(visit: Visit) -> Chain:
    """Read its end, on a connection that shows all: hashes are over what was written."""
    with visit.site.owner.connection() as store:
        if store is None:
            raise Ending
        return Chain(*verify_chain(store, visit.config, MOST_READ))
