"""Images that a log points to in object storage or on a disk: read where the configuration allows it, else a reason."""

import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import orjson
import pytest

from conf.schema import load
from ingest.errors import MissingExtra
from ingest.images.remote import is_allowed, read_remote, reason_of
from ingest.normalize import normalizer
from ingest.qta import ImageBlob, ImageFailure, ImageReason
from tests.factories import make_record
from tests.ingest.images.drawn import encoded, picture
from tests.s3 import BUCKET, running_s3, use

IMAGE = encoded(picture())
KEY = f"s3://{BUCKET}/logs/a.png"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture
def s3(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(address, monkeypatch)
    fsspec.filesystem("s3").pipe_file(KEY, IMAGE)


def read(url: str, *, max_bytes: int = 1_000_000, timeout_s: float = 20.0) -> bytes | ImageReason:
    return read_remote(url, ("s3",), max_bytes, timeout_s)


def image_of(url: str, folder: Path | None = None, **overrides: str) -> ImageBlob | ImageFailure:
    """The image of a record that refers to it by `url`."""
    config = load([], {name.replace("__", "."): value for name, value in overrides.items()})
    row = {"qta": 1, "question": "?", "answer": "!", "images": [url]}
    record = make_record(orjson.dumps(row), folder=None if folder is None else str(folder))
    return normalizer(config)(record).triples[0].images[0]


def reason(url: str, folder: Path | None = None, **overrides: str) -> ImageReason:
    found = image_of(url, folder, **overrides)
    assert isinstance(found, ImageFailure)
    return found.reason


@pytest.mark.usefixtures("s3")
def test_an_object_is_read_where_its_scheme_or_its_place_is_allowed() -> None:
    for allowed in ('["s3"]', f'["s3://{BUCKET}/"]', f'["gs", "s3://{BUCKET}/logs/"]'):
        found = image_of(KEY, fetch__schemes=allowed)
        assert isinstance(found, ImageBlob)
        assert found.data == IMAGE


@pytest.mark.usefixtures("s3")
def test_objects_have_limits_and_may_be_missing() -> None:
    assert read(KEY) == IMAGE
    assert read(KEY, max_bytes=len(IMAGE)) == IMAGE
    assert read(KEY, max_bytes=len(IMAGE) - 1) is ImageReason.TOO_LARGE
    assert read(f"s3://{BUCKET}/logs/b.png") is ImageReason.ATTACHMENT_MISSING
    assert read("s3://no-such-bucket/a.png") is ImageReason.ATTACHMENT_MISSING


@pytest.mark.parametrize("schemes", ["[]", '["gs"]', '["s3://other/"]', f'["s3://{BUCKET}/logs/b"]'])
def test_what_is_not_allowed_is_not_read(schemes: str) -> None:
    assert reason(KEY, fetch__schemes=schemes) is ImageReason.NOT_FETCHED_POLICY


@pytest.mark.parametrize("url", ["s3x://b/a", "S3://b/a", "xs3://b/a", "s3:/b/a", "file:///etc/passwd"])
def test_only_what_begins_with_an_allowed_scheme_is_allowed(url: str) -> None:
    assert is_allowed("s3://b/a", ["s3"])
    assert not is_allowed(url, ["s3"])


def test_storage_that_wants_credentials_is_told_apart(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3fs import S3FileSystem

    use(address, monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    S3FileSystem.clear_instance_cache()
    assert read(KEY) is ImageReason.NEEDS_CREDENTIALS
    assert reason_of(PermissionError("Access Denied")) is ImageReason.NEEDS_CREDENTIALS


def test_storage_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        fsspec.filesystem("s3").clear_instance_cache()
        assert read(KEY, timeout_s=0.5) is ImageReason.TIMEOUT


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(MissingExtra, match="gcs"):
        read_remote("gs://bucket/a.png", ("gs",), 100, 20.0)


def test_file_addresses_lead_where_paths_lead(tmp_path: Path) -> None:
    logs, shared = tmp_path / "logs", tmp_path / "shared pictures"
    for folder in (logs, shared):
        folder.mkdir()
        (folder / "a.png").write_bytes(IMAGE)
    inside, elsewhere = f"file://{logs}/a.png", f"file://{shared}/a.png".replace(" ", "%20")
    assert isinstance(image_of(inside, logs), ImageBlob)
    assert isinstance(image_of(elsewhere, logs, images__allowed_dir=str(shared)), ImageBlob)
    assert isinstance(image_of(elsewhere, images__allowed_dir=str(shared)), ImageBlob)
    assert isinstance(image_of("a.png", logs, images__allowed_dir=str(shared)), ImageBlob)
    assert reason(inside) is ImageReason.NOT_FETCHED_POLICY
    assert reason(elsewhere, logs) is ImageReason.NOT_FETCHED_POLICY
    assert reason(f"file://host{logs}/a.png", logs) is ImageReason.NOT_FETCHED_POLICY
    assert reason("file:///etc/passwd", images__allowed_dir=str(shared)) is ImageReason.NOT_FETCHED_POLICY
    assert reason("../logs/a.png", images__allowed_dir=str(shared)) is ImageReason.NOT_FETCHED_POLICY
