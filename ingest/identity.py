"""Names that are the same wherever a log is read: triple ids, and pseudonyms of users.

A triple's id comes from the log's own identity, so that a log that is sent twice, mirrored, or seen as a span and as a
gateway's record is one triple. Topic, partition, offset and clock never go in.
"""

import hashlib
import hmac
from collections.abc import Iterable

from ingest.exchange import Identity

# Ollama counts from chatcmpl-0 to chatcmpl-999: an id as short as that comes again for another answer.
UNIQUE_ID_CHARS = 12
PSEUDONYM_CHARS = 32


def triple_id(tenant: str, identity: Identity, place: tuple[int, ...], content: Iterable[str]) -> str:
    """The id of a triple, as 64 hex digits.

    Args:
        tenant: two tenants' equal logs are two.
        identity: the best that the log has: response id, else trace and span id, else message id.
        place: (turn, choice) for an identity that covers several triples; (0, choice) where the turn is its own; the
            step after them, where a triple is a step of a turn.
        content: what stands for a log without an identity, or with one too short to be unique: its texts and images.
    """
    named = name_of(identity)
    said = () if named and is_unique(named) else tuple(" ".join(text.split()) for text in content)
    parts = (tenant, *named, *map(str, place), *said)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def name_of(identity: Identity) -> tuple[str, ...]:
    """The best name that the log has for its interaction; empty when it has none."""
    if identity.response_id:
        return ("response", identity.response_id)
    if identity.trace_id and identity.span_id:
        return ("span", identity.trace_id, identity.span_id)
    return ("message", identity.message_id) if identity.message_id else ()


def is_unique(named: tuple[str, ...]) -> bool:
    """Whether a name is long enough to be somebody's only one; the provider's prefix does not count."""
    return sum(len(part.rpartition("chatcmpl-")[2]) for part in named[1:]) >= UNIQUE_ID_CHARS


def pseudonym(user: str, key: bytes) -> str:
    """What stands for a user: the same for the same key, and not to be turned back without it.

    With an empty key anybody can compute it, so that whoever has a list of users can look them up.
    """
    return hmac.new(key, user.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_CHARS]
