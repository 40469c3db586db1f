"""What opening an envelope gives: what was inside, or that there is nothing, with what the envelope says about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ingest.exchange import Exchange
from ingest.identity import name_of

Headers = tuple[tuple[str, bytes], ...]
"""A record's headers, in order."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the envelopes around a log say of it; its own fields go first.

    Attributes:
        names: the envelopes, outermost first.
        message_id: the envelope's own name for what is in it; the last resort of an identity.
        occurred_at: UTC; for a log that has no time.
    """

    names: tuple[str, ...] = ()
    message_id: str | None = None
    occurred_at: datetime | None = None

    def holding(self, name: str, inner: "Around") -> "Around":
        """These envelopes with one more inside; the inner one knows better."""
        return Around((*self.names, name), inner.message_id or self.message_id, inner.occurred_at or self.occurred_at)

    def element(self, number: int) -> "Around":
        """The same around one of several logs, which share all but the name."""
        return Around(self.names, f"{self.message_id}#{number}" if self.message_id else None, self.occurred_at)

    def beside(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """The exchanges of the log, named and dated by its envelope where the log itself is not."""
        for number, exchange in enumerate(exchanges):
            identity, labels = exchange.identity, exchange.labels
            if self.message_id and not name_of(identity):
                name = f"{self.message_id}#{number}" if number else self.message_id
                identity = replace(identity, message_id=name)
            if self.occurred_at and not labels.occurred_at:
                labels = replace(labels, occurred_at=self.occurred_at)
            yield replace(exchange, identity=identity, labels=labels)


NOWHERE = Around()
"""No envelope, or one that says nothing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in an envelope.

    Attributes:
        value: bytes that are yet to be decoded, or JSON.
        around: what the envelope says of it; the names are filled in by the caller.
        headers: those that are still to be looked at.
    """

    value: Any
    around: Around = NOWHERE
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """An envelope, or a record, that is meant to hold nothing."""

    reason: str


def header(headers: Headers, name: str) -> bytes | None:
    """The first header of that name, whatever its case."""
    return next((value for key, value in headers if key.lower() == name), None)


def has_keys(value: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Whether an object has all of `names`."""
    return all(name in value for name in names)
