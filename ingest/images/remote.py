"""Reads an image from object storage through fsspec, where the configuration allows it; off by default."""

import time
from collections.abc import Sequence

from ingest.errors import MissingExtra
from ingest.images.dial import in_time
from ingest.qta import ImageReason

EXTRAS = {"s3": "s3", "gs": "gcs"}
DENIED = {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "NoAuthTokenError"}


def is_allowed(url: str, schemes: Sequence[str]) -> bool:
    """Whether `url` begins with an entry: a scheme such as `s3`, or an address such as `s3://bucket/folder/`."""
    return any(url.startswith(entry if "://" in entry else f"{entry}://") for entry in schemes)


def read_remote(url: str, schemes: Sequence[str], max_bytes: int, timeout_s: float) -> bytes | ImageReason:
    """The object's bytes, or why there are none.

    Args:
        url: such as s3://bucket/key.
        schemes: what may be read, see `is_allowed`.
        max_bytes: no more is read.
        timeout_s: for all of it.

    Raises:
        MissingExtra: an allowed scheme's library is not installed.
    """
    if not is_allowed(url, schemes):
        return ImageReason.NOT_FETCHED_POLICY
    try:
        return in_time(lambda: read_object(url, max_bytes), time.monotonic() + timeout_s)
    except MissingExtra:
        raise
    except Exception as error:  # noqa: BLE001 - each storage library has errors of its own
        return reason_of(error)


def read_object(url: str, max_bytes: int) -> bytes | ImageReason:
    """At most so many bytes, and one more to see that there are more."""
    import fsspec

    scheme, _, path = url.partition("://")
    try:
        storage = fsspec.filesystem(scheme)
    except ImportError:
        raise MissingExtra(f"an image at {scheme}://", EXTRAS.get(scheme, scheme)) from None
    data: bytes = storage.cat_file(path, start=0, end=max_bytes + 1)
    return data if len(data) <= max_bytes else ImageReason.TOO_LARGE


def reason_of(error: Exception) -> ImageReason:
    """What an error of a storage library means."""
    if isinstance(error, TimeoutError):
        return ImageReason.TIMEOUT
    if isinstance(error, FileNotFoundError):
        return ImageReason.ATTACHMENT_MISSING
    if isinstance(error, PermissionError) or type(error).__name__ in DENIED:
        return ImageReason.NEEDS_CREDENTIALS
    return ImageReason.NOT_REACHABLE
