"""What every store of images promises, tried on a folder and on an S3."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from auditor.blobs import BlobStore, open_blobs
from auditor.errors import StoreUnusable
from auditor.store import Store
from ingest.errors import MissingExtra
from tests.factories import make_image
from tests.s3 import BUCKET, running_s3, use

IMAGE = make_image(b"abc" * 1000)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture(params=["folder", "s3"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "blobs")
    use(request.getfixturevalue("address"), monkeypatch)
    return f"s3://{BUCKET}/{tmp_path.name}/"


@pytest.fixture
def blobs(where: str) -> BlobStore:
    return open_blobs(where)


def names(where: str) -> list[str]:
    """The names below a store's place, as anybody sees them who looks there."""
    storage, path = fsspec.url_to_fs(where)
    storage.invalidate_cache()
    return sorted(name.removeprefix(path.rstrip("/")).lstrip("/") for name in storage.find(path))


def overwrite(where: str, data: bytes) -> None:
    fsspec.open(f"{where.rstrip('/')}/{IMAGE.sha256[:2]}/{IMAGE.sha256}", "wb").open().close()
    storage, path = fsspec.url_to_fs(where)
    storage.pipe_file(f"{path.rstrip('/')}/{IMAGE.sha256[:2]}/{IMAGE.sha256}", data)


def test_an_image_is_read_as_it_was_kept(blobs: BlobStore) -> None:
    assert blobs.find(IMAGE.sha256) is None
    with pytest.raises(StoreUnusable, match=IMAGE.sha256):
        blobs.read(IMAGE.sha256)
    blobs.keep(IMAGE)
    assert blobs.find(IMAGE.sha256) == IMAGE.data
    assert blobs.read(IMAGE.sha256) == IMAGE.data


def test_an_image_lies_once_under_its_hash(blobs: BlobStore, where: str) -> None:
    for _ in range(3):
        blobs.keep(IMAGE)
    assert names(where) == [f"{IMAGE.sha256[:2]}/{IMAGE.sha256}"]


def test_what_is_there_is_never_overwritten(blobs: BlobStore, where: str) -> None:
    blobs.keep(IMAGE)
    overwrite(where, b"as it was")
    blobs.keep(IMAGE)
    assert open_blobs(where).read(IMAGE.sha256) == b"as it was"


def test_many_may_keep_the_same_image_at_once(where: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: open_blobs(where).keep(IMAGE), range(16)))
    assert open_blobs(where).read(IMAGE.sha256) == IMAGE.data
    assert names(where) == [f"{IMAGE.sha256[:2]}/{IMAGE.sha256}"]


def test_a_database_keeps_its_images_there(where: str, tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "a.duckdb"), where) as store:
        for image in (IMAGE, make_image(b"another")):
            store.blobs.keep(image)
        assert store.blobs.read(IMAGE.sha256) == IMAGE.data
    assert len(names(where)) == 2


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    use(address, monkeypatch)
    for where in (str(tmp_path / "file"), "s3://no-such-bucket/prefix"):
        with pytest.raises(StoreUnusable, match=where):
            open_blobs(where).keep(IMAGE)


def test_an_address_of_an_unknown_kind_is_one_line() -> None:
    with pytest.raises(StoreUnusable, match="nosuch://x"):
        open_blobs("nosuch://x")


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(MissingExtra, match="gcs"):
        open_blobs("gs://bucket/prefix")


def test_what_is_deleted_is_gone_and_the_others_are_not(blobs: BlobStore, where: str) -> None:
    other = make_image(b"other")
    assert list(blobs.names()) == []
    assert blobs.delete(IMAGE.sha256) == 0
    for image in (IMAGE, other):
        blobs.keep(image)
    storage, path = fsspec.url_to_fs(where)
    storage.makedirs(f"{path.rstrip('/')}/ab", exist_ok=True)
    storage.pipe_file(f"{path.rstrip('/')}/ab/readme.txt", b"somebody else's")
    assert sorted(blobs.names()) == sorted([IMAGE.sha256, other.sha256])
    assert blobs.delete(IMAGE.sha256) == 1
    assert (blobs.find(IMAGE.sha256), list(blobs.names())) == (None, [other.sha256])
    blobs.keep(IMAGE)
    assert blobs.find(IMAGE.sha256) == IMAGE.data
