"""The sink on a real database: whatever workers send again, late or cut elsewhere, each offset is stored once."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.ranges import HeldAt, JudgedRange
from auditor.sink import Sink
from auditor.store import MEMORY, Store
from auditor.store_sink import sink_positions
from auditor.wire import encode
from conf.schema import load
from ingest.qta import Gap, Normalized, Position, Record, Rejection
from tests.factories import NOW, make_run, make_triple, make_verdict

TOPIC, SOURCE = "kafka:c/outcomes", "kafka:c/topic"
LIMITS = load().fleet
CONTENT = ("outcomes", "triples", "verdicts", "gaps", "held", "positions", "dead_letters")
VOLATILE = {"batch", "salt", "leaf", "run_id", "stored_at", "scored_at", "updated_at", "seconds", "read_at"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


def item(offset: int, triple: str | None = None) -> Normalized:
    """A record with a triple; every fifth is rejected, and every seventh has the triple of the one before."""
    record = Record(Position(SOURCE, 0, offset), b"bad" if offset % 5 == 4 else b"")
    if offset % 5 == 4:
        return Normalized(record, None, rejection=Rejection(record.position, "not_json"))
    name = triple or f"t{offset - (offset % 7 == 6)}"
    return Normalized(record, "qta", (make_triple(id=name, position=record.position),))


def judged(start: int, end: int, **changes: Any) -> JudgedRange:
    """The range of a worker; every eleventh offset is a gap."""
    inside = [offset for offset in range(start, end) if offset % 11 != 10]
    whole = {
        "items": tuple(item(offset) for offset in inside),
        "gaps": tuple(Gap(SOURCE, 0, at, at, "compacted_or_transaction") for at in range(start, end) if at % 11 == 10),
    } | changes
    verdicts = tuple(make_verdict(triple.id) for one in whole["items"] for triple in one.triples)
    return JudgedRange(SOURCE, 0, start, end, make_run(), verdicts=verdicts, **whole)


def records(ranges: Sequence[JudgedRange], first: int = 0) -> list[Record]:
    values = [m.value for one in ranges for m in encode(one, 10**6, lambda data: hashlib.sha256(data).hexdigest())]
    return [Record(Position(TOPIC, 0, at), value) for at, value in enumerate(values, first)]


def content(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored, but for when and by whom."""
    tables = {name: store.connection.table(name) for name in CONTENT}
    kept = {
        name: [f'"{column}"' for column in table.columns if column not in VOLATILE] for name, table in tables.items()
    }
    return {name: sorted(table.project(", ".join(kept[name])).fetchall(), key=repr) for name, table in tables.items()}


