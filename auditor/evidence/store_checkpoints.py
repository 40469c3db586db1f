"""Checkpoints in the database, and their lines in the file outside it."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from auditor.errors import InputUnreadable, OutputUnwritable
from auditor.evidence.checkpoints import Checkpoint, checkpoint_of, signed
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.evidence.keys import signing_key
from auditor.store import MEMORY, Store
from auditor.verdict_rows import utc
from conf.schema import Config

SIGNED = "checkpoint.signed"

ALL = 'SELECT seq, hash, "at", key_id, signature FROM checkpoints ORDER BY seq'
HEAD = "SELECT seq, kind FROM events WHERE seq = (SELECT max(seq) FROM events)"


def sign_checkpoint(store: Store, config: Config, now: datetime) -> Checkpoint | None:
    """Sign where the trail stands, unless nothing came since it was signed last; gives the latest checkpoint.

    It is kept in the database first, and then outside; what is missing outside is brought there the next time.

    Args:
        store: open for writing.
        config: names the database, the key and the file outside.
        now: the moment.

    Returns:
        None where there is no trail yet, or the database is in memory, with nothing beside it.

    Raises:
        KeyUnusable: the key cannot be read or made.
        OutputUnwritable: the file outside cannot be written; the checkpoint is in the database.
    """
    head = store.connection.execute(HEAD).fetchone()
    if head is None or config.store.path == MEMORY:
        return None
    if head[1] != SIGNED:
        key = signing_key(key_path(config))
        with store.transaction():
            event = record_event(store, Deed(SIGNED, SYSTEM, key.public.id, {"key_id": key.public.id}, now))
            one = signed(event.seq, event.hash, now, key)
            row = [one.seq, one.hash, utc(one.at), one.key_id, one.signature]
            store.connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?)", row)
    kept = checkpoints(store.connection)
    append(checkpoint_path(config), kept)
    return kept[-1] if kept else None


def key_path(config: Config) -> Path:
    """Where the signing key is."""
    return Path(config.evidence.key_file or f"{config.store.path}.signing-key")


def checkpoint_path(config: Config) -> Path:
    """Where the file outside is."""
    return Path(config.evidence.checkpoint_file or f"{config.store.path}.checkpoints.jsonl")


def checkpoints(connection: duckdb.DuckDBPyConnection) -> list[Checkpoint]:
    """All that the database has, the oldest first."""
    rows = connection.execute(ALL).fetchall()
    return [Checkpoint(seq, head, at.replace(tzinfo=UTC), *rest) for seq, head, at, *rest in rows]


def append(path: Path, kept: list[Checkpoint]) -> None:
    """Bring the checkpoints to the file that it does not have; nothing that it has is touched.

    Raises:
        OutputUnwritable: it cannot be read or written.
    """
    try:
        known = {one.seq for one in read_outside(path).lines or () if one}
        lines = [json.dumps(one.as_json()) + "\n" for one in kept if one.seq not in known]
        if lines:
            with path.open("a", encoding="ascii") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True)
class Outside:
    """The file outside.

    Attributes:
        lines: its checkpoints in order, None for a line that is none; None where there is no such file.
    """

    path: Path
    lines: tuple[Checkpoint | None, ...] | None


def read_outside(path: Path) -> Outside:
    """The file outside as it is now.

    Raises:
        InputUnreadable: it is there, and cannot be read.
    """
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return Outside(path, tuple(map(checkpoint_in, file)))
    except FileNotFoundError:
        return Outside(path, None)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror or error}") from None


def checkpoint_in(line: str) -> Checkpoint | None:
    """The checkpoint of a line; None where it has none."""
    try:
        return checkpoint_of(json.loads(line))
    except (ValueError, RecursionError):
        return None
