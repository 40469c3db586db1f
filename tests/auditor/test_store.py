import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auditor.blobs import Blobs
from auditor.errors import PositionConflict, StoreLocked, StoreUnusable
from auditor.store import MEMORY, Store
from auditor.verdict import ScorerKey
from ingest.qta import Batch, Gap, Held, ImageFailure, ImageReason, Outcome, Position, RefKind, State, ToolCall
from tests.factories import (
    KEY,
    NOW,
    make_batch,
    make_image,
    make_item,
    make_rejected,
    make_run,
    make_triple,
    make_unscorable,
    make_verdict,
)

SOURCE = "file:/logs/a.jsonl"
TABLES = ("outcomes", "triples", "images", "verdicts", "positions", "gaps", "dead_letters")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


def scored(offset: int, *ids: str) -> Outcome:
    return Outcome(Position(SOURCE, 0, offset), State.SCORED, None, "qta", ids)


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    return store.connection.execute(query).fetchall()


def counts(store: Store) -> dict[str, int]:
    return {table: rows(store, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608


def test_a_batch_is_stored_whole(store: Store) -> None:
    failure = ImageFailure(ImageReason.TOO_LARGE, RefKind.HTTPS)
    call = ToolCall("search", '{"q":1}', "found", "c1")
    triple = make_triple(images=(make_image(), failure), tool_calls=(call,), user="u", turn=3)
    rejected = Outcome(Position(SOURCE, 0, 1), State.REJECTED, "not_json")
    store.save(
        make_batch(make_item(0, triple), make_rejected(1, b"\x00\xff"), gaps=(Gap("kafka:c/t", 2, 5, 9, "retention"),)),
        [scored(0, "t1"), rejected],
        [make_verdict("t1")],
        "run1",
        NOW,
    )
    assert counts(store) == {
        "outcomes": 2, "triples": 1, "images": 2, "verdicts": 1, "positions": 1, "gaps": 1, "dead_letters": 1
    }  # fmt: skip
    assert rows(store, "SELECT value, reason, detail FROM dead_letters") == [(b"\x00\xff", "not_json", "byte 0")]
    assert rows(store, "SELECT tool_calls[1].name, user_id, turn, answer FROM triples") == [
        ("search", "u", 3, "The sea rising and falling.")
    ]
    assert rows(store, "SELECT place, n_bytes, reason FROM images ORDER BY place") == [
        (0, 9, None),
        (1, None, "too_large"),
    ]
    assert rows(store, "SELECT judgment, p_safe, scored_at FROM verdicts") == [(0.0, 0.99, NOW.replace(tzinfo=None))]
    assert store.positions() == {(SOURCE, 0): 2}


def test_an_image_lies_under_its_hash_once_and_is_never_overwritten(store: Store) -> None:
    image = make_image(b"abc")
    store.save(make_batch(make_item(0, make_triple(images=(image, image)))), [scored(0, "t1")], [], "run1", NOW)
    assert isinstance(store.blobs, Blobs)
    path = store.blobs.path(image.sha256)
    assert path.read_bytes() == b"abc"
    assert path.parent.name == image.sha256[:2]
    path.write_bytes(b"kept")
    store.save(make_batch(make_item(1, make_triple(id="t2", images=(image,)))), [scored(1, "t2")], [], "run1", NOW)
    assert path.read_bytes() == b"kept"
    assert [file.name for file in path.parent.iterdir()] == [image.sha256]


def test_triples_and_verdicts_that_are_known_are_not_written_again(store: Store) -> None:
    triple = make_triple(images=(make_image(),))
    store.save(make_batch(make_item(0, triple, triple)), [scored(0, "t1")], [make_verdict()], "run1", NOW)
    again = make_verdict(analysis="another")
    store.save(make_batch(make_item(1, triple)), [scored(1, "t1")], [again], "run2", NOW)
    assert counts(store) | {"outcomes": 0} == {
        "outcomes": 0, "triples": 1, "images": 1, "verdicts": 1, "positions": 1, "gaps": 0, "dead_letters": 0
    }  # fmt: skip
    assert rows(store, "SELECT analysis, run_id FROM verdicts") == [("Nothing harmful.", "run1")]


@pytest.mark.parametrize("change", ["model_revision", "prompt_hash", "decoding"])
def test_another_model_prompt_or_decoding_is_a_new_verdict(store: Store, change: str) -> None:
    other = ScorerKey(**{name: getattr(KEY, name) for name in KEY.__slots__} | {change: "other"})
    store.save(make_batch(make_item(0, make_triple())), [scored(0, "t1")], [make_verdict()], "run1", NOW)
    assert store.judged(["t1", "t2"], KEY) == {"t1"}
    assert store.judged(["t1", "t2"], other) == set()
    store.save(make_batch(make_item(1, make_triple())), [scored(1)], [make_verdict(scorer=other)], "run1", NOW)
    assert counts(store)["verdicts"] == 2


def test_an_unscorable_verdict_is_kept_with_its_reason_and_counts_as_judged(store: Store) -> None:
    store.save(make_batch(make_item(0, make_triple())), [scored(0, "t1")], [make_unscorable()], "run1", NOW)
    assert rows(store, "SELECT judgment, harm_score, unscorable_reason FROM verdicts") == [(None, None, "unreadable")]
    assert store.judged(["t1"], KEY) == {"t1"}


@pytest.mark.parametrize(
    "batch",
    [
        make_batch(make_item(0)),
        make_batch(make_item(2)),
        make_batch(positions={(SOURCE, 0): 2}),
        make_batch(make_item(1), make_item(1)),
        make_batch(positions={("file:/new", 0): 1}),
    ],
    ids=["again", "hole", "too_far", "twice", "no_start"],
)
def test_a_batch_that_does_not_follow_leaves_nothing_behind(store: Store, batch: Any) -> None:
    store.save(make_batch(make_item(0, make_triple())), [scored(0, "t1")], [make_verdict()], "run1", NOW)
    before = counts(store)
    with pytest.raises(PositionConflict):
        store.save(batch, [scored(0)], [make_verdict("t9")], "run1", NOW)
    assert counts(store) == before
    assert store.positions() == {(SOURCE, 0): 1}


def test_a_held_record_is_on_the_ledger_and_settles_later_from_before_the_position(store: Store) -> None:
    place, news = Position(SOURCE, 0, 0), Held(("k1",), ("t9",))
    batch = make_batch(make_item(1, make_triple()), positions={(SOURCE, 0): 2}, starts={(SOURCE, 0): 0})
    store.save(replace(batch, held={place: Held()}), [scored(1, "t1")], [make_verdict()], "run1", NOW)
    (line,) = store.ledger()
    assert (line.records, line.held, line.balanced) == (1, 1, True)
    store.save(Batch((), {}, held={place: news}), [], [], "run1", NOW + timedelta(hours=1))
    assert store.held() == {place: news}
    store.save(Batch((make_item(0),), {}), [scored(0)], [], "run1", NOW + timedelta(hours=2))
    (line,) = store.ledger()
    assert (line.records, line.held, line.balanced, store.held()) == (2, 0, True, {})
    read = rows(store, 'SELECT "offset", read_at FROM outcomes ORDER BY 1')
    assert read == [(0, NOW.replace(tzinfo=None)), (1, None)]


@pytest.mark.parametrize(
    "batch",
    [
        Batch((make_item(0),), {}),
        Batch((make_item(1), make_item(1)), {}),
        Batch((), {(SOURCE, 0): 3}, held={Position(SOURCE, 0, 0): Held()}),
        Batch((), {(SOURCE, 0): 3}, held={Position(SOURCE, 0, 1): Held()}),
        Batch((make_item(1),), {(SOURCE, 0): 3}),
    ],
    ids=["settled_already", "settled_twice", "held_again", "hole", "settled_and_hole"],
)
def test_a_record_before_the_position_must_be_one_that_is_held(store: Store, batch: Batch) -> None:
    first = make_batch(make_item(0), positions={(SOURCE, 0): 2}, starts={(SOURCE, 0): 0})
    store.save(replace(first, held={Position(SOURCE, 0, 1): Held()}), [scored(0)], [], "run1", NOW)
    with pytest.raises(PositionConflict):
        store.save(batch, [], [], "run1", NOW)
    assert store.held() == {Position(SOURCE, 0, 1): Held()}
    assert store.positions() == {(SOURCE, 0): 2}


def test_a_partition_is_on_the_ledger_before_anything_is_read_of_it(store: Store) -> None:
    store.save(make_batch(positions={(SOURCE, 0): 7}, starts={(SOURCE, 0): 7}), [], [], "run1", NOW)
    (line,) = store.ledger()
    assert (line.start, line.end, line.records, line.balanced) == (7, 7, 0, True)


def test_a_run_notes_what_was_in_force(store: Store) -> None:
    store.begin_run(make_run("r7"))
    assert rows(store, "SELECT run_id, version, model_id, backend, policy_version FROM runs") == [
        ("r7", "0.1.0", "scripted", "scripted", "default-1")
    ]


def test_what_was_stored_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        store.save(make_batch(make_item(0, make_triple())), [scored(0, "t1")], [], "run1", NOW)
    with Store.open(path, create=False) as store:
        assert store.positions() == {(SOURCE, 0): 1}


def test_a_file_in_use_names_its_holder(tmp_path: Path) -> None:
    path = str(tmp_path / "a.duckdb")
    code = "import sys; from auditor.store import Store; Store.open(sys.argv[1])"
    with Store.open(path):
        held = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert "StoreLocked" in held.stderr
    assert "(PID " in held.stderr.splitlines()[-1]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "a.duckdb")
    with Store.open(path) as store:
        store.connection.execute("INSERT INTO schema_version VALUES (999, now())")
    with pytest.raises(StoreUnusable, match="newer traceaudit"):
        Store.open(path)
    duckdb.connect(path).close()  # the refusal let go of the file


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_text("hello " * 1000)
    with pytest.raises(StoreUnusable, match="not a valid DuckDB") as caught:
        Store.open(str(tmp_path / "a.duckdb"))
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, StoreLocked)


def test_reading_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="no such database"):
        Store.open(str(tmp_path / "a.duckdb"), create=False)
    assert list(tmp_path.iterdir()) == []
