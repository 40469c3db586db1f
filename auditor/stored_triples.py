"""A stored triple as it was when it was first judged: rows become a QTATriple, images come from the blobs.

triples, images --triple_from--> QTATriple, its images left behind --with_images--> QTATriple as `run` had it
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from auditor.blobs import BlobStore
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.qta import (
    GuardSignal,
    ImageBlob,
    ImageFailure,
    ImageReason,
    KindSource,
    Origin,
    Position,
    QTATriple,
    RefKind,
    Status,
    Substitute,
    ThinkingKind,
    ToolCall,
)

Row = Mapping[str, Any]


def triple_from(row: Row, images: Sequence[Row]) -> QTATriple:
    """The triple of a row of `triples`, with its rows of `images` in the order shown; their bytes are left behind."""
    return QTATriple(
        id=row["id"],
        status=Status(row["status"]),
        question=row["question"],
        thinking=row["thinking"],
        thinking_kind=ThinkingKind(row["thinking_kind"]),
        answer=row["answer"],
        position=Position(row["source"], row["partition"], row["offset"]),
        kind_source=KindSource(row["kind_source"]),
        substitute=Substitute(row["substitute"]),
        images=tuple(map(image_from, images)),
        tool_calls=tuple(ToolCall(**call) for call in row["tool_calls"]),
        system_prompt=row["system_prompt"],
        context=row["context"],
        tenant=row["tenant"],
        application=row["application"],
        user=row["user_id"],
        model=row["model"],
        conversation_id=row["conversation_id"],
        turn=row["turn"],
        response_id=row["response_id"],
        occurred_at=row["occurred_at"] and in_utc(row["occurred_at"]),
        format=row["format"],
        warnings=tuple(row["warnings"]),
        guards=tuple(signal_from(signal) for signal in row["guards"] or ()),
        trace_id=row["trace_id"],
        span_id=row["span_id"],
    )


def signal_from(signal: Row) -> GuardSignal:
    """What another guard said."""
    return GuardSignal(**{**signal, "categories": tuple(signal["categories"])})


def image_from(row: Row) -> ImageBlob | ImageFailure:
    """One image of a row of `images`."""
    ref_kind, origin = RefKind(row["ref_kind"]), Origin(row["origin"])
    if row["reason"] is not None:
        return ImageFailure(ImageReason(row["reason"]), ref_kind, origin)
    size = (row["media_type"], row["width"], row["height"])
    return ImageBlob(row["sha256"], *size, b"", ref_kind, origin, stored_bytes=row["n_bytes"])


def in_utc(time: datetime) -> datetime:
    """A time of the tables, which keep UTC without a zone."""
    return time.replace(tzinfo=UTC)


def with_images(triple: QTATriple, blobs: BlobStore, resolver: Resolver) -> QTATriple:
    """The triple with its images as `run` would have them, checked and decoded by the same means.

    Args:
        triple: with images that were left behind.
        blobs: where they lie.
        resolver: for the copies that the guard sees; its limits are those in force now.

    Raises:
        StoreUnusable: the blob store cannot be read at all.
    """
    return replace(triple, images=tuple(brought(triple.images, blobs, resolver)))


def brought(
    images: Sequence[ImageBlob | ImageFailure], blobs: BlobStore, resolver: Resolver
) -> Iterator[ImageBlob | ImageFailure]:
    """Each image with its bytes; one that is not there any more, or not as it was, is a failure that says so."""
    for image in images:
        if isinstance(image, ImageFailure) or not image.is_left_behind:
            yield image
            continue
        data = blobs.find(image.sha256)
        if data is None or hashlib.sha256(data).hexdigest() != image.sha256:
            found: ImageBlob | ImageReason = ImageReason.BLOB_GONE
        else:
            found = resolver.checked(data, ImageRef(image.ref_kind, image.origin))
        yield ImageFailure(found, image.ref_kind, image.origin) if isinstance(found, ImageReason) else found
