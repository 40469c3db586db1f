from collections.abc import Mapping, Sequence
from threading import Event

import pytest

from conf.schema import load
from ingest.assembly import Assembler
from ingest.engines.batching import Pending
from ingest.engines.embedded import Embedded
from ingest.errors import SourceUnavailable
from ingest.qta import Batch, Gap, Normalized, Position, Record
from ingest.source import Partition, Polled, Stored

PLACE = ("kafka:c/t", 0)


def record(offset: int, value: bytes = b"{}") -> Record:
    return Record(Position(*PLACE, offset), value)


def named(item: Record) -> Normalized:
    return Normalized(item, "test", empty_reason="test")


def whole(name: str, payloads: Sequence[object], item: Record) -> Normalized:
    """The `join` of tests whose records have no fragments."""
    raise AssertionError(name)


class Scripted:
    """A source that gives what it was told to, then breaks or ends."""

    def __init__(self, *polls: Polled | Exception) -> None:
        self.polls = list(polls)
        self.calls: list[object] = []

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:  # noqa: ARG002
        self.calls.append(dict(stored))

    def poll(self) -> Polled:
        result = self.polls.pop(0) if self.polls else Polled(exhausted=True)
        if isinstance(result, Exception):
            raise result
        return result

    def keep_alive(self) -> None:
        pass

    def commit(self, stored: Mapping[Partition, int]) -> None:
        self.calls.append(("commit", dict(stored)))

    def close(self) -> None:
        self.calls.append("close")


def run(source: Scripted, clock: list[float] | None = None, **batching: str) -> list[Batch]:
    config = load(overrides={f"batching.{key}": value for key, value in batching.items()})
    times, last = iter(clock or []), (clock or [0.0])[-1]
    batches: list[Batch] = []

    def handle(batch: Batch) -> None:
        source.calls.append("handle")
        batches.append(batch)

    assembler = Assembler(config.assembly, named, whole)
    Embedded([source], assembler, config.batching, lambda: Stored({PLACE: 4}), lambda: next(times, last)).run(
        handle, Event()
    )
    return batches


def test_a_source_is_told_to_commit_only_after_its_batch_was_handled() -> None:
    source = Scripted(Polled((record(4),)))
    run(source)
    assert source.calls == [{PLACE: 4}, "handle", ("commit", {PLACE: 5}), "close"]


def test_a_source_that_breaks_is_closed_and_its_pending_records_are_dropped() -> None:
    source = Scripted(Polled((record(4),)), SourceUnavailable("gone"))
    with pytest.raises(SourceUnavailable):
        run(source)
    assert source.calls == [{PLACE: 4}, "close"]


def test_a_gap_moves_the_position_and_stays_with_the_batch_it_came_before() -> None:
    gap = Gap(*PLACE, 5, 8, "retention")
    first, second = run(Scripted(Polled((record(4), gap, record(9)))), max_records="1")
    assert (first.positions, first.gaps) == ({PLACE: 5}, ())
    assert (second.positions, second.gaps) == ({PLACE: 10}, (gap,))


def test_gaps_alone_are_handed_over() -> None:
    (batch,) = run(Scripted(Polled((Gap(*PLACE, 4, 8, "retention"),))))
    assert (batch.items, batch.positions) == ((), {PLACE: 9})


def test_a_batch_is_bounded_in_bytes() -> None:
    batches = run(Scripted(Polled(tuple(record(offset, b"x" * 40) for offset in range(4, 9)))), max_bytes="100")
    assert [len(batch.items) for batch in batches] == [3, 2]


@pytest.mark.parametrize(("now", "due"), [(10.0, False), (14.9, False), (15.0, True)])
def test_a_batch_that_does_not_fill_is_due_when_it_is_old(now: float, due: bool) -> None:
    pending = Pending()
    assert not pending.is_due(100.0, 256, 1000, 5.0)
    pending.read(record(0), 10.0)
    assert pending.is_due(now, 256, 1000, 5.0) is due


def test_an_old_batch_is_handed_over_while_the_source_is_quiet() -> None:
    source = Scripted(Polled((record(4),)), Polled(), Polled((record(5),)))
    batches = run(source, clock=[0.0, 1.0, 9.0], max_age_s="5")
    assert [len(batch.items) for batch in batches] == [1, 1]
