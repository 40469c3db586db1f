"""What `traceaudit users` asks of whoever owns the database; see `auditor/questions.py`. No answer holds a hash."""

from dataclasses import dataclass
from datetime import datetime

from auditor.access import store_tokens, store_users
from auditor.access.person import Role
from auditor.access.store_tokens import NewToken, Token
from auditor.access.store_users import By, Change, NewUser, User
from auditor.store import Store
from conf.schema import Config


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user as it is listed; `tenants` is None for all."""

    name: str
    roles: tuple[Role, ...]
    tenants: tuple[str, ...] | None
    disabled: bool
    has_password: bool
    added_at: datetime
    changed_at: datetime


def line_of(user: User) -> UserLine:
    """What others may know of a user."""
    has_password = user.password_hash is not None
    at = (user.added_at, user.changed_at)
    return UserLine(user.name, user.roles, user.tenants, user.disabled, has_password, *at)


def list_users(store: Store, _: Config) -> list[UserLine]:
    """Every user, by name."""
    return [line_of(user) for user in store_users.all_users(store.connection)]


def add(store: Store, _: Config, new: NewUser, by: By) -> UserLine:
    """Add a user."""
    return line_of(store_users.add_user(store, new, by))


def change(store: Store, _: Config, name: str, wanted: Change, by: By) -> UserLine:
    """Change what a user may do, or their password."""
    return line_of(store_users.change_user(store, name, wanted, by))


def list_tokens(store: Store, _: Config) -> list[Token]:
    """Every token, the oldest first."""
    return store_tokens.all_tokens(store.connection)


def token(store: Store, config: Config, new: NewToken, by: By) -> Token:
    """Keep a token that the asker made."""
    return store_tokens.keep_token(store, new, by, config.access.token_days)


def revoke(store: Store, _: Config, token_id: str, by: By) -> Token:
    """Make a token good for nothing."""
    return store_tokens.revoke_token(store, token_id, by)
