"""API tokens in the database, and the sessions that were ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from auditor.access.person import Person, Right
from auditor.access.store_users import By, User, find_user, the_user
from auditor.access.tokens import is_same, parts_of, scopes_of
from auditor.errors import UserRefused
from auditor.evidence.events import Deed, record_event
from auditor.evidence.store_seals import release
from auditor.store import Store
from auditor.verdict_rows import utc

if TYPE_CHECKING:
    from auditor.store_rows import Row

MAX_NOTE_CHARS = 200
ALL = """
    SELECT t.id, u.name, t.scopes, t.note, t.made_at, t.expires_at, t.revoked_at, uses."day"
    FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN token_uses uses ON uses.token_id = t.id
    ORDER BY t.made_at, t.id
"""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be kept; see `tokens.Fresh`.

    Attributes:
        user: whose.
        scopes: names of rights.
        expires_at: from then on it is good for nothing.
        note: what it is for.
    """

    id: str
    secret_sha256: str
    user: str
    scopes: tuple[str, ...]
    expires_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is shown; the secret is not known."""

    id: str
    user: str
    scopes: tuple[str, ...]
    note: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used: date | None

    def state(self, now: datetime) -> str:
        """What it is good for."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= now else "good"


def all_tokens(connection: duckdb.DuckDBPyConnection) -> list[Token]:
    """Every token that was made, the oldest first."""
    found = []
    for name, user, scopes, note, *times, used in connection.execute(ALL).fetchall():
        made, expires, revoked = (at and at.replace(tzinfo=UTC) for at in times)
        found.append(Token(name, user, tuple(scopes), note, made, expires, revoked, used))
    return found


def keep_token(store: Store, new: NewToken, by: By, most_days: int) -> Token:
    """Keep a token.

    Raises:
        UserRefused: there is no such user, or the scopes or the time are none that a token has.
    """
    scopes = scopes_of(new.scopes)
    life_s = (new.expires_at - by.at).total_seconds()
    if not 0 < life_s <= most_days * 86_400:
        raise UserRefused(f"a token expires within {most_days} days (access.token_days)")
    if len(new.note) > MAX_NOTE_CHARS:
        raise UserRefused(f"a token's note has at most {MAX_NOTE_CHARS} characters")
    with store.transaction():
        user = the_user(store.connection, new.user)
        row: Row = {"id": new.id, "user_id": user.id, "secret_sha256": new.secret_sha256, "scopes": sorted(scopes)}
        row |= {"note": new.note, "made_at": utc(by.at), "expires_at": utc(new.expires_at)}
        store.insert("api_tokens", [row])
        told = {"user": user.name, "scopes": sorted(scopes), "expires_at": new.expires_at.astimezone(UTC).isoformat()}
        record_event(store, Deed("token.made", by.name, new.id, told, by.at))
    return next(one for one in all_tokens(store.connection) if one.id == new.id)


def revoke_token(store: Store, token_id: str, by: By, of_user: str | None = None) -> Token:
    """Make a token good for nothing; one that is revoked stays as it is.

    Args:
        store: open for writing.
        token_id: the token's.
        by: who does it, and when.
        of_user: refuse a token of anybody else.

    Raises:
        UserRefused: there is no such token.
    """
    with store.transaction():
        found = the_token(store.connection, token_id, of_user)
        if found.revoked_at is None:
            release(store, "api_tokens", "id = $id", {"id": token_id})
            values = {"at": utc(by.at), "id": token_id}
            store.connection.execute("UPDATE api_tokens SET revoked_at = $at WHERE id = $id", values)
            record_event(store, Deed("token.revoked", by.name, token_id, {"user": found.user}, by.at))
    return the_token(store.connection, token_id, of_user)


def the_token(connection: duckdb.DuckDBPyConnection, token_id: str, of_user: str | None) -> Token:
    """The token of that id.

    Raises:
        UserRefused: there is none, or it is another's.
    """
    found = next((one for one in all_tokens(connection) if one.id == token_id), None)
    if found is None or of_user not in {None, found.user}:
        raise UserRefused(f"there is no token {token_id!r}; `traceaudit users tokens` lists them")
    return found


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who has a token, and which."""

    token_id: str
    person: Person
    is_first_today: bool


def bearer_of(connection: duckdb.DuckDBPyConnection, text: str, now: datetime) -> Bearer | None:
    """Who is meant by a token; None where it is good for nothing."""
    parts = parts_of(text)
    row = token_row(connection, parts[0]) if parts else None
    if parts is None or row is None or not is_same(parts[1], row["secret_sha256"]):
        return None
    user = find_user(connection, row["user_id"])
    if row["revoked_at"] or row["expires_at"] <= utc(now) or user is None or user.disabled:
        return None
    return Bearer(parts[0], narrowed(user, row["scopes"]), row["day"] != now.astimezone(UTC).date())


def token_row(connection: duckdb.DuckDBPyConnection, token_id: str) -> Mapping[str, Any] | None:
    """The row of a token."""
    names = ("user_id", "secret_sha256", "scopes", "expires_at", "revoked_at", "day")
    query = """
        SELECT user_id, secret_sha256, scopes, expires_at, revoked_at, "day"
        FROM api_tokens LEFT JOIN token_uses ON token_id = id WHERE id = ?"""
    found = connection.execute(query, [token_id]).fetchall()
    return dict(zip(names, found[0], strict=True)) if found else None


def narrowed(user: User, scopes: list[str]) -> Person:
    """The user, with no more rights than the scopes name."""
    whole = user.person
    return Person(whole.name, whole.rights & {Right(one) for one in scopes}, whole.tenants)


def note_use(store: Store, token_id: str, now: datetime) -> None:
    """Keep that a token was used today."""
    with store.transaction():
        store.connection.execute("DELETE FROM token_uses WHERE token_id = ?", [token_id])
        store.connection.execute("INSERT INTO token_uses VALUES (?, ?)", [token_id, now.astimezone(UTC).date()])


def end_session(store: Store, session_id: str, expires_at: datetime, now: datetime) -> None:
    """Let nobody come back with a session, however long its cookie would be good."""
    with store.transaction():
        store.connection.execute("DELETE FROM ended_sessions WHERE expires_at < ?", [utc(now)])
        store.connection.execute("INSERT INTO ended_sessions VALUES (?, ?)", [session_id, utc(expires_at)])


def is_ended(connection: duckdb.DuckDBPyConnection, session_id: str) -> bool:
    """Whether a session was ended."""
    return bool(connection.execute("SELECT 1 FROM ended_sessions WHERE id = ?", [session_id]).fetchall())
