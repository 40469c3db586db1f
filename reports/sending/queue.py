"""A made report or an alert becomes one message for each delivery that wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from auditor.store import Store
from conf.delivery import Delivery
from reports.sending import store_deliveries
from reports.sending.message import Message

WORDS = {"nightly": "Nightly audit", "weekly": "Weekly audit", "monthly": "Monthly audit"}


@dataclass(frozen=True, slots=True)
class Made:
    """A report on disk, in the few numbers that a message has room for.

    Attributes:
        kind: "nightly", "weekly" or "monthly".
        period: its name, such as 2026-W09.
        tenant: whose; empty: all.
        exchanges, escalated, urgent, unscorable: triples judged, and of these those.
        difference: offsets that the ledger cannot account for; 0 when coverage is whole.
        files: what was written.
    """

    kind: str
    period: str
    tenant: str
    first: date
    last: date
    exchanges: int
    escalated: int
    urgent: int
    unscorable: int
    difference: int
    files: tuple[Path, ...]


def tenants_of(deliveries: Mapping[str, Delivery], kind: str) -> list[str]:
    """Whose reports are wanted besides that of all."""
    return sorted({one.tenant for one in deliveries.values() if kind in one.what and one.tenant})


def queue_report(store: Store, deliveries: Mapping[str, Delivery], made: Made, now: datetime) -> list[str]:
    """Have a report sent to those that want it; gives the names of these deliveries."""
    wanting = [name for name, one in deliveries.items() if made.kind in one.what and one.tenant == made.tenant]
    for name in wanting:
        store_deliveries.queue(store, name, deliveries[name].channel, message_for(made), now)
    return wanting


def message_for(made: Made) -> Message:
    """What is said of a report."""
    whose = f", {made.tenant}" if made.tenant else ""
    whole = (
        "every offset is accounted for" if made.difference == 0 else f"{made.difference} offsets are unaccounted for"
    )
    return Message(
        kind=made.kind,
        subject="/".join(filter(None, [made.kind, made.period, made.tenant])),
        title=f"{WORDS[made.kind]} {made.period}{whose}: {made.escalated} of {made.exchanges} exchanges need a person",
        lines=(
            f"{made.exchanges} exchanges judged, {made.escalated} escalated, {made.urgent} of these urgent.",
            f"{made.unscorable} could not be judged; they are among the escalated.",
            f"Coverage: {whole}.",
        ),
        tenant=made.tenant,
        first=made.first,
        last=made.last,
        files=tuple(str(path.absolute()) for path in made.files),
        n_cases=made.escalated,
    )


def alert_for(subject: str, ids: Sequence[str], tenant: str, policy: str) -> Message:
    """What is said of exchanges that are urgent."""
    one = len(ids) == 1
    told = "1 exchange is urgent" if one else f"{len(ids)} exchanges are urgent"
    whose = f" ({tenant})" if tenant else ""
    return Message(
        kind="urgent",
        subject=f"urgent/{subject}",
        title=f"{told}{whose}",
        lines=(f"{told} by policy {policy}: a person should look at once.",),
        tenant=tenant,
        ids=tuple(ids),
        n_cases=len(ids),
        policy=policy,
    )
