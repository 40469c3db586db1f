"""Small pictures for a report, made anew from the checked originals: nothing of the original's bytes gets through."""

import base64
import io
from collections.abc import Callable, Iterable

from ingest.images.pixels import shrink
from reports.report import EscalationReport

QUALITY = 60  # of the JPEG: a thumbnail is for recognising, the original stays in the image folder


def hashes(report: EscalationReport) -> set[str]:
    """The images of the cases that the report shows."""
    return {image.sha256 for case in report.cases for image in case.images if image.sha256}


def thumbnails(wanted: Iterable[str], read: Callable[[str], bytes | None], side_px: int) -> dict[str, str]:
    """sha256 -> data URI.

    Args:
        wanted: hashes.
        read: gives the original's bytes, or None when they are gone; such an image is left out.
        side_px: longer side at most.
    """
    found = ((sha256, read(sha256)) for sha256 in sorted(wanted))
    return {sha256: thumbnail(data, side_px) for sha256, data in found if data is not None}


def thumbnail(data: bytes, side_px: int) -> str:
    """A JPEG data URI of the first frame of a checked image."""
    small = shrink(data, side_px * side_px)
    small.thumbnail((side_px, side_px))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(target.getvalue()).decode()}"
