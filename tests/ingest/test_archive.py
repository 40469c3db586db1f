import io
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from conf.schema import load
from ingest.archive import LOCAL_HEADER, ZSTD_METHOD
from ingest.files import values_of
from ingest.normalize import normalize
from ingest.qta import Normalized
from tests.factories import make_record

HEADER = {"version": 2, "status": "success", "eval": {"run_id": "run-zipped", "task": "docks", "model": "m"}}
SAMPLE = {
    "id": 1,
    "epoch": 1,
    "input": "How deep?",
    "uuid": "sample-in-a-zip-0001",
    "messages": [{"role": "user", "content": "How deep?"}, {"role": "assistant", "content": "Nine."}],
}


def zipped(members: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of JSON members; bytes go in as they are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, bytes) else orjson.dumps(value))
    return file.getvalue()


def zstd_zipped(members: dict[str, Any]) -> bytes:
    """A zip whose members are compressed with zstd: stored ones, relabelled, so that only the method is new."""
    packed = {name: zstandard.compress(orjson.dumps(value)) for name, value in members.items()}
    value = bytearray(zipped(packed, zipfile.ZIP_STORED))
    with zipfile.ZipFile(io.BytesIO(value)) as archive:
        places = [member.header_offset for member in archive.infolist()]
    for place in places:
        value[place + 8 : place + 10] = ZSTD_METHOD.to_bytes(2, "little")
    place = value.find(b"PK\x01\x02")
    while place >= 0:
        value[place + 10 : place + 12] = ZSTD_METHOD.to_bytes(2, "little")
        value[place + 24 : place + 28] = (1 << 16).to_bytes(4, "little")
        place = value.find(b"PK\x01\x02", place + 4)
    return bytes(value)


def become(value: bytes, **changes: str) -> Normalized:
    config = load(overrides={f"ingest.{name}": change for name, change in changes.items()})
    return normalize(make_record(value), config.ingest, config.images)


WHOLE = {"header.json": HEADER, "samples/1_epoch_1.json": SAMPLE, "summaries.json": [], "notes.txt": b"\xff"}


@pytest.mark.parametrize(
    "value",
    [
        zipped(WHOLE),
        zipped(WHOLE, zipfile.ZIP_STORED),
        zstd_zipped({"header.json": HEADER, "samples/1_epoch_1.json": SAMPLE}),
        zipped({"_journal/start.json": HEADER, "samples/1_epoch_1.json": SAMPLE}),
    ],
    ids=["deflated", "stored", "zstd", "a run that has not ended"],
)
def test_the_samples_of_an_eval_file_are_read(value: bytes) -> None:
    (triple,) = become(value).triples
    assert (triple.question, triple.answer, triple.application) == ("How deep?", "Nine.", "docks")


def test_a_zipped_log_has_the_ids_of_the_same_log_as_json() -> None:
    (one,), (other,) = become(zipped(WHOLE)).triples, become(orjson.dumps({**HEADER, "samples": [SAMPLE]})).triples
    assert one.id == other.id


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (zipped({"readme.txt": b"hello"}), "unknown_archive"),
        (zipped({"header.json": []}), "unknown_archive"),
        (zipped({"header.json": b"{"}), "not_json"),
        (zipped(WHOLE)[:-40], "bad_archive"),
        (b"PK\x03\x04 and nothing else", "bad_archive"),
        (zipped({"header.json": HEADER, "samples/1.json": b" " * 20_000_000}), "too_large"),
    ],
)
def test_what_is_no_log_in_a_zip_has_a_reason(value: bytes, reason: str) -> None:
    rejection = become(value, max_decompressed_bytes="1000000").rejection
    assert rejection is not None
    assert rejection.reason == reason


def test_a_member_that_lies_about_its_size_is_stopped_as_it_unpacks() -> None:
    """A zip bomb: the declared sizes are small, the content is not."""
    value = bytearray(zipped({"header.json": HEADER, "samples/1.json": b" " * 20_000_000}))
    place = value.rfind(b"PK\x01\x02")
    value[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    assert len(value) < LOCAL_HEADER.size * 1000
    rejection = become(bytes(value), max_decompressed_bytes="1000000").rejection
    assert rejection is not None


def test_an_eval_file_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "docks.eval"
    path.write_bytes(zipped(WHOLE))
    assert list(values_of(path, 1 << 20)) == [zipped(WHOLE)]
