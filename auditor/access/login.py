"""Logging in with name and password: limited, the same answer and time whoever is meant, and an event in any case."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from auditor.access.passwords import hash_as_it_is, is_outdated, matches
from auditor.access.rate import Attempts
from auditor.access.store_users import User, find_user, keep_stronger_hash
from auditor.errors import LoginRefused, TooManyLogins
from auditor.evidence.events import Deed, record_event
from auditor.store import Store


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody gave.

    Attributes:
        address: from which it came.
    """

    name: str
    password: str = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class Logins:
    """Lets people in; for any thread.

    Attributes:
        attempts: of late.
        clock: seconds; does not go back.
    """

    attempts: Attempts
    clock: Callable[[], float] = time.monotonic
    lock: Lock = field(default_factory=Lock)

    def log_in(self, store: Store, given: Login, now: datetime) -> User:
        """The user who knows the password.

        Args:
            store: for this thread, open for writing.
            given: what somebody gave.
            now: for the audit trail.

        Raises:
            TooManyLogins: of this name, or from this address; whether the password is right was not looked at.
            LoginRefused: no such user, another password, or a user who may not log in: which, is not said.
        """
        user = self.check(store, given, now)
        record_event(store, Deed("login.succeeded", user.name, user.name, {"by": "password"}, now))
        if user.password_hash and is_outdated(user.password_hash):
            keep_stronger_hash(store, user, hash_as_it_is(given.password))
        return user

    def check(self, store: Store, given: Login, now: datetime) -> User:
        """The same, who does not log in by it; only a failure is an event."""
        begun_s = self.clock()
        with self.lock:
            wait_s = self.attempts.begin(given.name, given.address, begun_s)
        if wait_s > 0:
            raise TooManyLogins(wait_s)
        user = find_user(store.connection, given.name)
        is_known = matches(given.password, user.password_hash if user else None)
        if user is None or user.disabled or not is_known:
            record_event(store, failed(user, now))
            raise LoginRefused
        with self.lock:
            self.attempts.succeeded(given.name, given.address, begun_s)
        return user


def failed(user: User | None, now: datetime) -> Deed:
    """What the audit trail keeps; no name that is nobody's, since it may be a password in the wrong field."""
    name = user.name if user else ""
    return Deed("login.failed", name or "unknown", name, {"known": user is not None}, now)
