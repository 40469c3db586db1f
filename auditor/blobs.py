"""The store of original images: each once, under the hash of its bytes; a folder, or object storage."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.errors import StoreUnusable
from auditor.files import sync_folder, write_whole
from ingest.errors import MissingExtra
from ingest.qta import ImageBlob

HASH_CHARS = 64
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


def open_blobs(where: str) -> "BlobStore":
    """The store in a folder, or at an address such as s3://bucket/prefix.

    Raises:
        MissingExtra: the library for such addresses is not installed.
        StoreUnusable: nothing is known of such addresses.
    """
    return ObjectBlobs(where) if "://" in where else Blobs(Path(where))


class BlobStore(ABC):
    """Bytes named by content, `ab/abcdef…`.

    They are there whole or not at all, also when the process is killed while they are written, and what is there is
    never overwritten.
    """

    @property
    @abstractmethod
    def where(self) -> str:
        """What `open_blobs` opens it by, also from another folder."""

    def keep(self, image: ImageBlob) -> None:
        """Write the image if it is not there yet; kept for good when this returns.

        Raises:
            StoreUnusable: it cannot be written.
        """
        self.put(image.sha256, image.data)

    def read(self, sha256: str) -> bytes:
        """What lies under a hash.

        Raises:
            StoreUnusable: nothing does, or it cannot be read.
        """
        data = self.find(sha256)
        if data is None:
            raise StoreUnusable(f"{self.path(sha256)}: not there")
        return data

    @abstractmethod
    def put(self, sha256: str, data: bytes) -> None:
        """Write bytes under their hash; see `keep`."""

    @abstractmethod
    def find(self, sha256: str) -> bytes | None:
        """What lies under a hash; None where nothing does.

        Raises:
            StoreUnusable: it cannot be read.
        """

    @abstractmethod
    def delete(self, sha256: str) -> int:
        """Delete what lies under a hash; gives 1, or 0 where nothing does.

        Raises:
            StoreUnusable: it cannot be deleted.
        """

    @abstractmethod
    def names(self) -> Iterator[str]:
        """The hashes under which something lies.

        Raises:
            StoreUnusable: it cannot be read.
        """

    @abstractmethod
    def path(self, sha256: str) -> Path | str:
        """Where the bytes with that hash lie, if they were kept."""


class Blobs(BlobStore):
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def where(self) -> str:
        """See BlobStore."""
        return str(self.folder.resolve())

    def path(self, sha256: str) -> Path:
        """See BlobStore."""
        return self.folder / sha256[:2] / sha256

    def put(self, sha256: str, data: bytes) -> None:
        """Write beside, then rename."""
        path = self.path(sha256)
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise StoreUnusable(f"{path}: {error.strerror or error}") from None

    def find(self, sha256: str) -> bytes | None:
        """See BlobStore."""
        path = self.path(sha256)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnusable(f"{path}: {error.strerror or error}") from None

    def delete(self, sha256: str) -> int:
        """See BlobStore."""
        path = self.path(sha256)
        try:
            path.unlink()
            sync_folder(path.parent)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StoreUnusable(f"{path}: {error.strerror or error}") from None
        return 1

    def names(self) -> Iterator[str]:
        """See BlobStore."""
        try:
            yield from (path.name for path in self.folder.glob("??/*") if is_hash(path.name))
        except OSError as error:
            raise StoreUnusable(f"{self.folder}: {error.strerror or error}") from None


class ObjectBlobs(BlobStore):
    """Object storage, through fsspec; an object appears at once and whole, and only where there is none."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.storage = storage_of(self.url)

    @property
    def where(self) -> str:
        """See BlobStore."""
        return self.url

    def path(self, sha256: str) -> str:
        """See BlobStore."""
        return f"{self.url}/{sha256[:2]}/{sha256}"

    def put(self, sha256: str, data: bytes) -> None:
        """Create the object; that another process was faster is as good."""
        path = self.path(sha256)
        try:
            if not self.storage.exists(path):
                self.storage.pipe_file(path, data, mode="create")
        except FileExistsError:
            return
        except Exception as error:  # noqa: BLE001 - each storage library has errors of its own
            raise StoreUnusable(f"{self.url}: {type(error).__name__}: {error}") from None

    def find(self, sha256: str) -> bytes | None:
        """See BlobStore."""
        try:
            data: bytes = self.storage.cat_file(self.path(sha256))
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - each storage library has errors of its own
            raise StoreUnusable(f"{self.url}: {type(error).__name__}: {error}") from None
        return data

    def delete(self, sha256: str) -> int:
        """See BlobStore. Where the storage keeps versions, older ones are for it to delete."""
        path = self.path(sha256)
        try:
            if not self.storage.exists(path):
                return 0
            self.storage.rm_file(path)
        except FileNotFoundError:
            return 0
        except Exception as error:  # noqa: BLE001 - each storage library has errors of its own
            raise StoreUnusable(f"{self.url}: {type(error).__name__}: {error}") from None
        return 1

    def names(self) -> Iterator[str]:
        """See BlobStore."""
        try:
            found = self.storage.find(self.url)
        except FileNotFoundError:
            return
        except Exception as error:  # noqa: BLE001 - each storage library has errors of its own
            raise StoreUnusable(f"{self.url}: {type(error).__name__}: {error}") from None
        yield from (name for name in (path.rpartition("/")[2] for path in found) if is_hash(name))


def is_hash(name: str) -> bool:
    """Whether a file is named as those are that we keep; others are somebody else's."""
    return len(name) == HASH_CHARS and set(name) <= set("0123456789abcdef")


def storage_of(url: str) -> Any:
    """Fsspec's file system for an address.

    Raises:
        MissingExtra: its library is not installed.
        StoreUnusable: nothing is known of such addresses.
    """
    import fsspec

    scheme = url.partition("://")[0]
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError:
        raise MissingExtra(f"images.blob_dir = {url!r}", EXTRAS.get(scheme, scheme)) from None
    except ValueError as error:
        raise StoreUnusable(f"images.blob_dir = {url!r}: {error}") from None
