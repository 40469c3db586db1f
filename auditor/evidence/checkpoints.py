"""A checkpoint: the head of the audit trail at a moment, signed, and a line of a file outside the database.

Who changes the trail up to there has to make a new signature, for which they need the key; who cuts off its end has to
cut the file outside as well.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.evidence.keys import PublicKey, SigningKey

PURPOSE = b"traceaudit checkpoint 1\n"  # so that a signature of a checkpoint can stand for nothing else


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The trail up to an event.

    Attributes:
        seq, hash: of that event.
        at: when it was signed, UTC.
        key_id: of the key.
        signature: hex; empty while it is not signed.
    """

    seq: int
    hash: str
    at: datetime
    key_id: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """What is signed."""
        told = self.as_json()
        del told["signature"]
        return PURPOSE + canonical(told)

    def as_json(self) -> dict[str, Any]:
        """The line of the file outside."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {"seq": self.seq, "hash": self.hash, "at": at, "key_id": self.key_id, "signature": self.signature}

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is good."""
        return key.id == self.key_id and key.signed(self.message, self.signature)


def signed(seq: int, head: str, at: datetime, key: SigningKey) -> Checkpoint:
    """A checkpoint of an event and its hash."""
    bare = Checkpoint(seq, head, at, key.public.id)
    return Checkpoint(seq, head, at, bare.key_id, key.sign(bare.message))


def checkpoint_of(told: Any) -> Checkpoint | None:
    """What `as_json` said; None where it is none."""
    try:
        at = datetime.fromisoformat(told["at"])
        found = Checkpoint(told["seq"], told["hash"], at, told["key_id"], told["signature"])
        return found if at.tzinfo and found.as_json() == told else None
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def canonical(value: Any) -> bytes:
    """JSON in one way only: sorted keys, no blanks, nothing but ASCII."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.encode()
