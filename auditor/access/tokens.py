"""API tokens: `ta_<id>_<secret>`. The database keeps the hash of the secret, which is random; pure but for making one.

A token has rights that it names (its scopes), of those that its user has. No token makes a token.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from auditor.access.person import Right
from auditor.errors import UserRefused

FORM = re.compile(r"ta_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NEVER = frozenset({Right.ADMINISTER})  # people do that, not programs
ID_BYTES, SECRET_BYTES = 6, 32


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new token.

    Attributes:
        id: by which it is found, shown and revoked.
        secret_sha256: what is kept; hex.
        text: the whole token, for its user's eyes, once.
    """

    id: str
    secret_sha256: str
    text: str

    def __repr__(self) -> str:
        return f"Fresh({self.id})"


def fresh() -> Fresh:
    """A new token."""
    name, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return Fresh(name, hash_of(secret), f"ta_{name}_{secret}")


def parts_of(text: str) -> tuple[str, str] | None:
    """The id of a token, and the hash of its secret; None where it is no token."""
    found = FORM.fullmatch(text)
    return (found[1], hash_of(found[2])) if found else None


def hash_of(secret: str) -> str:
    """Hex sha256; a slow hash would gain nothing, since the secret is 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Whether two hashes are the same; takes as long wherever they differ."""
    return secrets.compare_digest(one.encode(), other.encode())


def scopes_of(wanted: Iterable[str]) -> frozenset[Right]:
    """The rights that a token is to have.

    Raises:
        UserRefused: there are none, or one that no token has.
    """
    try:
        scopes = frozenset(Right(one) for one in wanted)
    except ValueError:
        scopes = frozenset()
    if not scopes or scopes & NEVER:
        allowed = ", ".join(right for right in Right if right not in NEVER)
        raise UserRefused(f"a token has one or more of these scopes: {allowed}")
    return scopes
