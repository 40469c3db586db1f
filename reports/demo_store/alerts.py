"""Alerts of the day of the incident: one that arrived, and one that did not."""

from datetime import UTC, date, datetime, time, timedelta

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.store import Store
from conf.schema import Config
from reports.sending.queue import alert_for
from reports.sending.store_cases import escalated
from reports.sending.store_deliveries import Outcome, queue, settle, take

PROCESS = "demo-store"
ARRIVED, LOST = ("on-call", "email", "sent"), ("soc-siem", "siem", "failed")
SAID = {"sent": "accepted by 1 recipient", "failed": "siem.example.com:6514: connection refused"}
NAMED = 5


def send_alerts(store: Store, day: date, config: Config) -> None:
    """Note what was sent about a day's urgent cases; nothing leaves this machine."""
    policy = in_force(store.connection, day, configured_policy(config.policy)).policy
    found = escalated(store.connection.cursor(), (day, day), {day: policy}, "", 200)
    urgent = [case.triple_id for case in found if case.level == "urgent"][:NAMED]
    at = datetime.combine(day, time(18, 10), UTC)
    for delivery, channel, state in (ARRIVED, LOST) if urgent else ():
        queue(store, delivery, channel, alert_for(f"{day}", urgent, "", policy.version), at)
        one = take(store, PROCESS, at, timedelta(hours=1), but=[ARRIVED[0]] if delivery == LOST[0] else [])
        if one:
            settle(
                store,
                one,
                PROCESS,
                Outcome(state, SAID[state], at, None if state == "sent" else at + timedelta(hours=2)),
            )
            kind = "delivery.sent" if state == "sent" else "delivery.failed"
            told = {"subject": one.message.subject, "state": state, "attempt": one.attempt}
            record_event(store, Deed(kind, SYSTEM, delivery, told, at))
