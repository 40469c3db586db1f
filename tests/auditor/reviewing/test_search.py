"""Cases that are found by what is known of them, and what a list does not tell of a hidden verdict."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.access.person import Person, Role, person_with
from auditor.access.sight import narrow
from auditor.policies.file import configured_policy
from auditor.reviewing import search
from auditor.reviewing.deciding import adjudicate, cast
from auditor.reviewing.filters import NOT_DRAWN, Filters
from auditor.reviewing.search import Found, Place, Searcher
from auditor.store import MEMORY, Store
from auditor.store_rows import triple_columns
from auditor.verdict import Category
from auditor.verdict_rows import verdict_columns
from conf.schema import load
from tests.auditor.reviewing.seeded import ANN, BOB, EVE, HARMFUL, NOW, SAFE, asking_for, ballot, fill, later
from tests.auditor.sampling.seed import AT, DAY
from tests.factories import make_run, make_triple, make_verdict

CONFIG = load()
VERA = person_with("vera", [Role.VIEWER])
ALL = ["below-0", "escalated-0", "urgent-0"]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield fill(opened)


def find(store: Store, filters: Filters, person: Person = VERA, before: Place | None = None, most: int = 50) -> Found:
    review = replace(configured_policy(CONFIG.policy).review, votes=2)
    seen = store.aside()
    narrow(seen, person, 2, later(3600))
    return Searcher(seen.connection, person, review).find(filters, before, most)


def names(found: Found) -> list[str]:
    return sorted(one.triple_id for one in found.cases)


def add(store: Store, triple_id: str, at: datetime = AT, **verdict: Any) -> None:
    """A judged triple that is not drawn; texts and tenant in `verdict` go to the triple."""
    texts = {name: verdict.pop(name) for name in ("question", "thinking", "answer", "tenant") if name in verdict}
    triple = make_triple(id=triple_id, **{"tenant": "tenant-1"} | texts)
    store.insert_columns("triples", triple_columns([triple], at.astimezone()) | {"stored_at": [at]})
    columns = verdict_columns([make_verdict(triple_id, **verdict)], "run1")
    store.insert_columns("verdicts", columns | {"scored_at": [at]})


@pytest.mark.parametrize(
    ("filters", "finds"),
    [
        (Filters(), [*ALL, "new"]),
        (Filters(tenant="tenant-1"), ["new"]),
        (Filters(category=Category.PRIVACY), ["new"]),
        (Filters(stage="thinking"), ["new"]),
        (Filters(stage="answer"), ["new"]),
        (Filters(stage="image"), []),
        (Filters(min_risk=0.6), ["escalated-0", "urgent-0"]),
        (Filters(max_risk=0.02), ["below-0"]),
        (Filters(min_risk=0.02, max_risk=0.6), ["below-0", "escalated-0", "new"]),
        (Filters(first=DAY, last=DAY), ALL),
        (Filters(first=DAY + timedelta(days=1)), ["new"]),
        (Filters(state=NOT_DRAWN), ["new"]),
        (Filters(state="open"), ALL),
        (Filters(text="SMOKE"), ["new"]),
        (Filters(text="moon pulls"), ALL),
        (Filters(text="100%_"), []),
        (Filters(text="moon", tenant="tenant-1"), []),
        (Filters(first=date(2030, 1, 1)), []),
    ],
)
def test_each_filter_finds_what_it_names(store: Store, filters: Filters, finds: list[str]) -> None:
    add(
        store,
        "new",
        AT + timedelta(days=1),
        risk=0.3,
        category=Category.PRIVACY,
        stage="thinking+answer",
        thinking="Where there is Smoke.",
    )
    assert names(find(store, filters)) == sorted(finds)


def test_states_follow_the_votes(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    for person in (ANN, BOB):
        cast(store, two, person, ballot("urgent-0", HARMFUL), NOW)
    for person, vote in ((ANN, HARMFUL), (BOB, SAFE)):
        cast(store, two, person, ballot("escalated-0", vote), NOW)
    assert names(find(store, Filters(state="unanimous"))) == ["urgent-0"]
    assert names(find(store, Filters(state="split"))) == ["escalated-0"]
    adjudicate(store, two, EVE, ballot("escalated-0", HARMFUL), NOW)
    assert names(find(store, Filters(state="adjudicated"))) == ["escalated-0"]
    mine = {one.triple_id: one.my_vote for one in find(store, Filters(), ANN).cases}
    assert mine == {"urgent-0": 1.0, "escalated-0": 1.0, "below-0": None}


def test_a_hidden_verdict_is_not_told_and_not_found(store: Store, tmp_path: Path) -> None:
    cases = {one.triple_id: one for one in find(store, Filters(), ANN).cases}
    assert [name for name, one in cases.items() if one.hidden] == ["below-0"]
    hidden = cases["below-0"]
    assert (hidden.risk, hidden.judgment, hidden.category, hidden.stage) == (None, None, None, None)
    for filters in (
        Filters(max_risk=0.5),
        Filters(min_risk=0.0, max_risk=0.5),
        Filters(category="unknown"),
    ):
        assert "below-0" not in names(find(store, filters, ANN))
    cast(store, asking_for(2, tmp_path), ANN, ballot("below-0"), NOW)
    assert names(find(store, Filters(max_risk=0.5), ANN)) == ["below-0"]
    assert names(find(store, Filters(max_risk=0.5), BOB)) == []


def test_only_cases_in_sight_are_found(store: Store) -> None:
    add(store, "new")
    assert names(find(store, Filters(), person_with("tim", [Role.VIEWER], ["tenant-1"]))) == ["new"]
    assert names(find(store, Filters(tenant="tenant-0"), person_with("tim", [Role.VIEWER], ["tenant-1"]))) == []


def test_the_latest_verdict_counts_and_no_backfill(store: Store) -> None:
    later_on = AT + timedelta(hours=1)
    for run, changes in (("run1", {"risk": 0.1}), ("again", {"risk": 0.99})):
        key = replace(make_verdict().scorer, model_revision=f"of {run}")
        columns = verdict_columns([make_verdict("urgent-0", scorer=key, **changes)], run) | {"scored_at": [later_on]}
        store.insert_columns("verdicts", columns)
        later_on += timedelta(hours=1)
    store.begin_run(replace(make_run("again"), kind="backfill"))
    assert names(find(store, Filters(min_risk=0.9))) == []
    assert [one.risk for one in find(store, Filters()).cases if one.triple_id == "urgent-0"] == [0.1]


@pytest.mark.parametrize("text", [None, "tide"])
def test_pages_follow_on_each_other_and_miss_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """Slices of 7 triples, of which some come in at the same moment."""
    monkeypatch.setattr(search, "NEWEST", 7)
    monkeypatch.setattr(search, "SLICE", 7)
    for at in range(40):
        add(store, f"case-{at:02}", AT + timedelta(minutes=at // 3), question="What is tide?" if at % 2 else "No.")
    found, before = list[str](), None
    for _ in range(60):
        page = find(store, Filters(text=text, tenant="tenant-1"), before=before, most=5)
        found += [one.triple_id for one in page.cases]
        before = page.further
        if before is None:
            break
    wanted = {f"case-{at:02}" for at in range(40) if not text or at % 2}
    assert before is None
    assert (set(found), len(found)) == (wanted, len(wanted))


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(AT, "an_id_")
    assert Place.read(str(place)) == place
    assert Place.read("nonsense") is None
