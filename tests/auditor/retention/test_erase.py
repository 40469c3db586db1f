"""Erasure in the tables: nothing of a subject is left but hashes, counts and ids, and it does not come back."""

import gzip
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ErasureRefused
from auditor.evidence.findings import Checked
from auditor.evidence.verify import Beside, verify
from auditor.ranges import JudgedRange
from auditor.retention.blobs import delete_due
from auditor.retention.erase import Erased, Request, erase
from auditor.retention.holds import Wanted, place_hold, release_hold
from auditor.retention.rewriting import is_due, rewrite
from auditor.retention.subjects import Subject
from auditor.service import RUN
from auditor.sink import Sink
from auditor.store import Store
from auditor.wire import encode
from conf.schema import load
from ingest.qta import Batch, Normalized, Outcome, Position, Record, Rejection, State
from tests.auditor.retention.planted_store import PARTS, SOURCE, files_with, fill, mark, triple, verdict
from tests.factories import NOW, make_run

NAMES = [f"c{number}" for number in range(6)]
MAX_BYTES = 10**7


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of six conversations of one tenant, two of another."""
    folder = tmp_path_factory.mktemp("filled")
    with Store.open(str(folder / "a.duckdb")) as store:
        fill(store, ["s0", "s1"], "south", start=fill(store, NAMES))
    return folder


@pytest.fixture
def db(filled: Path, tmp_path: Path) -> str:
    """A copy of it for one test; nobody has it open."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return str(tmp_path / "a.duckdb")


@pytest.fixture
def store(db: str) -> Iterator[Store]:
    with Store.open(db) as opened:
        yield opened


def request(*subjects: Subject, dry_run: bool = False) -> Request:
    return Request(subjects, "Eve", "asked for by letter 7", dry_run)


def conversation(name: str, tenant: str | None = None) -> Subject:
    return Subject("conversation", f"conversation-{name}", tenant)


def erased(store: Store, *subjects: Subject) -> Erased:
    return erase(store, request(*subjects), MAX_BYTES, NOW)


def is_whole(store: Store) -> bool:
    bad = verify(store.connection, Beside({}, None, store.blobs), Checked())
    assert bad is None, bad
    return True


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    return store.connection.execute(query).fetchall()


def everything(store: Store, tenant: str) -> list[list[tuple[Any, ...]]]:
    """All rows on a tenant's triples, as they are."""
    of = f"SELECT id FROM triples WHERE tenant = '{tenant}'"  # noqa: S608 - our own
    queries = (
        f"FROM triples WHERE id IN ({of}) ORDER BY id",
        *(f"FROM {t} WHERE triple_id IN ({of}) ORDER BY ALL" for t in ("images", "verdicts", "reviews")),
    )
    return [rows(store, query) for query in queries]


def test_no_file_holds_what_was_planted_and_all_else_is_as_it_was(db: str, tmp_path: Path) -> None:
    gone, left = NAMES[:4], NAMES[4:]
    marks = [mark(name, part) for name in gone for part in PARTS]
    assert files_with(marks, tmp_path)
    with Store.open(db) as store:
        south = everything(store, "south")
        came = erased(store, *map(conversation, gone))
        assert (came.triples, came.letters, came.rows["images"], came.rows["reviews"]) == (8, 4, 16, 4)
        assert delete_due(store, NOW) == 8
        assert is_due(store.connection, 7, NOW)
    rewrite(db)
    assert files_with(marks, tmp_path) == []
    assert files_with([mark(name, part) for name in left for part in PARTS], tmp_path)
    with Store.open(db) as store:
        assert is_whole(store)
        assert everything(store, "south") == south
        assert [line.balanced for line in store.ledger()] == [True]
        listed = rows(store, "SELECT triple_id FROM erasures WHERE triple_id IS NOT NULL ORDER BY 1")
        assert listed == [(f"{name}-{turn}",) for name in gone for turn in (0, 1)]
        assert not is_due(store.connection, 0, NOW)
        names = "SELECT list(DISTINCT conversation_id ORDER BY conversation_id) FROM triples WHERE tenant = 'north'"
        assert rows(store, names) == [([f"conversation-{name}" for name in left],)]


def test_the_event_says_who_and_why_and_names_nobody(store: Store) -> None:
    erased(store, conversation("c0"))
    ((actor, details),) = rows(store, "SELECT actor, details FROM events WHERE kind = 'subject.erased'")
    assert actor == "Eve"
    assert "asked for by letter 7" in details
    assert '"triples":2' in details
    assert "conversation-c0" not in details


def test_a_user_s_cases_go_with_their_conversations(store: Store) -> None:
    assert erased(store, Subject("user", "user-of-c1")).triples == 2
    assert rows(store, "SELECT DISTINCT subject FROM erasures ORDER BY 1") == [("conversation",), ("user",)]


