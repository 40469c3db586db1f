"""Users in the database: who may log in, and what they may do. Each change is an event of the audit trail."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from auditor.access.person import MAX_NAME_CHARS, Person, Role, person_with
from auditor.errors import UserRefused
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.evidence.store_seals import release
from auditor.store import Store
from auditor.verdict_rows import utc
from ingest.visible import HIDDEN

if TYPE_CHECKING:
    from auditor.store_rows import Row

EVERYBODYS = "*"  # for tenants: all

COLUMNS = "name, password_hash, roles, tenants, disabled, epoch, added_at, changed_at"


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """One who may log in.

    Attributes:
        name: as it is shown.
        password_hash: None for who comes through the proxy alone.
        roles: what they may do.
        tenants: those they see, in order; None for all.
        disabled: may not.
        epoch: sessions begun under another one are over.
    """

    name: str
    password_hash: str | None
    roles: tuple[Role, ...]
    tenants: tuple[str, ...] | None
    disabled: bool
    epoch: int
    added_at: datetime
    changed_at: datetime

    @property
    def id(self) -> str:
        """By which it is found."""
        return id_of(self.name)

    @property
    def person(self) -> Person:
        """With all that this user may do."""
        return person_with(self.name, self.roles, self.tenants)

    def __repr__(self) -> str:
        return f"User({self.name!r})"


@dataclass(frozen=True, slots=True)
class NewUser:
    """One to be added; see `User`. `tenants`: those they see, or EVERYBODYS alone."""

    name: str
    password_hash: str | None
    roles: tuple[Role, ...]
    tenants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be another; None stays as it is.

    Attributes:
        end_sessions: log this user out everywhere; so does another password, and to be disabled.
    """

    password_hash: str | None = None
    roles: tuple[Role, ...] | None = None
    tenants: tuple[str, ...] | None = None
    disabled: bool | None = None
    end_sessions: bool = False


def all_users(connection: duckdb.DuckDBPyConnection) -> list[User]:
    """Every user, by name."""
    return [user_of(row) for row in connection.execute(f"SELECT {COLUMNS} FROM users ORDER BY id").fetchall()]  # noqa: S608


def find_user(connection: duckdb.DuckDBPyConnection, name: str) -> User | None:
    """The user of that name, in whatever case; also one who is disabled."""
    query = f"SELECT {COLUMNS} FROM users WHERE id = ?"  # noqa: S608 - our own names
    found = connection.execute(query, [id_of(name)]).fetchall()
    return user_of(found[0]) if found else None


