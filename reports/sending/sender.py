"""Sends what is queued: alerts first, again and again with growing pauses, until it went or was given up."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Event

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.policies.policy import Policy
from auditor.policies.store import policies_by_day
from auditor.store import Store
from conf.cli import named
from conf.errors import TraceauditError
from conf.schema import Config
from reports.sending import CHANNELS, store_cases, store_deliveries
from reports.sending.channel import Channel, SendFailed
from reports.sending.message import Case, Letter, Message, delivery_id
from reports.sending.pauses import LONGEST, next_try, pause
from reports.sending.store_deliveries import Outcome, Queued

logger = logging.getLogger(__name__)

GONE = "this delivery is not in the configuration any more"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a try."""

    subject: str
    delivery: str
    state: str
    detail: str


@dataclass(slots=True)
class Sender:
    """Sends. One thread's.

    Attributes:
        store: of this thread alone.
        policy: the configured one, for days without an approved one.
        process: see `store_deliveries.take`.
        chance: in [0, 1), for the pauses.
    """

    store: Store
    config: Config
    policy: Policy
    process: str
    now: Callable[[], datetime]
    chance: Callable[[], float] = random.random

    def send_due(self, stop: Event | None = None) -> list[Sent]:
        """Try all that is due, once each, until `stop` is set.

        A delivery that fails is left alone for the rest of this round: its other messages would wait for the same
        time-out, and an alert for another place must not wait for them.
        """
        done: list[Sent] = []
        failing: set[str] = set()
        while not (stop and stop.is_set()):
            one = store_deliveries.take(self.store, self.process, self.now(), LONGEST, failing)
            if one is None:
                break
            done.append(self.try_one(one))
            if done[-1].state != "sent":
                failing.add(one.delivery)
        return done

    def try_one(self, one: Queued) -> Sent:
        """Try it, and keep what came of it."""
        state, next_at = "sent", None
        try:
            if one.delivery not in self.config.delivery:
                state, detail = "given_up", GONE
            else:
                detail = self.send(one)
        except Exception as error:  # noqa: BLE001 - the boundary of a channel: whatever breaks there, the next one is tried
            next_at = self.next_try(one, error)
            state, detail = "failed" if next_at else "given_up", reason_of(error)
        sent = Sent(one.message.subject, one.delivery, state, detail)
        self.keep(one, sent, next_at)
        return sent

    def send(self, one: Queued) -> str:
        """Send it; gives what the channel said."""
        channel = channel_of(self.config, one.delivery)
        cases = self.cases(one.message, channel.n_cases)
        if self.config.delivery[one.delivery].include_text:
            cases = store_cases.with_texts(self.store, cases)
        return channel.send(Letter(one.id, one.delivery, one.message, self.now(), tuple(cases)))

    def cases(self, message: Message, limit: int) -> list[Case]:
        """What a message is about, as far as the channel wants it."""
        if not limit or not message.n_cases:
            return []
        if message.ids:
            return store_cases.named(self.store, message.ids, message.policy, limit)
        if message.first is None or message.last is None:
            return []
        days: tuple[date, date] = (message.first, message.last)
        policies = {
            day: found.policy for day, found in policies_by_day(self.store.connection, *days, self.policy).items()
        }
        return store_cases.escalated(self.store.connection.cursor(), days, policies, message.tenant, limit)

    def next_try(self, one: Queued, error: Exception) -> datetime | None:
        """When it is tried again; None: it is given up."""
        asked_s = error.asked_s if isinstance(error, SendFailed) else None
        give_up_at = one.created_at + timedelta(hours=self.config.schedule.give_up_h)
        return next_try(self.now(), pause(one.attempt, self.chance(), asked_s), give_up_at)

    def keep(self, one: Queued, sent: Sent, next_at: datetime | None) -> None:
        """Write what came of a try, with its event."""
        told: Mapping[str, str | int] = {"subject": sent.subject, "state": sent.state, "attempt": one.attempt}
        kind = "delivery.sent" if sent.state == "sent" else "delivery.failed"
        if sent.state != "sent":
            logger.warning(
                "a delivery failed", extra={"delivery": sent.delivery, "subject": sent.subject, "state": sent.state}
            )
        with self.store.transaction():
            now = self.now()
            outcome = Outcome(sent.state, sent.detail, now, next_at)
            if store_deliveries.settle(self.store, one, self.process, outcome):
                record_event(self.store, Deed(kind, SYSTEM, sent.delivery, told, now))


def channel_of(config: Config, name: str) -> Channel:
    """The channel of a delivery, made anew: its secrets may have changed."""
    delivery = config.delivery[name]
    made: Channel = named(CHANNELS[delivery.channel])(delivery, config)
    return made


def test_send(config: Config, name: str, now: datetime) -> Sent:
    """Send a made-up message at once; nothing of it is kept."""
    words = "This is a test. Reports and alerts will come here."
    message = Message("test", f"test/{now:%Y%m%dT%H%M%S}", "traceaudit: a test", (words,), n_cases=1)
    case = Case(
        triple_id="0" * 64,
        level="escalate",
        risk=0.5,
        reason="",
        tenant="test",
        application="test",
        category="unknown",
        thinking_kind="unknown",
        stage="",
        model="test",
        guard="test",
        policy="test",
        scored_at=now,
        occurred_at=now,
        place=("test", 0, 0),
    )
    try:
        detail = channel_of(config, name).send(Letter(delivery_id(name, message.subject), name, message, now, (case,)))
    except TraceauditError as error:
        return Sent(message.subject, name, "failed", reason_of(error))
    return Sent(message.subject, name, "sent", detail)


def reason_of(error: Exception) -> str:
    """Why, in words that hold no secret: our own errors say what may be said, of others only their kind is known."""
    return str(error).partition("\n")[0][:200] if isinstance(error, TraceauditError) else type(error).__name__
