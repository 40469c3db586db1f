"""What every engine promises (`ingest.engines.base`), over files; a new engine is one more line in ENGINES."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event

import pytest

from conf.schema import Config, load
from ingest.assembly import Assembler
from ingest.engines import ENGINES
from ingest.engines.base import Engine
from ingest.qta import Batch, Normalized, Record
from ingest.source import Partition, Source, Stored, open_sources

MakeEngine = Callable[..., Engine]
CONFIG = load(overrides={"batching.max_records": "3"})


@pytest.fixture(params=sorted(ENGINES))
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    module, _, name = ENGINES[request.param].partition(":")

    def make(sources: list[Source], stored: Mapping[Partition, int] = {}, config: Config = CONFIG) -> Engine:
        assembler = Assembler(config.assembly, named, whole)
        engine: Engine = getattr(importlib.import_module(module), name)(
            sources, assembler, config.batching, lambda: Stored(stored)
        )
        return engine

    return make


def whole(name: str, payloads: Sequence[object], record: Record) -> Normalized:
    """The `join` of records without fragments."""
    raise AssertionError(name)


def named(record: Record) -> Normalized:
    return Normalized(record, "test", empty_reason="test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, n_records in (("a", 5), ("b", 4), ("empty", 0)):
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{name}{number}\n" for number in range(n_records)))
    return tmp_path


def sources(folder: Path) -> list[Source]:
    return open_sources([str(folder)], CONFIG)


def lines(batches: list[Batch]) -> list[str]:
    return [item.record.value.decode() for batch in batches for item in batch.items]


def test_each_record_is_handed_over_once_and_in_order(make_engine: MakeEngine, folder: Path) -> None:
    batches: list[Batch] = []
    make_engine(sources(folder)).run(batches.append, Event())
    assert lines(batches) == ["a0", "a1", "a2", "a3", "a4", "b0", "b1", "b2", "b3"]
    assert max(len(batch.items) for batch in batches) == 3


def test_positions_cover_just_what_was_handed_over(make_engine: MakeEngine, folder: Path) -> None:
    batches: list[Batch] = []
    make_engine(sources(folder)).run(batches.append, Event())
    place = (f"file:{folder}/a.jsonl", 0)
    assert [batch.positions[place] for batch in batches if place in batch.positions] == [3, 5]
    starts = [partition for batch in batches for partition in batch.starts]
    assert len(starts) == len(set(starts)) == 3
    assert batches[-1].positions[f"file:{folder}/empty.jsonl", 0] == 0


@pytest.mark.parametrize("crash_at", range(3))
def test_a_crash_in_handle_loses_and_repeats_nothing(make_engine: MakeEngine, folder: Path, crash_at: int) -> None:
    kept: list[Batch] = []
    stored: dict[Partition, int] = {}

    def handle(batch: Batch) -> None:
        if len(kept) == crash_at:
            raise RuntimeError
        kept.append(batch)
        stored.update(batch.positions)

    with pytest.raises(RuntimeError):
        make_engine(sources(folder)).run(handle, Event())
    rest: list[Batch] = []
    make_engine(sources(folder), stored).run(rest.append, Event())
    assert lines(kept + rest) == ["a0", "a1", "a2", "a3", "a4", "b0", "b1", "b2", "b3"]


def test_a_stop_takes_effect_between_batches_and_drops_what_was_not_handed_over(
    make_engine: MakeEngine, folder: Path
) -> None:
    batches: list[Batch] = []
    stop = Event()

    def handle(batch: Batch) -> None:
        batches.append(batch)
        stop.set()

    make_engine(sources(folder)).run(handle, stop)
    assert lines(batches) == ["a0", "a1", "a2"]


def test_nothing_new_means_no_batch(make_engine: MakeEngine, folder: Path) -> None:
    stored = {(f"file:{folder}/{name}.jsonl", 0): n for name, n in (("a", 5), ("b", 4), ("empty", 0))}
    batches: list[Batch] = []
    make_engine(sources(folder), stored).run(batches.append, Event())
    assert batches == []
