"""Something that a person wants to be sent again, now: also what was given up."""

from datetime import datetime

from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from reports.errors import DeliveryRefused
from reports.sending import store_deliveries
from reports.sending.store_deliveries import Standing

REFUSED = {"sent": "was sent", "sending": "is being sent"}


def send_again(store: Store, delivery_id: str, by: str, now: datetime) -> Standing:
    """Have it tried at the next round, with an event; gives what it was.

    Raises:
        DeliveryRefused: there is none, or nothing to be done.
    """
    with store.transaction():
        found = store_deliveries.one(store, delivery_id)
        if found is None:
            raise DeliveryRefused("there is no such delivery")
        if found.state in REFUSED:
            raise DeliveryRefused(f"it {REFUSED[found.state]}")
        store_deliveries.again(store, [delivery_id], now)
        told = {"subject": found.subject, "was": found.state}
        record_event(store, Deed("delivery.wanted", by, found.delivery, told, now))
    return found
