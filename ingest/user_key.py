"""The key that makes pseudonyms of users: from the environment, from a file, or made once beside a database.

Whoever has the key and a list of users can tell which pseudonym is whose; whoever has another key gives the same user
another pseudonym. So it is secret, and it has to stay the same.
"""

import os
import secrets
import tempfile
from pathlib import Path

from conf.schema import Ingest
from ingest.errors import UserKeyMissing, UserKeyUnusable

KEY_BYTES = 32
MIN_CHARS = 16  # in a key of one's own; a short one could be guessed


def user_key_of(ingest: Ingest, beside: Path | None = None) -> bytes:
    """The key that is configured, else the one in the file `beside`, which is made if it is not there.

    Args:
        ingest: names the environment variable and the file; the variable wins.
        beside: where a key may be made; None: nowhere, since other processes would have to know it.

    Raises:
        UserKeyMissing: none is configured, and none may be made.
        UserKeyUnusable: the file cannot be read or made, or the key is too short.
    """
    if given := os.environ.get(ingest.user_key_env, "").encode():
        return checked(given, f"the environment variable {ingest.user_key_env}")
    path = Path(ingest.user_key_file) if ingest.user_key_file else beside
    if path is None:
        raise UserKeyMissing(ingest.user_key_env)
    try:
        if not ingest.user_key_file and not path.exists():
            make(path)
        return checked(path.read_bytes().strip(), str(path))
    except OSError as error:
        raise UserKeyUnusable(f"{path}: {error.strerror or error}") from None


def checked(key: bytes, where: str) -> bytes:
    """`key`, if it is long enough to be one."""
    if len(key) < MIN_CHARS:
        raise UserKeyUnusable(f"{where}: a key of {len(key)} characters; it takes at least {MIN_CHARS}")
    return key


def make(path: Path) -> None:
    """Write a new random key that its owner alone may read, whole or not at all; one that is there already stays."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return  # another process was first, and its key holds
    finally:
        Path(beside).unlink()
