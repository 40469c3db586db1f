"""Reads an image file that a record points to: the one effect of checking images."""

from pathlib import Path

from ingest.qta import ImageReason


def read_below(folder: str | None, path: str, max_bytes: int) -> bytes | ImageReason:
    """The bytes of `path`, when it is a plain file below `folder`.

    Links are followed before the check, so that a link inside cannot lead outside.

    Args:
        folder: None for a record from a stream, which may point nowhere.
        path: as the record has it, relative to `folder` or absolute.
        max_bytes: a larger file is not read.
    """
    if folder is None:
        return ImageReason.NOT_FETCHED_POLICY
    try:
        root = Path(folder).resolve()
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            return ImageReason.NOT_FETCHED_POLICY
        if not file.is_file():  # a pipe or device would block
            return ImageReason.ATTACHMENT_MISSING
        return file.read_bytes() if file.stat().st_size <= max_bytes else ImageReason.TOO_LARGE
    except (OSError, ValueError, RuntimeError):  # no permission, a null byte in the path, a loop of links
        return ImageReason.ATTACHMENT_MISSING
