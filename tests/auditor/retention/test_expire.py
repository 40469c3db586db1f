"""What has outlived its period goes, by class and tenant, on a clock that is moved; what is held stays."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.findings import Checked
from auditor.evidence.verify import Beside, verify
from auditor.retention.blobs import delete_due
from auditor.retention.expire import expire
from auditor.retention.holds import Wanted, place_hold
from auditor.retention.periods import CLASSES, ClassName, days_of, longest, warnings
from auditor.retention.rewriting import is_due
from auditor.store import Store
from auditor.store_sink import reject, wait
from conf.retention import Retention, TenantPeriods
from conf.schema import load
from tests.auditor.retention.planted_store import PARTS, files_with, fill, mark
from tests.factories import NOW

FOR_EVER = load().retention
SOUTH = [mark(name, part) for name in ("s0", "s1") for part in PARTS]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    with Store.open(str(folder / "a.duckdb")) as store:
        fill(store, ["s0", "s1"], "south", start=fill(store, ["n0", "n1"]))
        reject(store, ("kafka:c/out", 0, 3), ("not_ours", "byte 0"), b"message", NOW)
        with store.transaction():
            wait(store, ("kafka:c/late", 0), range(5, 9), b"range", NOW)
    return folder


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        yield opened


def periods(**days: Any) -> Retention:
    return FOR_EVER.model_copy(update=days)


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    return store.connection.execute(query).fetchall()


def is_whole(store: Store) -> bool:
    bad = verify(store.connection, Beside({}, None, store.blobs), Checked())
    assert bad is None, bad
    return True


TEXTS = """
    SELECT count(coalesce(question, thinking, answer, system_prompt)), max(context), max(len(tool_calls)),
        (SELECT max(analysis) FROM verdicts), count(text_gone_at), count(model), max(turn) FROM triples
"""
IMAGES = "SELECT count(sha256), list(DISTINCT reason), min(n_bytes) > 0 FROM images"
VERDICTS = "SELECT (SELECT count(*) FROM verdicts), count(*), count(question) FROM triples"
REVIEWS = "SELECT count(*), count(rationale), min(vote), max(reviewer) FROM reviews"
RAW = """
    SELECT count(*), count(value), count(sha256), (SELECT max(octet_length(value)) FROM sink_rejects),
        (SELECT count(*) FROM waiting_ranges) FROM dead_letters
