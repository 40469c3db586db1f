"""The draw of a day: once, whole or not at all, repeatable by whoever has the seed, and fair."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

import pytest

from auditor.errors import DrawRefused
from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.sampling import store as draws
from auditor.sampling.bands import BANDS
from auditor.sampling.store import draw, seed_of
from auditor.sampling.strata import plan
from auditor.store import MEMORY, Store
from conf.schema import load
from tests.auditor.sampling.seed import AT, DAY, keep, seed

CONFIG = load()
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PLAN = configured_policy(CONFIG.policy).review


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield opened


@pytest.fixture
def fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget below the line that no strata have to be merged for."""
    policy = configured_policy(CONFIG.policy)
    review = replace(policy.review, escalated_share=0.3, below_line_per_day=200)
    monkeypatch.setattr(draws, "configured_policy", lambda _: replace(policy, review=review))


def rows(store: Store, query: str) -> list[dict[str, Any]]:
    found = store.connection.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_verdict_of_the_day_is_in_one_stratum_and_has_a_chance(store: Store) -> None:
    seed(store, 3000, unscorable=7)
    drawn = draw(store, CONFIG, DAY, NOW)
    strata = rows(store, "FROM strata")
    assert sum(one["size"] for one in strata) == 3007 == sum(drawn.sizes.values())
    assert all(one["drawn"] > 0 for one in strata)
    assert {one["seed"] for one in strata} == {seed_of(rows(store, "FROM draw_salt")[0]["salt"], DAY)}
    for one in strata:
        of = rows(store, f"FROM draws WHERE stratum = '{one['stratum']}'")
        assert len(of) == one["drawn"]
        assert {case["inclusion"] for case in of} == {one["drawn"] / one["size"]}
        assert {case["reason"] for case in of} == {one["reason"]}


def test_all_urgent_the_share_of_the_escalated_and_the_budget_below_are_drawn(store: Store, fine: None) -> None:
    seed(store, 3000, unscorable=7)
    drawn = draw(store, CONFIG, DAY, NOW)
    assert drawn.drawn["urgent"] == drawn.sizes["urgent"] > 0
    assert drawn.drawn["below"] == 200
    escalated = {
        one["band"]: (one["size"], one["drawn"]) for one in rows(store, "FROM strata WHERE reason='escalated'")
    }
    assert escalated["unscorable"] == (7, 3)
    size, n = escalated["scored"]
    assert n == ceil(round(size * 0.3, 6))
    assert {one["level"] for one in rows(store, "FROM draws WHERE reason = 'below'")} <= {"none", "watch"}
    assert {one["risk"] for one in rows(store, "FROM draws WHERE stratum = 'escalated/unscorable'")} == {None}


def test_strata_below_the_line_are_by_band_kind_and_tenant(store: Store, fine: None) -> None:
    seed(store, 3000)
    draw(store, CONFIG, DAY, NOW)
    for one in rows(
        store,
        """SELECT s.*, d.risk, d.level, t.tenant AS its_tenant, t.thinking_kind AS its_kind
        FROM strata s JOIN draws d USING ("day", stratum) JOIN triples t ON t.id = triple_id
        WHERE s.reason = 'below'""",
    ):
        assert one["stratum"] == f"below/{one['band']}/{one['thinking_kind']}/tenant:{one['tenant']}"
        assert (one["its_tenant"], one["its_kind"]) == (one["tenant"], one["thinking_kind"])
        band = "watch" if one["level"] == "watch" else next(band.name for band in BANDS if one["risk"] < band.end)
        assert band == one["band"]


def test_with_a_small_budget_strata_are_merged_and_still_cover_all(store: Store) -> None:
    seed(store, 3000, tenants=40)
    draw(store, CONFIG, DAY, NOW)
    below = rows(store, "FROM strata WHERE reason = 'below'")
    assert sum(one["drawn"] for one in below) == PLAN.below_line_per_day == 20
    assert {one["band"] for one in below} == {*(band.name for band in BANDS), "watch"}
    assert len(below) == 5
    assert min(one["drawn"] for one in below) >= 2
    assert {one["tenant"] for one in below} == {None}


def test_a_day_is_drawn_once(store: Store) -> None:
    seed(store, 500)
    first = draw(store, CONFIG, DAY, NOW)
    before = rows(store, "FROM draws"), rows(store, "FROM strata")
    keep(store, "later", 0.99)
    again = draw(store, CONFIG, DAY, NOW + timedelta(hours=1))
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.sizes, again.drawn) == (first.sizes, first.drawn)
    assert (rows(store, "FROM draws"), rows(store, "FROM strata")) == before
    (event,) = rows(store, "FROM events WHERE kind = 'draw.made'")
    assert event["subject"] == DAY.isoformat()
    assert rows(store, "SELECT table_name FROM duckdb_tables() WHERE temporary") == []


