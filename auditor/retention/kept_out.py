"""What was erased does not come back: a log that is read once more brings none of it into the database.

A triple stays out by its id, or since it is of a conversation that was erased: later turns repeat what was said in the
earlier ones. Of a user who was erased all stays out that happened before; what they do from then on is new.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from auditor.verdict_rows import utc
from ingest.qta import ImageBlob, ImageFailure, ImageReason, Outcome, QTATriple, State

if TYPE_CHECKING:
    from auditor.store import Store

ERASED = "erased"  # the reason of an outcome whose triples stay out

BY_ID = "SELECT triple_id, id, subject, tenant, digest FROM erasures WHERE triple_id IN (SELECT unnest(?::VARCHAR[]))"
BY_DIGEST = """
    SELECT digest, max("at"), arg_max(id, "at") FROM erasures
    WHERE digest IN (SELECT unnest(?::VARCHAR[])) AND triple_id IS NULL AND subject IN ('conversation', 'user')
    GROUP BY digest
"""


def keep_out(store: "Store", triples: Sequence[QTATriple], now: datetime) -> set[str]:
    """The ids of those that were erased, in the open transaction, in which they are noted as such from now on."""
    if not triples or not store.connection.execute("SELECT 1 FROM erasures LIMIT 1").fetchall():
        return set()
    rows = store.connection.execute(BY_ID, [[triple.id for triple in triples]]).fetchall()
    known = {str(row[0]) for row in rows}
    strangers = [triple for triple in triples if triple.id not in known]
    found = {triple.id: row for triple, row in of_erased(store, strangers)}
    store.insert("erasures", [{**row, "at": utc(now)} for row in found.values()])
    out = known | found.keys()
    note_blobs(store, [triple for triple in triples if triple.id in out], now)
    return out


def of_erased(store: "Store", triples: Iterable[QTATriple]) -> list[tuple[QTATriple, dict[str, str]]]:
    """Those that are of an erased conversation, or of a time before their user was erased; with a row of erasures."""
    from auditor.retention.subjects import salt_of

    salt = salt_of(store)
    names = [(triple, *name) for triple in triples for name in names_of(triple, salt or "")]
    digests = sorted({digest for *_, digest in names})
    gone = {digest: rest for digest, *rest in store.connection.execute(BY_DIGEST, [digests]).fetchall()}
    found = []
    for triple, kind, digest in names:
        at, erasure = gone.get(digest, (None, ""))
        if at is None or (kind == "user" and not is_before(triple, at)):
            continue
        row = {"id": erasure, "subject": kind, "tenant": triple.tenant, "digest": digest, "triple_id": triple.id}
        found.append((triple, row))
    return found


def names_of(triple: QTATriple, salt: str) -> list[tuple[str, str]]:
    """The digests of the subjects that a triple is of, by their kinds."""
    from auditor.retention.subjects import digest_of

    names = (("conversation", triple.conversation_id), ("user", triple.user))
    return [(kind, digest_of(salt, kind, triple.tenant, name)) for kind, name in names if name]


def is_before(triple: QTATriple, at: datetime) -> bool:
    """Whether it happened before that; what has no time may have."""
    return triple.occurred_at is None or utc(triple.occurred_at) <= at


def note_blobs(store: "Store", triples: Iterable[QTATriple], now: datetime) -> None:
    """Have their images deleted, which a worker may have kept before anybody knew."""
    images = (image for triple in triples for image in triple.images if isinstance(image, ImageBlob))
    hashes = sorted({image.sha256 for image in images})
    store.insert("blobs_due", [{"sha256": name, "since": utc(now)} for name in hashes])


def with_blobs(store: "Store", triples: Sequence[QTATriple]) -> Sequence[QTATriple]:
    """The triples with images whose files are there, in the open transaction.

    A file is kept before the transaction, or by a worker long before. One that was there already may have been deleted
    in between, since no triple showed it any more: it is kept once more, or named as gone where it cannot be.
    """
    if not triples or not (gone := gone_blobs(store, triples)):
        return triples
    return [replace(triple, images=tuple(whole_image(store, one, gone) for one in triple.images)) for triple in triples]


def gone_blobs(store: "Store", triples: Iterable[QTATriple]) -> set[str]:
    """Those of their images' files that were deleted lately."""
    found = {one.sha256 for triple in triples for one in triple.images if isinstance(one, ImageBlob)}
    query = "SELECT sha256 FROM blobs_gone WHERE sha256 IN (SELECT unnest(?::VARCHAR[]))"
    return {name for (name,) in store.connection.execute(query, [sorted(found)]).fetchall()} if found else set()


def whole_image(store: "Store", image: ImageBlob | ImageFailure, gone: AbstractSet[str]) -> ImageBlob | ImageFailure:
    """One image, whose file is there; or that it is gone."""
    if isinstance(image, ImageFailure) or image.sha256 not in gone:
        return image
    if not image.is_left_behind:
        store.blobs.keep(image)
    elif store.blobs.find(image.sha256) is None:
        return ImageFailure(ImageReason.BLOB_GONE, image.ref_kind, image.origin)
    return image


def shed(outcomes: Iterable[Outcome], out: AbstractSet[str]) -> list[Outcome]:
    """The outcomes as they are told where none of a record's triples is stored, since all were erased."""
    return [
        replace(one, state=State.SHED, reason=ERASED)
        if one.triple_ids and all(name in out for name in one.triple_ids)
        else one
        for one in outcomes
    ]
