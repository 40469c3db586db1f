"""What is sent: counts and ids, and a case for each escalation where a channel wants them; pure."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

URGENT = "urgent"
MARKS = {"urgent": "urgent", "escalate": "escalated"}


@dataclass(frozen=True, slots=True)
class Message:
    """What a delivery is told. It is kept until it was sent, so it holds no text of a log.

    Attributes:
        kind: "nightly", "weekly", "monthly" or "urgent".
        subject: tells it from all others: "nightly/2026-03-01", "urgent/1a2b…".
        title: one line.
        lines: a few more.
        tenant: whose; empty: all.
        first, last: UTC days that it is about; None for an alert.
        files: of the report.
        ids: triples of an alert.
        n_cases: how many cases it is about, also where fewer are named.
        policy: version of the policy by which an alert is urgent.
    """

    kind: str
    subject: str
    title: str
    lines: tuple[str, ...] = ()
    tenant: str = ""
    first: date | None = None
    last: date | None = None
    files: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    n_cases: int = 0
    policy: str = ""

    def as_json(self) -> str:
        """As it is kept."""
        values = asdict(self) | {name: day.isoformat() for name, day in self.days.items()}
        return json.dumps(values, ensure_ascii=False)

    @property
    def days(self) -> dict[str, date]:
        """First and last where it has them."""
        return {name: day for name, day in (("first", self.first), ("last", self.last)) if day}

    def paths(self, suffixes: tuple[str, ...]) -> list[Path]:
        """Its files of these kinds that are still there, in the order in which they were asked for."""
        found = [Path(name) for suffix in suffixes for name in self.files if name.endswith(f".{suffix}")]
        return [path for path in found if path.is_file()]


@dataclass(frozen=True, slots=True)
class Texts:
    """What the log says of a case, cut and with hidden characters made visible; sent only where that was asked for."""

    question: str
    thinking: str
    answer: str
    analysis: str


@dataclass(frozen=True, slots=True)
class Case:
    """One escalated exchange.

    Attributes:
        level: "urgent" or "escalate".
        risk: in [0, 1]; None where nothing could be judged.
        reason: why not; empty where it was.
        scored_at: UTC.
        occurred_at: UTC; None where the log does not say.
        place: source, partition and offset of the record.
    """

    triple_id: str
    level: str
    risk: float | None
    reason: str
    tenant: str
    application: str
    category: str
    thinking_kind: str
    stage: str
    model: str
    guard: str
    policy: str
    scored_at: datetime
    occurred_at: datetime | None
    place: tuple[str, int, int]
    texts: Texts | None = None

    def as_json(self) -> dict[str, Any]:
        """The form in which topics get it."""
        values = asdict(self)
        values["scored_at"] = stamp(self.scored_at)
        values["occurred_at"] = stamp(self.occurred_at) if self.occurred_at else None
        values["source"], values["partition"], values["offset"] = values.pop("place")
        texts = values.pop("texts")
        return {"schema": "traceaudit.escalation/1"} | values | (texts or {})


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way.

    Attributes:
        id: the same whenever it is tried again; receivers that keep it drop what comes twice.
        sent_at: of this try, UTC.
        cases: the most pressing first; only as many as the channel asked for.
    """

    id: str
    delivery: str
    message: Message
    sent_at: datetime
    cases: tuple[Case, ...] = field(default=())


def message_of(text: str) -> Message:
    """What `as_json` wrote."""
    values: dict[str, Any] = json.loads(text)
    days = {name: date.fromisoformat(values[name]) for name in ("first", "last") if values[name]}
    lists = {name: tuple(values[name]) for name in ("lines", "files", "ids")}
    return Message(**{**values, **lists, **days})


def delivery_id(delivery: str, subject: str) -> str:
    """The id of what one delivery is told of one subject: 32 hex digits."""
    return sha256(json.dumps([delivery, subject]).encode()).hexdigest()[:32]


def stamp(time: datetime) -> str:
    """2026-03-01T10:20:30.123Z."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
