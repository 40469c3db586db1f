"""Whether the record is whole: the trail, the rows that it commits to, the checkpoints on it, the images.

Checked in the order in which one rests on the other, up to the first thing that is wrong:

1. the events are numbered without a hole, and each has the hash of all that it says and of the one before;
2. each row has the leaf of what it says;
3. the leaves of each batch, with those that were released, are as many as its event says, with the same digest;
4. what was released is what the events say was released;
5. each checkpoint is signed and names an event by its hash; the file outside has none that the database has not;
6. each image lies under its hash.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import duckdb

from auditor.blobs import BlobStore
from auditor.errors import StoreUnusable
from auditor.evidence import queries_verify
from auditor.evidence.checkpoints import Checkpoint
from auditor.evidence.digest import Digest
from auditor.evidence.events import START
from auditor.evidence.findings import Bad, Checked
from auditor.evidence.keys import PublicKey
from auditor.evidence.store_checkpoints import SIGNED, Outside, checkpoints
from auditor.evidence.store_leaves import sealed_tables
from auditor.evidence.store_seals import ADOPTED, STORED

Counted = tuple[int, str]
"""How many leaves, and their digest."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a database is checked with.

    Attributes:
        keys: that checkpoints may be signed with, by id.
        outside: the file outside the database, as it was before the database was looked at, since what is signed
            meanwhile is in the database first; None where it is not to be looked at.
        blobs: the images; None where they are not to be looked at.
    """

    keys: Mapping[str, PublicKey]
    outside: Outside | None
    blobs: BlobStore | None


@dataclass(slots=True)
class Told:
    """What the events say of the rows.

    Attributes:
        stored, released: table to batch to what its event says.
        signed: the events that say that a checkpoint was made.
    """

    stored: dict[str, dict[int, Counted]] = field(default_factory=dict)
    released: dict[str, dict[int, Counted]] = field(default_factory=dict)
    signed: set[int] = field(default_factory=set)


def verify(connection: duckdb.DuckDBPyConnection, beside: Beside, checked: Checked) -> Bad | None:
    """The first thing that is wrong; None where all is as it was written.

    Args:
        connection: in a transaction, where others may write.
        beside: see there.
        checked: is filled with how much was looked at.
    """
    return next(problems(connection, beside, checked), None)


def problems(connection: duckdb.DuckDBPyConnection, beside: Beside, checked: Checked) -> Iterator[Bad]:
    """All of it, in order; to be stopped at the first: what comes after rests on what comes before."""
    told = Told()
    yield from bad_events(connection, told, checked)
    yield from bad_rows(connection, told, checked)
    yield from bad_releases(connection, told, checked)
    yield from bad_checkpoints(connection, told, beside, checked)
    if beside.blobs:
        yield from bad_images(connection, beside.blobs, checked)


def verify_trail(connection: duckdb.DuckDBPyConnection, beside: Beside, checked: Checked, after: int = 0) -> Bad | None:
    """The same for checks 1 and 5 alone: events and checkpoints, not the rows that they speak of.

    Args:
        connection: as above.
        beside: as above.
        checked: as above.
        after: the events up to this one are not read; checkpoints are looked at all the same.
    """
    told = Told(signed=queries_verify.numbers_of(connection, SIGNED, after))
    found = chain(bad_events(connection, told, checked, after), bad_checkpoints(connection, told, beside, checked))
    return next(found, None)


def bad_events(connection: duckdb.DuckDBPyConnection, told: Told, checked: Checked, after: int = 0) -> Iterator[Bad]:
    """Check 1, of the events behind that number; fills `told`."""
    previous = queries_verify.hash_of(connection, after) or START
    for number, (event, stands) in enumerate(queries_verify.events(connection, after), after + 1):
        if event.seq != number:
            yield Bad("events", str(number), number, f"is missing; the next one is {event.seq}")
        if event.previous != previous or event.hash != stands:
            yield Bad("events", str(event.seq), event.seq, "is not what was written, or not after what it was written")
        if event.kind in {STORED, ADOPTED}:
            yield from note(told, event.seq, event.details)
        if event.kind == SIGNED:
            told.signed.add(event.seq)
        previous, checked.events = stands, number


def note(told: Told, seq: int, details: str) -> Iterator[Bad]:
    """Note what an event says of rows."""
    try:
        said: dict[str, Any] = json.loads(details)
        batch = said["batch"]
        for kept, of_tables in ((told.stored, said["stored"]), (told.released, said["released"])):
            for table, (n, digest) in of_tables.items():
                if batch in kept.setdefault(table, {}):
                    yield Bad("events", str(seq), seq, f"speaks of batch {batch}, as one before it does")
                kept[table][batch] = (n, digest)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Bad("events", str(seq), seq, "does not say what was stored")


def bad_rows(connection: duckdb.DuckDBPyConnection, told: Told, checked: Checked) -> Iterator[Bad]:
    """Checks 2 and 3."""
    tables = sealed_tables(connection)
    for table in sorted(told.stored.keys() - tables):
        yield Bad(table, "", min(told.stored[table]), "has no seals any more, or is not there")
    for table in tables:
        expected = told.stored.get(table, {})
        checked.rows[table] = 0
        for batch, digest in digests(queries_verify.leaves(connection, table)):
            if digest is None:
                yield bad_row(connection, table)
            else:
                yield from difference(table, batch, digest, expected.pop(batch, None))
                checked.rows[table] += digest.n
        yield from gone(table, expected)


def bad_row(connection: duckdb.DuckDBPyConnection, table: str) -> Bad:
    """The row that has not the leaf of what it says."""
    row = queries_verify.first_bad_row(connection, table)
    if row is None:
        return Bad("released", table, None, "holds what is no leaf")
    key, batch, is_sealed = row
    what = "does not say what was stored" if is_sealed else "has no seal: it was not stored by traceaudit"
    return Bad(table, key, batch, what)


def bad_releases(connection: duckdb.DuckDBPyConnection, told: Told, checked: Checked) -> Iterator[Bad]:
    """Check 4."""
    for table in sorted({*told.released, *queries_verify.released_tables(connection)}):
        expected = told.released.get(table, {})
        for batch, digest in digests(queries_verify.released_leaves(connection, table)):
            if digest is None:
                yield Bad("released", table, None, "holds what is no leaf")
            else:
                yield from difference(f"released {table}", batch, digest, expected.pop(batch, None))
                checked.released += digest.n
        yield from gone(f"released {table}", expected)


def digests(runs: Iterable[tuple[int, memoryview | None]]) -> Iterator[tuple[int, Digest | None]]:
    """The digest over each batch; None where there is a leaf that is none."""
    for batch, of_batch in groupby(runs, key=itemgetter(0)):
        digest = Digest()
        for _, leaves in of_batch:
            if leaves is None:
                yield batch, None
                return
            digest.add(leaves)
        yield batch, digest


def gone(table: str, expected: Mapping[int, Counted]) -> Iterator[Bad]:
    """Batches that events speak of, and of which nothing is left."""
    for batch in sorted(expected):
        yield Bad(table, "", batch, f"all {expected[batch][0]} of its rows are gone")


def difference(table: str, batch: int, digest: Digest, told: Counted | None) -> Iterator[Bad]:
    """Where a batch is another than its event says."""
    if told is None:
        yield Bad(table, "", batch, f"{digest.n} rows, and no event says that they were stored")
    elif digest.n != told[0]:
        what = "are missing" if digest.n < told[0] else "are too many"
        yield Bad(table, "", batch, f"{abs(told[0] - digest.n)} of {told[0]} rows {what}")
    elif digest.hex() != told[1]:
        yield Bad(table, "", batch, "one of its rows is not one that was stored with it")


def bad_checkpoints(
    connection: duckdb.DuckDBPyConnection, told: Told, beside: Beside, checked: Checked
) -> Iterator[Bad]:
    """Check 5."""
    kept = checkpoints(connection)
    heads = queries_verify.head_hashes(connection)
    for one in kept:
        what = wrong_with(one, heads.get(one.seq), beside.keys)
        if what or one.seq not in told.signed:
            yield Bad("checkpoints", str(one.seq), one.seq, what or "no event says that it was made")
    checked.checkpoints, last = len(kept), kept[-1].seq if kept else 0
    checked.since_checkpoint = checked.events - last
    for seq in sorted(told.signed - {one.seq for one in kept}):
        yield Bad("checkpoints", str(seq), seq, "is missing")
    if beside.outside:
        yield from bad_lines(beside.outside, kept, checked)


def wrong_with(one: Checkpoint, head: str | None, keys: Mapping[str, PublicKey]) -> str | None:
    """What is wrong with a checkpoint; `head` is the hash of its event."""
    if head != one.hash:
        return "there is no such event" if head is None else "its event has another hash than was signed"
    if one.key_id not in keys:
        return f"is signed with the key {one.key_id}, whose public half is not here; see --public-key"
    return None if one.is_signed_by(keys[one.key_id]) else "its signature is not good"


def bad_lines(outside: Outside, kept: list[Checkpoint], checked: Checked) -> Iterator[Bad]:
    """Where the file outside has what the database has not."""
    inside = {one.seq: one for one in kept}
    if outside.lines is None:
        if kept:
            what = "is not there; where a copy is checked, name it with --checkpoints FILE"
            yield Bad("file", str(outside.path), None, what)
        return
    for number, one in enumerate(outside.lines, 1):
        if one is None:
            yield Bad("file", f"{outside.path}:{number}", None, "is no checkpoint")
        elif inside.get(one.seq) != one:
            what = "is a checkpoint that the database does not have"
            yield Bad("file", f"{outside.path}:{number}", one.seq, what)
        checked.outside += 1
    if checked.outside < len(kept):
        checked.notes.append(f"{len(kept) - checked.outside} checkpoints are not in {outside.path} yet")


def bad_images(connection: duckdb.DuckDBPyConnection, blobs: BlobStore, checked: Checked) -> Iterator[Bad]:
    """Check 6."""
    for sha256, triple_id, batch in queries_verify.image_hashes(connection):
        what = wrong_image(blobs, sha256)
        if what:
            yield Bad("images", triple_id, batch, f"the file of {sha256} {what}")
        checked.images += 1


def wrong_image(blobs: BlobStore, sha256: str) -> str | None:
    """What is wrong with an image file."""
    try:
        data = blobs.find(sha256)
    except StoreUnusable as error:
        return f"cannot be read: {error}"
    if data is None:
        return "is missing"
    return None if hashlib.sha256(data).hexdigest() == sha256 else "holds something else"