def has_users(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is any."""
    return bool(connection.execute("SELECT 1 FROM users LIMIT 1").fetchall())


def the_user(connection: duckdb.DuckDBPyConnection, name: str) -> User:
    """The same.

    Raises:
        UserRefused: there is none.
    """
    found = find_user(connection, name)
    if found is None:
        raise UserRefused(f"there is no user {name!r}; `traceaudit users list` tells who there is")
    return found


def add_user(store: Store, new: NewUser, by: By) -> User:
    """Add a user.

    Raises:
        UserRefused: there is one of that name, or it can be nobody's, or roles or tenants are missing.
    """
    name = name_of(new.name)
    check_roles(new.roles)
    tenants = tenants_of(new.tenants)
    row: Row = {"id": id_of(name), "name": name, "password_hash": new.password_hash, "roles": list(new.roles)}
    row |= {"tenants": tenants and list(tenants), "disabled": False, "epoch": 1}
    row |= {"added_at": utc(by.at), "changed_at": utc(by.at)}
    told = {"roles": row["roles"], "tenants": row["tenants"], "has_password": new.password_hash is not None}
    with store.transaction():
        if known := find_user(store.connection, name):
            raise UserRefused(f"there is a user {known.name!r}; `traceaudit users change` changes what they may do")
        store.insert("users", [row])
        record_event(store, Deed("user.added", by.name, name, told, by.at))
        return the_user(store.connection, name)


def change_user(store: Store, name: str, change: Change, by: By) -> User:
    """Change what a user may do, or their password.

    Raises:
        UserRefused: there is no such user, or roles or tenants are missing.
    """
    with store.transaction():
        user = the_user(store.connection, name)
        new, told = changed(user, change)
        if not told:
            return user
        release(store, "users", "id = $id", {"id": user.id})
        store.connection.execute(
            """
            UPDATE users SET password_hash = $password, roles = $roles, tenants = $tenants, disabled = $disabled,
            epoch = $epoch, changed_at = $at WHERE id = $id""",
            {
                "password": new.password_hash,
                "roles": list(new.roles),
                "tenants": list(new.tenants) if new.tenants is not None else None,
                "disabled": new.disabled,
                "epoch": new.epoch,
                "at": utc(by.at),
                "id": user.id,
            },
        )
        record_event(store, Deed("user.changed", by.name, user.name, told, by.at))
        return the_user(store.connection, name)


def changed(user: User, change: Change) -> tuple[User, dict[str, object]]:
    """The user as it is to be, and what of it is new, for the audit trail."""
    told: dict[str, object] = {}
    roles, tenants, disabled = user.roles, user.tenants, user.disabled
    if change.roles is not None:
        check_roles(change.roles)
        roles = change.roles
    if change.tenants is not None:
        tenants = tenants_of(change.tenants)
    if change.disabled is not None:
        disabled = change.disabled
    password = change.password_hash or user.password_hash
    over = change.end_sessions or password != user.password_hash or disabled > user.disabled
    if set(roles) != set(user.roles):
        told["roles"] = list(roles)
    if tenants != user.tenants:
        told["tenants"] = tenants and list(tenants)
    if disabled != user.disabled:
        told["disabled"] = disabled
    if password != user.password_hash:
        told["other_password"] = True
    if over:
        told["sessions_ended"] = True
    epoch = user.epoch + over
    new = User(user.name, password, roles, tenants, disabled, epoch, user.added_at, user.changed_at)
    return new, told


def keep_stronger_hash(store: Store, user: User, password_hash: str) -> None:
    """The same password under stronger parameters; nothing else changes, and no session ends."""
    with store.transaction():
        release(store, "users", "id = $id", {"id": user.id})
        values = {"new": password_hash, "id": user.id, "old": user.password_hash}
        store.connection.execute(
            "UPDATE users SET password_hash = $new WHERE id = $id AND password_hash = $old", values
        )


def id_of(name: str) -> str:
    """By which a user is found."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def name_of(text: str) -> str:
    """A name as it is kept.

    Raises:
        UserRefused: it is empty, too long, holds what cannot be seen, or is the one of what nobody asked for.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    if not 0 < len(name) <= MAX_NAME_CHARS or HIDDEN.search(name) or not name.isprintable():
        raise UserRefused(f"a name has 1 to {MAX_NAME_CHARS} characters that can be seen")
    if name.casefold() == SYSTEM:
        raise UserRefused(f"{SYSTEM!r} is what the audit trail calls what no person did; take another name")
    return name


def check_roles(roles: Sequence[Role]) -> None:
    """Refuse a user who may do nothing.

    Raises:
        UserRefused: says which roles there are.
    """
    if not roles:
        raise UserRefused(f"a user has one or more of these roles: {', '.join(Role)}")


def tenants_of(wanted: Sequence[str]) -> tuple[str, ...] | None:
    """The tenants that are wanted, each once, in order; None for all.

    Raises:
        UserRefused: none is wanted, or all and some.
    """
    tenants = tuple(sorted(set(wanted)))
    if not tenants or (EVERYBODYS in tenants and len(tenants) > 1):
        raise UserRefused(f"name the tenants that this user sees, or {EVERYBODYS!r} alone for all")
    return None if tenants == (EVERYBODYS,) else tenants


def user_of(row: tuple[object, ...]) -> User:
    """A row of COLUMNS."""
    name, password, roles, tenants, disabled, epoch, *times = row
    added, changed_at = (at.replace(tzinfo=UTC) for at in times if isinstance(at, datetime))
    whose = tuple(tenants) if isinstance(tenants, list) else None
    known = tuple(Role(one) for one in roles) if isinstance(roles, list) else ()
    kept = password if isinstance(password, str) else None
    return User(str(name), kept, known, whose, bool(disabled), int(str(epoch)), added, changed_at)
