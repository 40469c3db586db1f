"""Users for tests. What a password is hashed with takes a tenth of a second on purpose; CHEAP takes none."""

from typing import Any

from argon2 import PasswordHasher

from auditor.access.person import Role
from auditor.access.store_tokens import NewToken, keep_token
from auditor.access.store_users import By, NewUser, User, add_user
from auditor.access.tokens import fresh
from auditor.store import Store
from tests.factories import NOW

PASSWORD = "tidal lamp orchard"  # noqa: S105 - a made-up one
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEPT = CHEAP.hash(PASSWORD)
BY = By("root", NOW)


def add(store: Store, name: str = "Ada", *roles: str, **changes: Any) -> User:
    given: dict[str, Any] = {"password_hash": KEPT, "tenants": ("*",)} | changes
    return add_user(store, NewUser(name, roles=tuple(map(Role, roles or ("reviewer",))), **given), BY)


def add_token(store: Store, user: str, *scopes: str, **changes: Any) -> str:
    made = fresh()
    given: dict[str, Any] = {"expires_at": NOW.replace(year=NOW.year + 1), "note": "a test"} | changes
    keep_token(store, NewToken(made.id, made.secret_sha256, user, scopes or ("see",), **given), BY, most_days=366)
    return made.text
