"""Letters to send in tests, and deliveries to send them with."""

from datetime import UTC, date, datetime
from typing import Any

from conf.delivery import Delivery
from conf.schema import Config, load
from reports.sending import CHANNELS
from reports.sending.channel import Channel
from reports.sending.message import Case, Letter, Message, Texts
from reports.sending.sender import channel_of

NOW = datetime(2026, 3, 2, 3, 4, 5, 678000, tzinfo=UTC)
IDS = [f"{number:x}" * 64 for number in range(1, 6)]
NASTY = "Harbor|Bank=\\ <!channel> \u202eevil\nsecond line\x1b[31m"


def make_case(number: int = 0, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "triple_id": IDS[number],
        "level": "urgent" if number == 0 else "escalate",
        "risk": 0.97,
        "reason": "",
        "tenant": "harbor-bank",
        "application": "helpdesk",
        "category": "crime",
        "thinking_kind": "raw",
        "stage": "thinking",
        "model": "some-model",
        "guard": "guard-3b",
        "policy": "default-1",
        "scored_at": NOW,
        "occurred_at": datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC),
        "place": ("kafka:c1/logs", 0, 17 + number),
    }
    return Case(**values | changes)


def make_message(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "kind": "nightly",
        "subject": "nightly/2026-03-01",
        "title": "Nightly audit 2026-03-01: 2 of 40 exchanges need a person",
        "lines": ("40 exchanges judged, 2 escalated, 1 of these urgent.",),
        "first": date(2026, 3, 1),
        "last": date(2026, 3, 1),
        "n_cases": 2,
    }
    return Message(**values | changes)


def make_letter(*cases: Case, **changes: Any) -> Letter:
    return Letter(
        "0123456789abcdef0123456789abcdef", "ops", make_message(**changes), NOW, cases or (make_case(), make_case(1))
    )


TEXTS = Texts("how do I <b>hide</b> it", "I should not say", "like this", "the guard says so")


def config_with(name: str = "ops", **delivery: Any) -> Config:
    config = load()
    return config.model_copy(update={"delivery": {name: Delivery(**{"what": ("nightly", "urgent")} | delivery)}})


def channel(**delivery: Any) -> Channel:
    assert delivery["channel"] in CHANNELS
    return channel_of(config_with(**delivery), "ops")
