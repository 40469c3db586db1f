"""Puts the bundle of a case together."""

from collections.abc import Sequence
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
from auditor.evidence.events import Deed, record_event
from auditor.evidence.keys import PublicKey, by_id, public_file, read_public_keys, signing_key
from auditor.evidence.store_checkpoints import checkpoints, key_path, sign_checkpoint
from auditor.evidence.trail import Segment, Trail, segments_for
from auditor.policies.file import configured_policy
from auditor.policies.store import InForce, policies_by_day
from auditor.store import Store
from conf.schema import Config

EXPORTED = "case.exported"


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle.

    Attributes:
        data: the file.
        rows, images: how many it has.
        missing: images that are not in the blob store any more, by sha256.
    """

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
    record_event(store, Deed(EXPORTED, by, triple_id, {}, now))
    sign_checkpoint(store, config, now)
    connection = store.connection
    policies = policies_of(connection, config, triple_id)
    numbers = sorted({one.number for one in policies if one.number})
    rows = queries_case.rows_of(connection, triple_id, numbers)
    images, missing = images_of(store.blobs, rows)
    files = {
        ROWS: readable([row.as_json() for row in rows]),
        CASE: case_of(triple_id, rows),
        TRAIL: readable(trail(connection, triple_id, rows, numbers).as_json()),
        README: HOW.encode(),
        **{f"{POLICIES}{one.number}-in-force.json": readable(described(one)) for one in policies},
        **images,
    }
    key = signing_key(key_path(config))
    data = packed(files, triple_id, now.isoformat(timespec="seconds"), key)
    if bad := check_bundle(data, by_id([key.public, *older_keys(config)]), CheckedBundle()):
        raise StoreUnusable(f"the evidence on this case is not as it was written ({bad}); see traceaudit verify")
    return Exported(data, len(rows), len(images), missing)


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
    connection: duckdb.DuckDBPyConnection, triple_id: str, rows: Sequence[SealedRow], policies: Sequence[int]
) -> Trail:
    """The events that commit to the rows and those on the case, up to checkpoints."""
    wanted = {
        *queries_case.committing(connection, {row.batch for row in rows}),
        *queries_case.about(connection, triple_id, policies),
    }
    segments, told = [], {}
    for first, checkpoint in segments_for(wanted, checkpoints(connection)):
        events = queries_case.span(connection, first, checkpoint.seq)
        segments.append(Segment(first, events[0].previous, tuple(event.said for event in events), checkpoint))
        told.update({event.seq: event for event in events if event.seq in wanted or event.seq == checkpoint.seq})
    return Trail(tuple(segments), told, queries_case.proofs_of_rows(connection, rows))
