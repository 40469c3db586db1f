"""What verify, events and export ask of whoever owns the database; see `auditor/questions.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.evidence.case import Exported, export_case
from auditor.evidence.events import Event
from auditor.evidence.findings import Bad, Checked
from auditor.evidence.keys import PublicKey, public_file, public_keys, read_public_keys
from auditor.evidence.queries_case import the_case
from auditor.evidence.queries_events import Which, find_events
from auditor.evidence.queries_verify import last_event
from auditor.evidence.store_checkpoints import checkpoint_path, key_path, read_outside
from auditor.evidence.verify import Beside, verify_trail
from auditor.evidence.verify import verify as verify_all
from auditor.queries import snapshot
from auditor.store import Store
from conf.schema import Config


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification came to; `bad` is the first thing that is wrong."""

    bad: Bad | None
    checked: Checked


def verify(store: Store, config: Config, trusted: str, checkpoints: str, with_images: bool) -> Verified:
    """Whether the record is as it was written.

    Args:
        store: open.
        config: names the key and the file outside.
        trusted: public keys in PEM whose signatures count; empty for the one beside the database.
        checkpoints: path of the file outside; empty for the configured one.
        with_images: whether image files are looked at.
    """
    outside = read_outside(Path(checkpoints) if checkpoints else checkpoint_path(config))
    beside = Beside(keys_of(config, trusted), outside, store.blobs if with_images else None)
    checked = Checked()
    with snapshot(store.connection) as connection:
        return Verified(verify_all(connection, beside, checked), checked)


def verify_chain(store: Store, config: Config, most: int) -> tuple[int, Verified]:
    """Whether the end of the audit trail is as it was written, and all checkpoints are; not rows, nor images.

    Args:
        store: open.
        config: names the key and the file outside.
        most: events that are read.

    Returns:
        The number of the event behind which was read, and what that came to.
    """
    beside = Beside(keys_of(config, ""), read_outside(checkpoint_path(config)), None)
    checked = Checked()
    with snapshot(store.connection) as connection:
        after = max(0, last_event(connection) - most)
        return after, Verified(verify_trail(connection, beside, checked, after), checked)


def keys_of(config: Config, trusted: str) -> dict[str, PublicKey]:
    """The keys whose signatures count, by id; none where there is none yet."""
    own = public_file(key_path(config))
    if trusted:
        return public_keys(trusted, "--public-key")
    return read_public_keys(own) if own.exists() else {}


def events(store: Store, _: Config, which: Which) -> Sequence[Event]:
    """The events that are meant, the newest first."""
    return find_events(store.connection, which)


def export(store: Store, config: Config, prefix: str, by: str, now: datetime) -> Exported:
    """The bundle of the one case whose id begins so."""
    return export_case(store, config, the_case(store.connection, prefix), by, now)
