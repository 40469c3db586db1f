"""Alerts: what is urgent and new is told at once, each triple once to each delivery that wants alerts.

There is no storm: a delivery gets so many alerts a minute at most. What is urgent meanwhile waits and goes into the
next one together, which says how many there are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from auditor.policies.policy import Policy
from auditor.store import Store
from conf.delivery import Delivery
from reports.sending import store_cases, store_deliveries
from reports.sending.message import URGENT
from reports.sending.queue import alert_for
from reports.sending.store_cases import Wanted

MINUTE = timedelta(minutes=1)


def queue_alerts(
    store: Store, deliveries: Mapping[str, Delivery], policy: Policy, per_minute: int, now: datetime
) -> list[str]:
    """Queue an alert for each delivery for which something is urgent and new; gives their subjects.

    Args:
        store: of this thread alone.
        deliveries: all that are configured.
        policy: in force now.
        per_minute: alerts that a delivery gets in a minute at most.
        now: UTC.
    """
    wanting = {name: one for name, one in deliveries.items() if URGENT in one.what}
    found = (queue_alert(store, (name, one), policy, per_minute, now) for name, one in wanting.items())
    return [subject for subject in found if subject]


def queue_alert(
    store: Store, place: tuple[str, Delivery], policy: Policy, per_minute: int, now: datetime
) -> str | None:
    """The same for one delivery; None where there is nothing to tell it, or it was told enough for now."""
    name, delivery = place
    since = store_cases.news_since(store, name, now)
    if store_deliveries.alerts_since(store, name, now - MINUTE) >= per_minute:
        return None
    ids = store_cases.urgent_news(store, Wanted(name, since, delivery.tenant), policy)
    if not ids:
        store_cases.move_mark(store, name, since, now)
        return None
    alert = alert_for(sha256("\n".join(ids).encode()).hexdigest()[:16], ids, delivery.tenant, policy.version)
    with store.transaction():
        row = store_deliveries.queue(store, name, delivery.channel, alert, now)
        store_cases.note_alerted(store, name, ids, row, now)
    return alert.subject
