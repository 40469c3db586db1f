"""Sessions as signed cookies: nothing of them is stored but those that were ended; pure but for the key's file.

A cookie says whose session it is, the epoch of the user at that time, when it was begun and when it was last seen. It
is over after a while without use, after a longer while in any case, when the user's epoch is another, or when it was
ended. Whoever has the key can make sessions: it lies beside the database, for its owner's eyes.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from auditor.errors import KeyUnusable
from auditor.store import MEMORY

KEY_BYTES = 32
SALT = "traceaudit.session.1"
RENEW_S = 60.0  # a cookie that was last seen longer ago is made anew


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who logged in.

    Attributes:
        id: random.
        user: id of the user; empty for whoever came by the one-time link.
        epoch: of the user, when it was begun.
        begun_at, seen_at: UTC, whole seconds.
    """

    id: str
    user: str
    epoch: int
    begun_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Sessions:
    """Makes and reads cookies.

    Attributes:
        key: what they are signed with.
        longest, idle: how long a session lasts in all, and without use.
    """

    key: bytes
    longest: timedelta
    idle: timedelta

    def __repr__(self) -> str:
        return "Sessions()"

    def begin(self, user: str, epoch: int, now: datetime) -> Session:
        """A new session."""
        at = whole(now)
        return Session(secrets.token_hex(16), user, epoch, at, at)

    def cookie(self, session: Session) -> str:
        """The session as its cookie says it."""
        times = [int(at.timestamp()) for at in (session.begun_at, session.seen_at)]
        return str(self.signer.dumps([session.id, session.user, session.epoch, *times]))

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie; None where it is not ours, or over."""
        try:
            name, user, epoch, begun, seen = self.signer.loads(cookie)
            session = Session(name, user, epoch, datetime.fromtimestamp(begun, UTC), datetime.fromtimestamp(seen, UTC))
        except (BadData, ValueError, TypeError, OverflowError):
            return None
        return session if session.begun_at <= now and not self.is_over(session, now) else None

    def is_over(self, session: Session, now: datetime) -> bool:
        """Whether it lasted long enough."""
        return now >= session.begun_at + self.longest or now >= session.seen_at + self.idle

    def renewed(self, session: Session, now: datetime) -> Session | None:
        """The session as it is seen now; None where that is not worth another cookie."""
        return replace(session, seen_at=whole(now)) if (now - session.seen_at).total_seconds() > RENEW_S else None

    def ends_at(self, session: Session) -> datetime:
        """When it is over at the latest."""
        return session.begun_at + self.longest

    @property
    def signer(self) -> URLSafeSerializer:
        """Signs with HMAC-SHA-256."""
        return URLSafeSerializer(
            self.key, salt=SALT, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )


def whole(now: datetime) -> datetime:
    """Without parts of a second."""
    return now.astimezone(UTC).replace(microsecond=0)


def key_file(db: str) -> Path:
    """Where the key of a database's sessions lies."""
    return Path(f"{db}.session-key")


def session_key(db: str) -> bytes:
    """The key that sessions are signed with, made where there is none; without the file all sessions are over.

    Raises:
        KeyUnusable: the file cannot be read or made, is too short, or others may read it.
    """
    if db == MEMORY:
        return secrets.token_bytes(KEY_BYTES)
    path = key_file(db)
    try:
        if not path.exists():
            make(path)
        others = path.stat().st_mode & 0o077
        key = path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror or error}") from None
    if len(key) < KEY_BYTES or others:
        why = "others may read it" if others else "it is too short"
        raise KeyUnusable(f"{path}: {why}; remove it, and a new one is made")
    return key


def make(path: Path) -> None:
    """A new key in a file that nobody else may read, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