def test_what_quotes_a_case_as_an_earlier_turn_does_so_no_longer(store: Store) -> None:
    came = erased(store, Subject("triple", "c2-0"))
    assert (came.triples, came.contexts) == (1, 1)
    assert rows(store, "SELECT context, question <> '' FROM triples WHERE id = 'c2-1'") == [("", True)]
    assert is_whole(store)


def test_a_dry_run_counts_and_changes_nothing(store: Store) -> None:
    before = everything(store, "north"), rows(store, "FROM events")
    counted = erase(store, request(conversation("c0"), dry_run=True), MAX_BYTES, NOW)
    assert (counted.id, counted.triples, counted.letters) == ("", 2, 1)
    assert (everything(store, "north"), rows(store, "FROM events")) == before


@pytest.mark.parametrize(
    ("subject", "value"),
    [("tenant", "north"), ("conversation", "conversation-c0"), ("user", "user-of-c0"), ("triple", "c0-1")],
)
def test_what_is_held_is_not_erased_until_it_is_released(store: Store, subject: Any, value: str) -> None:
    hold = place_hold(store, Wanted(subject, value, "case 12 O 3/26", "Lea"), NOW)
    with pytest.raises(ErasureRefused, match=f"under legal hold.*{hold.id}.*case 12 O 3/26"):
        erased(store, conversation("c0"), conversation("c1"))
    assert rows(store, "SELECT count(*) FROM triples") == [(16,)]
    release_hold(store, hold.id, "Lea", "settled", NOW)
    assert erased(store, conversation("c0"), conversation("c1")).triples == 4
    assert is_whole(store)


def test_another_tenant_s_hold_holds_nothing_here(store: Store) -> None:
    place_hold(store, Wanted("conversation", "conversation-c0", "why", "Lea", "south"), NOW)
    with pytest.raises(ErasureRefused):  # the same name: who asked for it means this one
        erased(store, conversation("c0"))
    assert erased(store, conversation("c1")).triples == 2


def test_a_name_that_two_tenants_use_asks_whose(store: Store) -> None:
    fill(store, ["c0"], "west", start=24)
    with pytest.raises(ErasureRefused, match="--tenant, one of north, west"):
        erased(store, conversation("c0"))
    assert erased(store, conversation("c0", "west")).triples == 2
    assert rows(store, "SELECT DISTINCT tenant FROM triples WHERE conversation_id = 'conversation-c0'") == [("north",)]


@pytest.mark.parametrize("who", [("", "why"), ("Eve", " ")])
def test_an_erasure_says_who_and_why(store: Store, who: tuple[str, str]) -> None:
    with pytest.raises(ErasureRefused, match="--by and --reason"):
        erase(store, Request((conversation("c0"),), *who), MAX_BYTES, NOW)


def test_what_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(ErasureRefused, match="nothing is stored of conversation conversation-nobody"):
        erased(store, conversation("nobody"))


def test_beside_an_audit_it_is_refused(store: Store) -> None:
    from auditor.retention.erase import check_owner

    store.owner = RUN
    with pytest.raises(ErasureRefused, match="wait until it has ended"):
        check_owner(store)


def again(store: Store, *triples: Any) -> dict[str, str]:
    """The log is read once more, from another topic; gives the states of its records by triple."""
    items = tuple(
        Normalized(
            Record(Position("kafka:c/mirror", 0, at), b"{}"),
            "qta",
            (replace(one, position=Position("kafka:c/mirror", 0, at)),),
        )
        for at, one in enumerate(triples)
    )
    outcomes = [Outcome(one.record.position, State.SCORED, None, "qta", (one.triples[0].id,)) for one in items]
    batch = Batch(items, {("kafka:c/mirror", 0): len(items)}, {("kafka:c/mirror", 0): 0})
    store.begin_run(make_run("run2"))
    store.save(batch, outcomes, [verdict(one) for one in triples], "run2", NOW)
    found = rows(store, "SELECT triple_ids[1], state, reason FROM outcomes WHERE source = 'kafka:c/mirror'")
    return {name: f"{state} {reason}" for name, state, reason in found}


def test_a_log_that_is_read_again_brings_nothing_back(store: Store, tmp_path: Path) -> None:
    erased(store, conversation("c0"))
    delete_due(store, NOW)
    later = replace(triple("c0", 2, 0), id="c0-2")
    states = again(store, triple("c0", 0, 0), later, triple("c9", 0, 0))
    assert states == {"c0-0": "shed erased", "c0-2": "shed erased", "c9-0": "scored None"}
    assert rows(store, "SELECT count(*) FROM triples WHERE starts_with(id, 'c0')") == [(0,)]
    assert rows(store, "SELECT count(*) FROM verdicts WHERE starts_with(triple_id, 'c0')") == [(0,)]
    assert rows(store, "SELECT count(*) FROM erasures WHERE triple_id = 'c0-2'") == [(1,)]
    delete_due(store, NOW)
    assert files_with([mark("c0", "image")], tmp_path / "a.duckdb.blobs") == []
    assert is_whole(store)