def stored(ranges: Sequence[JudgedRange], blobs: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What an undisturbed sink keeps of `ranges`."""
    with Store.open(MEMORY, str(blobs)) as other:
        Sink(other, LIMITS, lambda: NOW).take(records(ranges))
        return content(other)


def test_ranges_in_order_are_stored_with_states_and_positions(store: Store) -> None:
    Sink(store, LIMITS, lambda: NOW).take(records([judged(0, 8), judged(8, 22)]))
    (line,) = store.ledger()
    assert (line.start, line.end, line.balanced) == (0, 22, True)
    assert dict(line.states) == {"scored": 14, "duplicate": 2, "rejected": 4}
    assert dict(line.gaps) == {"compacted_or_transaction": 2}
    assert sink_positions(store) == {(TOPIC, 0): 2}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), max_size=12),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=25)
def test_however_workers_repeat_and_overlap_the_end_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, strays: list[tuple[int, int]], luck: Any, at_a_time: int
) -> None:
    """The main line in order, once; between its ranges, late and early strays of other workers, cut elsewhere."""
    blobs = tmp_path_factory.mktemp("blobs")
    main = [judged(start, start + 8) for start in range(0, 40, 8)]
    sent = [main[0]]
    others = [judged(start, min(40, start + n)) for start, n in strays if start < 40]
    for one in main[1:]:
        sent += [others.pop() for _ in range(luck.randint(0, len(others)))]
        sent.append(one)
    with Store.open(MEMORY, str(blobs)) as store:
        messages = records(sent + others)
        sink = Sink(store, LIMITS, lambda: NOW)
        for first in range(0, len(messages), at_a_time):
            sink.take(messages[first : first + at_a_time])
        assert content(store) == stored(main, blobs)
        assert sink.waiting().n_ranges == 0
        assert store.ledger()[0].balanced


def test_a_range_ahead_waits_and_the_ledger_says_what_is_missing(store: Store, tmp_path: Path) -> None:
    times = [NOW]
    sink = Sink(store, LIMITS, lambda: times[-1])
    sink.take(records([judged(0, 5), judged(9, 12)]))
    (line,) = store.ledger()
    assert (line.end, line.missing, line.balanced) == (5, 4, False)
    assert sink.troubles() == []
    times.append(NOW + timedelta(seconds=LIMITS.hole_alarm_s + 1))
    assert "do not come" in sink.troubles()[0]
    sink.take(records([judged(5, 10)], first=2))
    assert sink.troubles() == []
    assert content(store) == stored([judged(0, 12)], tmp_path / "others")
    assert store.ledger()[0].balanced


def test_what_waits_survives_a_restart_and_is_bounded(tmp_path: Path) -> None:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        sink = Sink(store, LIMITS.model_copy(update={"max_waiting_bytes": 10}), lambda: NOW)
        assert not sink.is_full
        sink.take(records([judged(0, 5), judged(9, 12)]))
        assert sink.is_full
    with Store.open(path) as store:
        assert sink_positions(store) == {(TOPIC, 0): 2}
        Sink(store, LIMITS, lambda: NOW).take(records([judged(5, 9)], first=2))
        assert content(store) == stored([judged(0, 12)], tmp_path / "others")


def test_a_held_record_is_settled_once_by_whoever_comes_first(store: Store) -> None:
    sink = Sink(store, LIMITS, lambda: NOW)
    waits = judged(0, 3, items=(item(1), item(2)), held=(HeldAt(0),))
    sink.take(records([waits]))
    assert (store.ledger()[0].held, store.ledger()[0].balanced) == (1, True)
    settles = judged(3, 4, items=(item(3), item(0)))
    zombie = judged(3, 4, items=(item(3), item(0, triple="another")))
    sink.take(records([waits, settles, zombie, waits], first=1))
    (line,) = store.ledger()
    assert (line.held, line.records, line.balanced) == (0, 4, True)
    assert store.connection.execute("SELECT count(*) FROM triples WHERE id = 'another'").fetchone() == (0,)


def test_a_failure_in_the_middle_keeps_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Sink(store, LIMITS, lambda: NOW)
    calls = []
    save = Store.save

    def fail_second(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("disk full")
        save(*args)

    monkeypatch.setattr(Store, "save", fail_second)
    with pytest.raises(OSError, match="disk full"):
        sink.take(records([judged(0, 5), judged(5, 9)]))
    assert (store.positions(), sink_positions(store)) == ({}, {})
    assert store.connection.execute("SELECT count(*) FROM outcomes").fetchone() == (0,)


def test_a_message_that_is_none_is_kept_and_an_alarm(store: Store) -> None:
    sink = Sink(store, LIMITS, lambda: NOW)
    sink.take([Record(Position(TOPIC, 0, 0), b"what is this"), *records([judged(0, 2)], first=1)])
    assert store.connection.execute("SELECT reason, value FROM sink_rejects").fetchall() == [
        ("not_an_outcomes_message", b"what is this")
    ]
    assert sink.alarms == {"unreadable_message": 1}
    assert "cannot be read" in sink.troubles()[0]
    assert store.ledger()[0].balanced


def test_outcomes_that_retention_deleted_are_an_alarm_and_markers_are_not(store: Store) -> None:
    sink = Sink(store, LIMITS, lambda: NOW)
    sink.take([Gap(TOPIC, 0, 0, 0, "compacted_or_transaction"), Gap(TOPIC, 0, 1, 4, "retention")])
    assert sink.alarms == {"outcomes_lost": 1}
    assert sink_positions(store) == {(TOPIC, 0): 5}


def test_verdicts_that_the_store_has_are_not_stored_again(store: Store) -> None:
    sink = Sink(store, LIMITS, lambda: NOW)
    sink.take(records([judged(0, 2)]))
    sink.take(records([judged(2, 4, items=(item(2, triple="t0"), item(3)))], first=1))
    states = store.connection.execute('SELECT state FROM outcomes ORDER BY "offset"').fetchall()
    assert states == [("scored",), ("scored",), ("duplicate",), ("scored",)]
    assert store.connection.execute("SELECT count(*) FROM verdicts").fetchone() == (3,)


def test_it_lets_others_write_between_two_messages(store: Store) -> None:
    """A vote must not wait until a backlog is stored."""
    others: list[Thread] = []

    def write() -> None:
        with store.writing:
            pass

    def now() -> datetime:
        if not others:  # the sink is in its transaction
            others.append(Thread(target=write, daemon=True))
            others[0].start()
            while not store.writing.waiting:
                time.sleep(0.001)
        return NOW

    sink, told = Sink(store, LIMITS, now), records([judged(0, 10), judged(10, 20), judged(20, 30)])
    assert sink.take(told) == 1
    others[0].join()
    assert sink.take(told[1:]) == 2
    assert store.positions() == {(SOURCE, 0): 30}
