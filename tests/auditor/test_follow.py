"""The sink waits out what passes, says so, and goes on from where the database stands."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from auditor import follow
from auditor.follow import Follower, Health
from auditor.ranges import JudgedRange
from auditor.sink import Sink
from auditor.store import MEMORY, Store
from auditor.wire import Message, encode
from conf.schema import load
from ingest.errors import SourceUnavailable
from ingest.qta import Normalized, Position, Record
from ingest.source import Partition, Polled
from tests.factories import NOW, make_run

SOURCE, TOPIC = "kafka:c/logs", "kafka:c/outcomes"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def messages(max_bytes: int = 10**6) -> list[Message]:
    """Two records that hold no model turn, a message for each."""
    items = [Normalized(Record(Position(SOURCE, 0, at), b""), "qta", empty_reason="no_model_turn") for at in (0, 1)]
    ranges = [JudgedRange(SOURCE, 0, at, at + 1, make_run(), (items[at],)) for at in (0, 1)]
    return [message for one in ranges for message in encode(one, max_bytes, sha256)]


class Topic:
    """A topic of outcomes in memory, a message a poll; asks to stop at its end."""

    def __init__(self, values: list[bytes], stop: Event) -> None:
        self.values = values
        self.stop = stop
        self.next = 0
        self.began_at: list[int] = []

    def resume(self, stored: Mapping[Partition, int]) -> None:
        self.next = stored.get((TOPIC, 0), 0)
        self.began_at.append(self.next)

    def poll(self) -> Polled:
        if self.next == len(self.values):
            self.stop.set()
            return Polled()
        self.next += 1
        return Polled((Record(Position(TOPIC, 0, self.next - 1), self.values[self.next - 1]),))

    def close(self) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


class Said(Health):
    """Remembers all that was reported."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[list[str]] = []

    def report(self, troubles: list[str]) -> None:
        self.all.append(troubles)
        super().report(troubles)


def follower(store: Store, connect: Any) -> Follower:
    return Follower(Sink(store, load().fleet, lambda: NOW), cast("Any", connect), Said())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "RETRY_S", 0.01)


def test_a_broker_that_is_away_is_waited_for_and_said(store: Store) -> None:
    stop, tries = Event(), []

    def connect() -> Topic:
        tries.append(1)
        if len(tries) < 3:
            raise SourceUnavailable("Kafka at h:1: no broker answers")
        return Topic([message.value for message in messages()], stop)

    mine = follower(store, connect)
    mine.run(stop)
    assert cast("Said", mine.health).all[:3] == [["Kafka at h:1: no broker answers"]] * 2 + [[]]
    assert (store.ledger()[0].records, mine.positions) == (2, {(TOPIC, 0): 2})


def test_a_blob_that_is_not_there_yet_stops_the_sink_where_it_stands_until_it_is(store: Store) -> None:
    stop = Event()
    sent = messages(max_bytes=200)  # by claim: the messages proper lie in the blob store
    topic = Topic([message.value for message in sent], stop)
    assert all(message.blob for message in sent)
    store.blobs.put(sha256(sent[0].blob or b""), sent[0].blob or b"")

    def connect() -> Topic:
        if len(topic.began_at) == 2:
            store.blobs.put(sha256(sent[1].blob or b""), sent[1].blob or b"")
        return topic

    mine = follower(store, connect)
    mine.run(stop)
    assert topic.began_at == [0, 1, 1]
    assert [trouble for said in cast("Said", mine.health).all for trouble in said if "not there" in trouble]
    assert store.ledger()[0].records == 2
    assert store.ledger()[0].balanced