"""
GONE: list[tuple[ClassName, dict[str, int], str, tuple[Any, ...]]] = [
    ("text", {"triples": 8, "verdicts": 8}, TEXTS, (0, "", 0, "", 8, 0, 1)),
    ("image", {"images": 16}, IMAGES, (0, ["blob_gone"], True)),
    ("verdict", {"verdicts": 8}, VERDICTS, (0, 8, 8)),
    ("review", {"reviews": 4}, REVIEWS, (4, 0, 1.0, "Ada")),
    ("raw", {"dead_letters": 4, "sink_rejects": 1, "waiting_ranges": 1}, RAW, (4, 0, 4, 0, 0)),
]


@pytest.mark.parametrize(("name", "counts", "query", "left"), GONE, ids=[row[0] for row in GONE])
def test_each_class_goes_when_its_time_is_over_and_no_other(
    store: Store, name: ClassName, counts: dict[str, int], query: str, left: tuple[Any, ...]
) -> None:
    before = rows(store, query)
    assert expire(store, periods(**{name: 30}), NOW + timedelta(days=30)) == {}
    assert rows(store, query) == before
    assert not is_due(store.connection, 0, NOW + timedelta(days=31))
    assert expire(store, periods(**{name: 30}), NOW + timedelta(days=31)) == {name: counts}
    assert rows(store, query) == [left]
    ((subject, details),) = rows(store, "SELECT subject, details FROM events WHERE kind = 'retention.applied'")
    assert subject == name
    assert "MARK" not in details
    assert expire(store, periods(**{name: 30}), NOW + timedelta(days=32)) == {}
    assert is_whole(store)


def test_nothing_is_deleted_until_somebody_says_so(store: Store) -> None:
    assert expire(store, FOR_EVER, NOW + timedelta(days=36_500)) == {}
    assert {days_of(FOR_EVER, name, None) for name in CLASSES} == {0}


def test_a_tenant_may_have_periods_of_its_own(store: Store, tmp_path: Path) -> None:
    own = {"south": TenantPeriods(text=10, image=10, verdict=0)}
    retention = periods(text=100, image=100, verdict=10, tenants=own)
    gone = expire(store, retention, NOW + timedelta(days=11))
    assert gone == {"text": {"triples": 4, "verdicts": 4}, "image": {"images": 8}, "verdict": {"verdicts": 4}}
    query = """
        SELECT tenant, count(question), count(v.triple_id) FROM triples LEFT JOIN verdicts v ON v.triple_id = id
        GROUP BY 1 ORDER BY 1"""
    assert rows(store, query) == [("north", 4, 0), ("south", 0, 4)]
    assert delete_due(store, NOW) == 4
    blobs = tmp_path / "a.duckdb.blobs"
    assert files_with(SOUTH, blobs) == []
    assert files_with([mark("n0", "image")], blobs)
    assert is_whole(store)


def test_what_has_neither_text_nor_verdict_nor_vote_goes_whole(store: Store) -> None:
    gone = expire(store, periods(text=5, verdict=5), NOW + timedelta(days=6))
    assert gone["verdict"] == {"verdicts": 8, "images": 8, "triples": 4}
    assert rows(store, "SELECT id FROM triples ORDER BY id") == [("n0-0",), ("n1-0",), ("s0-south-0",), ("s1-south-0",)]
    assert rows(store, "SELECT count(*) FROM outcomes") == [(12,)]
    assert rows(store, "SELECT count(*) FROM images i ANTI JOIN triples t ON t.id = i.triple_id") == [(0,)]
    assert is_whole(store)


@pytest.mark.parametrize(
    ("subject", "value", "left"),
    [
        ("tenant", "north", ["n0-0", "n0-1", "n1-0", "n1-1"]),
        ("conversation", "conversation-n0", ["n0-0", "n0-1"]),
        ("user", "user-of-n0", ["n0-0", "n0-1"]),
        ("triple", "n0-1", ["n0-1"]),
    ],
)
def test_what_is_held_stays(store: Store, subject: Any, value: str, left: list[str]) -> None:
    place_hold(store, Wanted(subject, value, "claim 7", "Lea"), NOW)
    expire(store, periods(**dict.fromkeys(CLASSES, 5)), NOW + timedelta(days=50))
    held = "SELECT id FROM triples WHERE question IS NOT NULL ORDER BY id"
    assert [name for (name,) in rows(store, held)] == left
    assert [name for (name,) in rows(store, "SELECT triple_id FROM verdicts WHERE analysis <> '' ORDER BY 1")] == left
    shown = "SELECT DISTINCT triple_id FROM images WHERE sha256 IS NOT NULL ORDER BY 1"
    assert [name for (name,) in rows(store, shown)] == left
    letters = [bytes(value) for (value,) in rows(store, "SELECT value FROM dead_letters WHERE value IS NOT NULL")]
    if subject == "tenant":
        assert len(letters) == 4  # nobody can say that one of them is not the tenant's
    else:
        assert len(letters) == 1
        assert b"conversation-n0" in letters[0]
    assert rows(store, "SELECT count(*) FROM waiting_ranges") == [(1,)]
    assert is_whole(store)


def test_a_letter_that_was_read_again_is_of_its_tenant(store: Store) -> None:
    store.connection.execute("UPDATE outcomes SET triple_ids = ['n0-0'] WHERE \"offset\" = 2")
    own = {"north": TenantPeriods(raw=5), "south": TenantPeriods(raw=90)}
    gone = expire(store, periods(raw=50, tenants=own), NOW + timedelta(days=6))
    assert gone == {"raw": {"dead_letters": 1}}
    assert rows(store, 'SELECT "offset" FROM dead_letters WHERE value IS NULL') == [(2,)]


def test_what_is_of_nobody_in_particular_is_kept_as_long_as_anybody_s() -> None:
    own = {"a": TenantPeriods(raw=5), "b": TenantPeriods(raw=500)}
    assert longest(periods(raw=50, tenants=own), "raw") == 500
    assert longest(periods(raw=50, tenants=own | {"c": TenantPeriods(raw=0)}), "raw") == 0
    assert longest(periods(raw=0, tenants=own), "raw") == 0


def test_less_than_six_months_of_evidence_is_said() -> None:
    assert warnings(periods(evidence=183)) == []
    assert warnings(FOR_EVER) == []
    (told,) = warnings(periods(evidence=365, tenants={"a": TenantPeriods(evidence=30)}))
    assert told.startswith("evidence of a is kept for 30 days: the AI Act asks for 183")


def test_many_are_taken_out_a_few_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.retention import expire as module

    monkeypatch.setattr(module, "OVERDUE", module.OVERDUE.replace("LIMIT 2000", "LIMIT 3"))
    assert expire(store, periods(text=5), NOW + timedelta(days=6)) == {"text": {"triples": 8, "verdicts": 8}}
    assert rows(store, "SELECT count(*) FROM events WHERE kind = 'retention.applied'") == [(3,)]
    assert is_whole(store)
