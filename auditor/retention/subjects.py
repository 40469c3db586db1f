"""Whose cases are meant: of a conversation, of a user's pseudonym, or one triple; and by which digest that is known."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from auditor.store import Store

Kind = Literal["conversation", "user", "triple"]

COLUMNS = {"conversation": "conversation_id", "user": "user_id", "triple": "id"}

FOUND = """
    SELECT id, tenant, conversation_id, user_id, source, "partition", "offset" FROM triples
    WHERE {column} = $value AND ($tenant IS NULL OR tenant = $tenant) ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of cases.

    Attributes:
        value: its id, or the pseudonym.
        tenant: whose; None for any.
    """

    kind: Kind
    value: str
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One of its triples, and where the record lies that it was first read in."""

    id: str
    tenant: str
    conversation: str | None
    user: str | None
    place: tuple[Any, ...]


def cases_of(store: Store, subject: Subject) -> list[Case]:
    """The stored triples of a subject."""
    query = FOUND.format(column=COLUMNS[subject.kind])
    rows = store.connection.execute(query, {"value": subject.value, "tenant": subject.tenant}).fetchall()
    return [Case(name, tenant, spoken, user, tuple(at)) for name, tenant, spoken, user, *at in rows]


def salt_of(store: Store, *, make: bool = False) -> str | None:
    """What digests of subjects are salted with here; None where there is none, unless one is to be made."""
    found = store.connection.execute("SELECT salt FROM erasure_salt").fetchall()
    if not found and make:
        store.connection.execute("INSERT INTO erasure_salt VALUES (?)", [secrets.token_hex(16)])
        return salt_of(store)
    return str(found[0][0]) if found else None


def digest_of(salt: str, kind: str, tenant: str, value: str) -> str:
    """By what a subject is known again once its name is gone: hex sha256 over all of it."""
    return hashlib.sha256(json.dumps([salt, kind, tenant, value]).encode()).hexdigest()