def test_a_day_that_is_not_over_is_drawn_only_if_asked(store: Store) -> None:
    seed(store, 50)
    at = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    with pytest.raises(DrawRefused, match="2026-03-01 is not over"):
        draw(store, CONFIG, DAY, at)
    assert draw(store, CONFIG, DAY, at, early=True).is_new


def test_without_verdicts_nothing_is_made(store: Store) -> None:
    assert draw(store, CONFIG, DAY, NOW).sizes == {}
    assert rows(store, "FROM events") == rows(store, "FROM strata") == []


def test_only_the_day_is_drawn_from(store: Store) -> None:
    seed(store, 50)
    keep(store, "before", 0.99, AT - timedelta(days=1))
    keep(store, "after", 0.99, AT + timedelta(days=1))
    draw(store, CONFIG, DAY, NOW)
    assert {"before", "after"}.isdisjoint(one["triple_id"] for one in rows(store, "FROM draws"))


def test_whoever_has_the_seed_draws_the_same_cases(store: Store, fine: None) -> None:
    """The rule as the docs state it, in Python."""
    seed(store, 3000)
    draw(store, CONFIG, DAY, NOW)
    strata = rows(store, "FROM strata WHERE reason = 'below' AND band <> 'watch'")
    triples = rows(store, "SELECT id, tenant, thinking_kind, risk FROM triples JOIN verdicts ON triple_id = id")
    drawn = {one["triple_id"] for one in rows(store, "FROM draws")}
    ends = {band.name: band.end for band in BANDS}
    starts = dict(zip(ends, (0.0, *ends.values()), strict=False))
    assert len(strata) == 3 * 3 * len(BANDS)
    for one in strata:
        of = {
            triple["id"]
            for triple in triples
            if (triple["tenant"], triple["thinking_kind"]) == (one["tenant"], one["thinking_kind"])
            and starts[one["band"]] <= triple["risk"] < min(ends[one["band"]], 0.3)
        }
        order = sorted(of, key=lambda name: hashlib.sha256(f"{one['seed']}:{name}".encode()).hexdigest())
        assert len(of) == one["size"]
        assert set(order[: one["drawn"]]) == drawn & of


def test_a_draw_that_fails_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(store, 50)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(draws, "record_event", fail)
    with pytest.raises(ZeroDivisionError):
        draw(store, CONFIG, DAY, NOW)
    for table in ("draws", "strata", "draw_salt", "events WHERE kind <> 'rows.stored'"):
        assert rows(store, f"FROM {table}") == []
    monkeypatch.undo()
    assert draw(store, CONFIG, DAY, NOW).is_new


def test_databases_draw_differently() -> None:
    found = []
    for _ in range(2):
        with Store.open(MEMORY) as one:
            seed(one, 2000)
            draw(one, CONFIG, DAY, NOW)
            found.append({case["triple_id"] for case in rows(one, "FROM draws WHERE reason = 'below'")})
    assert found[0] != found[1]


def test_each_verdict_is_drawn_as_often_as_its_inclusion_says(store: Store) -> None:
    """Many seeds: how often each case was drawn, against the probability that is stored."""
    seed(store, 120)
    connection, n = store.connection, 300
    make_judged(connection, DAY, DAY, {DAY: configured_policy(CONFIG.policy)})
    connection.execute(draws.CELLS, {"day": DAY})
    strata, counts = plan(draws.sizes_of(connection), PLAN), Counter[str]()
    inclusion: dict[str, float] = {}
    for at in range(n):
        draws.keep(store, strata, {"day": DAY, "seed": seed_of(str(at), DAY), "now": AT}, 0)
        for triple_id, share in connection.execute("SELECT triple_id, inclusion FROM draws").fetchall():
            counts[triple_id] += 1
            inclusion[triple_id] = share
        connection.execute("DELETE FROM draws; DELETE FROM strata")
    assert len(counts) == 120
    assert min(inclusion.values()) < 0.3
    for triple_id, share in inclusion.items():
        assert abs(counts[triple_id] / n - share) <= 4.5 * (share * (1 - share) / n) ** 0.5
    assert sum(counts.values()) / n == pytest.approx(sum(inclusion.values()))


def test_a_seed_is_of_the_salt_and_the_day() -> None:
    assert seed_of("salt", date(2026, 3, 1)) == hashlib.sha256(b"salt:2026-03-01").hexdigest()
