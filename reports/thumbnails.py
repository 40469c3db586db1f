"""Small pictures for a report, made anew from the checked originals: nothing of the original's bytes gets through."""

import base64
import io
from collections.abc import Callable, Collection
from math import sqrt

from ingest.images.pixels import shrink
from reports.report import EscalationReport

MAX_BYTES = 1_200_000  # of all thumbnails of a report together
BYTES_PER_PIXEL = 0.25  # of a square one, as base64; a photograph at QUALITY takes less
MIN_SIDE_PX = 40
QUALITY = 60  # of the JPEG: a thumbnail is for recognising, the original stays in the image folder


def hashes(report: EscalationReport) -> set[str]:
    """The images of the cases that the report shows."""
    return {image.sha256 for case in report.cases for image in case.images if image.sha256}


def thumbnails(wanted: Collection[str], read: Callable[[str], bytes | None], side_px: int) -> dict[str, str]:
    """sha256 -> data URI.

    Args:
        wanted: hashes.
        read: gives the original's bytes, or None when they are gone; such an image is left out.
        side_px: longer side at most; less where there are many, so that all of them together stay small.
    """
    side = min(side_px, fitting_side(len(wanted)))
    found = ((sha256, read(sha256)) for sha256 in sorted(wanted))
    return {sha256: thumbnail(data, side) for sha256, data in found if data is not None}


def fitting_side(n: int) -> int:
    """The longer side of `n` images that take about MAX_BYTES together, in pixels."""
    return max(MIN_SIDE_PX, int(sqrt(MAX_BYTES / (max(n, 1) * BYTES_PER_PIXEL))))


def thumbnail(data: bytes, side_px: int) -> str:
    """A JPEG data URI of the first frame of a checked image."""
    small = shrink(data, side_px * side_px)
    small.thumbnail((side_px, side_px))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(target.getvalue()).decode()}"
