"""Reads an image file that a record points to: the one effect of checking images."""

from pathlib import Path
from urllib.parse import unquote

from ingest.qta import ImageReason

LOCAL = ("file://localhost/", "file:///", "file:/")


def plain(path: str) -> str:
    """A path, also where it is written as a file: address of this machine."""
    for head in LOCAL:
        if path[: len(head)].lower() == head:
            return "/" + unquote(path[len(head) :])
    return path


def read_below(folder: str | None, path: str, max_bytes: int) -> bytes | ImageReason:
    """The bytes of `path`, when it is a plain file below `folder`.

    Links are followed before the check, so that a link inside cannot lead outside.

    Args:
        folder: None for a record from a stream, which may point nowhere.
        path: as the record has it, relative to `folder` or absolute, or a file: address.
        max_bytes: a larger file is not read.
    """
    if folder is None:
        return ImageReason.NOT_FETCHED_POLICY
    try:
        root = Path(folder).resolve()
        file = (root / plain(path)).resolve()
        if not file.is_relative_to(root):
            return ImageReason.NOT_FETCHED_POLICY
        if not file.is_file():  # a pipe or device would block
            return ImageReason.ATTACHMENT_MISSING
        return file.read_bytes() if file.stat().st_size <= max_bytes else ImageReason.TOO_LARGE
    except (OSError, ValueError, RuntimeError):  # no permission, a null byte in the path, a loop of links
        return ImageReason.ATTACHMENT_MISSING
