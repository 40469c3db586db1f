"""Passwords as they are kept: argon2id, with its parameters in the hash, so that they can be raised later.

A password is normalized first (NFKC), so that it is the same from every keyboard. One argon2 takes 64 MiB and about a
tenth of a second; no more than AT_ONCE are worked on at a time, whoever asks.
"""

import secrets
import unicodedata
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auditor.errors import UserRefused

MIN_CHARS = 12
MAX_CHARS = 256
AT_ONCE = 2

HASHER = PasswordHasher()  # the library's parameters are those of RFC 9106 for little memory
TURN = BoundedSemaphore(AT_ONCE)


def hash_of(password: str, name: str) -> str:
    """What is kept of a new password.

    Args:
        password: as it was typed.
        name: whose; it may not stand in the password.

    Raises:
        UserRefused: it is too easy to guess.
    """
    check(normal(password), name)
    return hash_as_it_is(password)


def hash_as_it_is(password: str) -> str:
    """The same of a password that was good enough once."""
    with TURN:
        return HASHER.hash(bytes_of(password))


def check(plain: str, name: str) -> None:
    """Refuse what is easily guessed.

    Raises:
        UserRefused: says why, without the password.
    """
    if not MIN_CHARS <= len(plain) <= MAX_CHARS:
        raise UserRefused(f"a password has {MIN_CHARS} to {MAX_CHARS} characters; several words are easy to remember")
    if len(set(plain)) < MIN_CHARS // 2 or name.strip().casefold() in plain.casefold():
        raise UserRefused("this password is too easily guessed: it repeats itself, or holds the user's name")


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one of which `kept` was kept; without one, no, and it takes as long."""
    given, against = bytes_of(password[: MAX_CHARS + 1]), kept or of_nobody()
    with TURN:
        try:
            return HASHER.verify(against, given) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether it was kept with weaker parameters than new ones are."""
    return HASHER.check_needs_rehash(kept)


@lru_cache(maxsize=1)
def of_nobody() -> str:
    """What a password is compared with where there is nobody of that name."""
    return HASHER.hash(secrets.token_hex())


def normal(password: str) -> str:
    """The same from every keyboard."""
    return unicodedata.normalize("NFKC", password)


def bytes_of(password: str) -> bytes:
    """What is hashed of it, also where it holds what is no text."""
    return normal(password).encode(errors="surrogatepass")