def test_what_a_user_does_after_an_erasure_is_new(store: Store) -> None:
    erased(store, Subject("user", "user-of-c0"))
    other = replace(triple("c0", 5, 0), conversation_id="conversation-of-today")
    before = replace(other, id="before", occurred_at=NOW - timedelta(days=1))
    after = replace(other, id="after", occurred_at=NOW + timedelta(days=1))
    assert again(store, before, after) == {"before": "shed erased", "after": "scored None"}


def test_an_image_that_comes_again_is_there_though_it_was_deleted(store: Store) -> None:
    kept = triple("c0", 0, 0).images[0]
    erased(store, conversation("c0"))
    delete_due(store, NOW)
    again(store, replace(triple("c9", 0, 0), images=(kept,)))
    assert is_whole(store)
    left = replace(triple("c8", 0, 0), id="left", images=(triple("c1", 0, 0).images[0].left_behind(),))  # type: ignore[union-attr]
    erased(store, conversation("c1"))
    delete_due(store, NOW)
    batch = Batch(
        (Normalized(Record(Position("kafka:c/w", 0, 0), b""), "qta", (left,)),),
        {("kafka:c/w", 0): 1},
        {("kafka:c/w", 0): 0},
    )
    store.save(batch, [], [], "run1", NOW)
    assert rows(store, "SELECT sha256, reason FROM images WHERE triple_id = 'left'") == [(None, "blob_gone")]
    assert is_whole(store)


def test_a_packed_dead_letter_is_looked_into(store: Store) -> None:
    at = Position(SOURCE, 0, 24)
    value = gzip.compress(b'{"text": "' + mark("c3", "thinking").encode() + b' said in turn 1", broken')
    letter = Normalized(Record(at, value, key=b"k"), None, rejection=Rejection(at, "not_json", "cut off"))
    outcome = Outcome(at, State.REJECTED, "not_json", None, ())
    store.save(Batch((letter,), {(SOURCE, 0): 25}), [outcome], [], "run1", NOW)
    assert erased(store, conversation("c3")).letters == 2
    query = 'SELECT value, key, headers, sha256 FROM dead_letters WHERE "offset" = 24'
    assert rows(store, query) == [(None, None, [], hashlib.sha256(value).hexdigest())]


def test_a_range_that_waits_goes_on_without_it(store: Store) -> None:
    place = ("kafka:c/late", 0)
    items = tuple(
        Normalized(
            Record(Position(*place, at), b""), "qta", (replace(triple(name, 7, 0), position=Position(*place, at)),)
        )
        for at, name in enumerate(["c0", "c5"], 5)
    )
    for image in (image for one in items for image in one.triples[0].images):
        store.blobs.keep(image)  # type: ignore[arg-type]
    waiting = JudgedRange(*place, 5, 7, make_run("w"), items, verdicts=tuple(verdict(one.triples[0]) for one in items))
    first = JudgedRange(*place, 0, 1, make_run("w"), gaps=())
    closing = replace(first, end=5, gaps=())
    sink = Sink(store, load().fleet, lambda: NOW)

    def message(judged: JudgedRange, at: int) -> Record:
        (one,) = encode(judged, 10**6, lambda data: hashlib.sha256(data).hexdigest())
        return Record(Position("kafka:c/outcomes", 0, at), one.value)

    def items_of(start: int, end: int) -> tuple[Normalized, ...]:
        return tuple(
            Normalized(Record(Position(*place, at), b""), "qta", empty_reason="no_turn") for at in range(start, end)
        )

    sink.take([message(replace(first, items=items_of(0, 1)), 0), message(waiting, 1)])
    assert erased(store, conversation("c0")).ranges == 1
    sink.take([message(replace(closing, start=1, items=items_of(1, 5)), 2)])
    late = """
        SELECT triple_ids, state, reason FROM outcomes WHERE source = 'kafka:c/late' AND "offset" > 4
        ORDER BY "offset\""""
    found = rows(store, late)
    assert found == [(["c0-7"], "shed", "erased"), (["c5-7"], "scored", None)]
    assert rows(store, "SELECT id FROM triples WHERE turn = 7") == [("c5-7",)]
    assert is_whole(store)


def test_tables_that_come_later_are_found_by_their_columns(store: Store) -> None:
    store.connection.execute("CREATE TABLE bookmarks (triple_id VARCHAR, of VARCHAR)")
    store.connection.execute("INSERT INTO bookmarks VALUES ('c0-0', 'Ada'), ('c5-0', 'Ada')")
    store.connection.execute("CREATE TABLE thanks (review_id VARCHAR)")
    store.connection.execute("INSERT INTO thanks SELECT id FROM reviews WHERE triple_id IN ('c0-0', 'c5-0')")
    came = erased(store, conversation("c0"))
    assert (came.rows["bookmarks"], came.rows["thanks"]) == (1, 1)
    assert rows(store, "SELECT triple_id FROM bookmarks") == [("c5-0",)]
