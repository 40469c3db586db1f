"""The pointer to the model that serves: one small signed file, replaced in one step.

    {"number": 3, "revision": "9f…", "by": "…", "at": "…", "previous": "4c…", "key_id": "…", "signature": "…"}

An empty revision is the base, `auditor.registry_base`. Numbers only go up: who has seen one takes no lower one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.errors import ModelUnusable
from auditor.evidence.checkpoints import canonical
from auditor.evidence.keys import PublicKey, SigningKey, is_signed

PURPOSE = b"traceaudit serving model 1\n"  # so that a signature of a pointer can stand for nothing else


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves.

    Attributes:
        number: 1, 2, 3 … in the order in which models came to serve.
        revision: of a model in the registry; empty: the base.
        by: who approved it, or rolled back.
        at: when, UTC.
        previous: the revision that served before; empty: the base.
    """

    number: int
    revision: str
    by: str
    at: datetime
    previous: str

    def as_json(self) -> dict[str, Any]:
        """What is signed."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {"number": self.number, "revision": self.revision, "by": self.by, "at": at, "previous": self.previous}

    def written(self, key: SigningKey) -> bytes:
        """The bytes of its file."""
        told = self.as_json() | {"key_id": key.public.id}
        signature = key.sign(PURPOSE + canonical(told))
        return json.dumps(told | {"signature": signature}, indent=2).encode() + b"\n"


def serving_in(written: bytes, keys: Mapping[str, PublicKey]) -> Serving:
    """The pointer of a file, once one of the keys is known to have signed it.

    Raises:
        ModelUnusable: none has, or it is no pointer.
    """
    try:
        told = json.loads(written)
        signature = str(told.pop("signature"))
        good = is_signed(keys, str(told["key_id"]), PURPOSE + canonical(told), signature)
        del told["key_id"]
        found = Serving(**told | {"at": datetime.fromisoformat(told["at"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelUnusable("the pointer to the serving model cannot be read") from None
    if not good:
        raise ModelUnusable("the pointer to the serving model is not signed by a key that is known here")
    return found
