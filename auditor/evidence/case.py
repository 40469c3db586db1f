"""Puts the bundle of a case together."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from auditor.blobs import BlobStore
from auditor.errors import StoreUnusable
from auditor.evidence import queries_case
from auditor.evidence.bundle import (
    CASE,
    HOW,
    IMAGES,
    POLICIES,
    README,
    ROWS,
    TRAIL,
    SealedRow,
    case_of,
    image_hashes,
    packed,
    readable,
)
from auditor.evidence.check_bundle import CheckedBundle, check_bundle
from auditor.evidence.checkpoints import Checkpoint
from auditor.evidence.events import Deed, record_event
from auditor.evidence.keys import PublicKey, by_id, public_file, read_public_keys, signing_key
from auditor.evidence.store_checkpoints import checkpoints, key_path, sign_checkpoint
from auditor.evidence.trail import Segment, Trail, segments_for
from auditor.policies.file import configured_policy
from auditor.policies.store import InForce, policies_by_day
from auditor.queries import snapshot
from auditor.store import Store
from conf.schema import Config

EXPORTED = "case.exported"


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle.

    Attributes:
        case: the id.
        data: the file.
        rows, images: how many it has.
        missing: images that are not in the blob store any more, by sha256.
    """

    case: str
    data: bytes
    rows: int
    images: int
    missing: tuple[str, ...]


def export_case(store: Store, config: Config, triple_id: str, by: str, now: datetime) -> Exported:
    """The evidence on a case as a signed bundle; the audit trail notes that it was made.

    Args:
        store: open for writing.
        config: names the key, and the policy that holds until one is approved.
        triple_id: the whole id.
        by: who wants it.
        now: the moment.

    Raises:
        KeyUnusable: there is no key to sign with.
        StoreUnusable: what the database has on the case is not what was stored.
        OutputUnwritable: the checkpoint file cannot be written.
    """
    key = signing_key(key_path(config))
    record_event(store, Deed(EXPORTED, by, triple_id, {}, now))
    while True:
        sign_checkpoint(store, config, now)
        with snapshot(store.connection) as connection:
            found = collected(connection, config, triple_id)
        if found:  # else something on the case was stored after what was signed
            break
    images, missing = images_of(store.blobs, found.rows)
    files = {
        ROWS: readable([row.as_json() for row in found.rows]),
        CASE: case_of(triple_id, found.rows),
        TRAIL: readable(found.trail.as_json()),
        README: HOW.encode(),
        **{f"{POLICIES}{one.number}-in-force.json": readable(described(one)) for one in found.policies},
        **images,
    }
    data = packed(files, triple_id, now.isoformat(timespec="seconds"), key)
    if bad := check_bundle(data, by_id([key.public, *older_keys(config)]), CheckedBundle()):
        raise StoreUnusable(f"the evidence on this case is not as it was written ({bad}); see traceaudit verify")
    return Exported(triple_id, data, len(found.rows), len(images), missing)


@dataclass(frozen=True, slots=True)
class Collected:
    """What the database has on a case at one instant."""

    rows: Sequence[SealedRow]
    trail: Trail
    policies: Sequence[InForce]


def collected(connection: duckdb.DuckDBPyConnection, config: Config, triple_id: str) -> Collected | None:
    """All on a case; None where a part of it is not below a checkpoint yet."""
    policies = policies_of(connection, config, triple_id)
    numbers = sorted({one.number for one in policies if one.number})
    rows = queries_case.rows_of(connection, triple_id, numbers)
    wanted = {
        *queries_case.committing(connection, {row.batch for row in rows}),
        *queries_case.about(connection, triple_id, numbers),
    }
    signed = checkpoints(connection)
    if max(wanted) > signed[-1].seq:
        return None
    return Collected(rows, trail(connection, rows, wanted, signed), policies)


def older_keys(config: Config) -> list[PublicKey]:
    """The keys beside the one that signs, which earlier checkpoints may be signed with."""
    file = public_file(key_path(config))
    return list(read_public_keys(file).values()) if file.exists() else []


def policies_of(connection: duckdb.DuckDBPyConnection, config: Config, triple_id: str) -> list[InForce]:
    """The policies of the days on which the case was judged, each once."""
    days = queries_case.scored_days(connection, triple_id)
    if not days:
        return []
    by_day = policies_by_day(connection, days[0], days[-1], configured_policy(config.policy))
    return list({by_day[day].number: by_day[day] for day in days}.values())


def described(one: InForce) -> dict[str, Any]:
    """A policy for readers; what was proposed and approved is in the rows."""
    return {
        "number": one.number,
        "version": one.policy.version,
        "proposed_by": one.proposed_by,
        "approved_by": one.approved_by,
        "effective_from": one.effective_from and one.effective_from.isoformat(),
        "text": one.policy.text,
    }


def images_of(blobs: BlobStore, rows: Sequence[SealedRow]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The images of the case as files, and those that are not there."""
    hashes = image_hashes(rows)
    found = {sha256: blobs.find(sha256) for sha256 in hashes}
    files = {f"{IMAGES}{sha256}": data for sha256, data in found.items() if data is not None}
    return files, tuple(sha256 for sha256, data in found.items() if data is None)


def trail(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[SealedRow],
    wanted: AbstractSet[int],
    signed: Sequence[Checkpoint],
) -> Trail:
    """The events that commit to the rows and those on the case, up to checkpoints."""
    segments, told = [], {}
    for first, checkpoint in segments_for(wanted, signed):
        events = queries_case.span(connection, first, checkpoint.seq)
        segments.append(Segment(first, events[0].previous, tuple(event.said for event in events), checkpoint))
        told.update({event.seq: event for event in events if event.seq in wanted or event.seq == checkpoint.seq})
    return Trail(tuple(segments), told, queries_case.proofs_of_rows(connection, rows))
