"""The folder of original images: each once, under the hash of its bytes."""

import os
import tempfile
from pathlib import Path

from auditor.errors import StoreUnusable
from ingest.qta import ImageBlob


class Blobs:
    """Image files named by content, `ab/abcdef…`; written whole or not at all, and never overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the image of that hash lies, if it was kept."""
        return self.folder / sha256[:2] / sha256

    def keep(self, image: ImageBlob) -> None:
        """Write the image if it is not there yet; on disk for good when this returns.

        Raises:
            StoreUnusable: the folder cannot be written.
        """
        self.put(image.sha256, image.data)

    def put(self, sha256: str, data: bytes) -> None:
        """Write bytes under their hash; see `keep`."""
        path = self.path(sha256)
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise StoreUnusable(f"{path}: {error.strerror or error}") from None

    def read(self, sha256: str) -> bytes:
        """What lies under a hash.

        Raises:
            StoreUnusable: nothing does, or it cannot be read.
        """
        try:
            return self.path(sha256).read_bytes()
        except OSError as error:
            raise StoreUnusable(f"{self.path(sha256)}: {error.strerror or error}") from None


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, flush, rename: a crash leaves the file or nothing under its name."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).rename(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
