"""Files in the blob store go when nothing needs them any more: images, and messages whose ranges are stored."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.ranges import JudgedRange
from auditor.retention.blobs import delete_due, delete_stored_messages
from auditor.sink import Sink
from auditor.store import Store
from auditor.wire import encode
from conf.schema import load
from ingest.qta import Normalized, Position, Record
from tests.factories import NOW, make_image, make_run, make_triple, make_verdict

PLACE = ("kafka:c/chat", 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        yield opened


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def judged(offset: int) -> JudgedRange:
    """A range of one record, too large for a message."""
    triple = make_triple(id=f"t{offset}", question="q" * 100, position=Position(*PLACE, offset))
    item = Normalized(Record(triple.position, b""), "qta", (triple,))
    return JudgedRange(*PLACE, offset, offset + 1, make_run(), (item,), verdicts=(make_verdict(triple.id),))


def claimed(store: Store, offset: int) -> Record:
    """The message that names it in the blob store, where it lies."""
    (message,) = encode(judged(offset), 10, sha256)
    assert message.blob
    store.blobs.put(sha256(message.blob), message.blob)
    return Record(Position("kafka:c/outcomes", 0, offset), message.value)


def test_a_message_in_the_blob_store_goes_once_its_range_is_stored_and_not_before(store: Store) -> None:
    sink = Sink(store, load().fleet, lambda: NOW)
    first, waits = claimed(store, 0), claimed(store, 2)
    sink.take([first, waits])
    store.blobs.put(sha256(b"TAR\x01 of somebody else"), b"TAR\x01 of somebody else")
    assert delete_stored_messages(store) == 1
    assert delete_stored_messages(store) == 0
    again = replace(first, position=Position("kafka:c/outcomes", 0, 3))
    sink.take([again, replace(claimed(store, 1), position=Position("kafka:c/outcomes", 0, 4))])
    assert sink.troubles() == []
    assert store.connection.execute("SELECT list(id ORDER BY id) FROM triples").fetchall() == [(["t0", "t1", "t2"],)]
    assert delete_stored_messages(store) == 2


def test_an_image_that_another_triple_shows_stays(store: Store) -> None:
    shown, alone = make_image(b"shown"), make_image(b"alone")
    for image in (shown, alone):
        store.blobs.keep(image)
        store.connection.execute("INSERT INTO blobs_due VALUES (?, ?)", [image.sha256, NOW.replace(tzinfo=None)])
    with store.transaction():
        store.insert_triples([make_triple(images=(shown,))], NOW)
    assert delete_due(store, NOW) == 1
    assert (store.blobs.find(shown.sha256), store.blobs.find(alone.sha256)) == (b"shown", None)
    assert delete_due(store, NOW) == 0
    assert store.connection.execute("SELECT sha256 FROM blobs_gone").fetchall() == [(alone.sha256,)]


def test_what_was_deleted_long_ago_is_forgotten(store: Store) -> None:
    store.connection.execute("INSERT INTO blobs_gone VALUES ('ab', ?)", [NOW.replace(tzinfo=None, year=2025)])
    delete_due(store, NOW)
    assert store.connection.execute("SELECT count(*) FROM blobs_gone").fetchall() == [(0,)]
