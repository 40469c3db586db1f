"""Stored triples judged once more: each once, whatever stops it, and nothing that stands is touched."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from auditor.backfill import Backfill, Job, next_pace, parts, wrong_with
from auditor.desk import Costs, Known, Page, Place, Selection, Standing, find_known
from auditor.errors import BackendFailed, VerdictRefused
from auditor.estimate import costs_of, describe, duration, estimate, is_known
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from conf.errors import ConfigError
from ingest.qta import QTATriple
from tests.factories import KEY, NOW, make_batch, make_image, make_item, make_run, make_triple, make_verdict

OTHER = ScorerKey("other", "r2", "p1", "full/greedy/2000")
RUN = Run("b1", NOW, "0.1.0", OTHER, "scripted", "default-1", "backfill")
EVER = Selection(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


class Second:
    """Judges as another model; breaks at the triples that it is told of."""

    key = OTHER

    def __init__(self, breaks_at: Sequence[str] = ()) -> None:
        self.breaks_at = set(breaks_at)
        self.asked: list[str] = []

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        if self.breaks_at & {triple.id for triple in triples}:
            raise BackendFailed("out of luck")
        self.asked += [triple.id for triple in triples]
        return [make_verdict(triple.id, scorer=OTHER) for triple in triples]


@pytest.fixture
def store() -> Iterator[Store]:
    """Twenty triples of two tenants over two days, each judged live."""
    with Store.open(":memory:") as opened:
        opened.begin_run(make_run())
        for day in range(2):
            items = [
                make_item(n, make_triple(id=f"t{n:02}", tenant="ba"[n % 2])) for n in range(day * 10, day * 10 + 10)
            ]
            verdicts = [make_verdict(item.triples[0].id) for item in items]
            opened.save(make_batch(*items), [], verdicts, "run1", NOW + timedelta(days=day))
        yield opened


def job(chosen: Selection = EVER, limit: int | None = None, batch: int = 3) -> Job:
    return Job(chosen, RUN, batch, 10.0, 1000, 0.01, limit)


def as_it_is(triple: QTATriple) -> QTATriple:
    return triple


def backfill(store: Store, judge: Second, the_job: Job | None = None) -> Backfill:
    return Backfill(StoreDesk(store), judge, as_it_is, the_job or job())


def keys(store: Store) -> list[tuple[str, str, str]]:
    query = "SELECT triple_id, model_revision, run_id FROM verdicts ORDER BY ALL"
    return store.connection.execute(query).fetchall()


def test_each_stored_triple_gets_a_second_verdict_beside_the_first(store: Store) -> None:
    before, judge = keys(store), Second()
    done = backfill(store, judge).run(Event())
    assert (done.judged, done.stored, done.finished) == (20, 20, True)
    assert judge.asked == sorted(judge.asked)
    assert keys(store) == sorted([*before, *((f"t{n:02}", "r2", "b1") for n in range(20))])
    assert store.connection.execute("SELECT kind FROM runs ORDER BY run_id").fetchall() == [("backfill",), ("live",)]


def test_what_has_a_verdict_is_passed_over(store: Store) -> None:
    backfill(store, Second(), job(limit=7)).run(Event())
    judge = Second()
    assert backfill(store, judge).run(Event()).judged == 13
    assert not set(judge.asked) & {f"t{n:02}" for n in range(7)}
    assert backfill(store, judge).run(Event()).judged == 0


def test_a_backend_that_breaks_leaves_what_was_kept(store: Store) -> None:
    with pytest.raises(BackendFailed):
        backfill(store, Second(breaks_at=["t07"])).run(Event())
    assert len(keys(store)) == 20 + 6
    assert backfill(store, Second()).run(Event()).judged == 14


def test_a_stop_ends_after_the_batch_at_hand(store: Store) -> None:
    stop = Event()
    one = backfill(store, Second())
    one.show = lambda done: stop.set() if done.judged >= 6 else None
    done = one.run(stop)
    assert (done.judged, done.finished) == (6, False)
    assert len(keys(store)) == 26


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        (replace(EVER, since=NOW + timedelta(days=1)), range(10, 20)),
        (replace(EVER, until=NOW + timedelta(days=1)), range(10)),
        (replace(EVER, tenant="a"), range(1, 20, 2)),
        (replace(EVER, tenant="nobody"), ()),
    ],
)
def test_days_and_tenants_are_kept_to(store: Store, chosen: Selection, ids: Sequence[int]) -> None:
    judge = Second()
    backfill(store, judge, job(chosen)).run(Event())
    assert judge.asked == [f"t{n:02}" for n in ids]


def test_triples_stored_while_it_runs_are_not_chased(store: Store) -> None:
    def grow(_: object) -> None:
        store.save(make_batch(make_item(20, make_triple(id="t99"))), [], [], "run1", EVER.until)

    one = backfill(store, Second())
    one.show = lambda done: grow(done) if done.judged == 20 else None
    assert one.run(Event()).judged == 20


class Lagging(StoreDesk):
    """Gives nothing out the first times it is asked."""

    waits = 2

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        type(self).waits -= 1
        return super().take(chosen, scorer, after, n) if type(self).waits < 0 else Page((), after, lag=900)


def test_it_waits_while_live_work_lags_and_loses_no_place(store: Store) -> None:
    seen: list[int] = []
    one = Backfill(Lagging(store), Second(), as_it_is, job(), lambda done: seen.append(done.lag))
    assert one.run(Event()).judged == 20
    assert seen[:3] == [900, 900, 0]


@pytest.mark.parametrize(
    ("n_triples", "seconds", "pace"),
    [(8, 10.0, 8), (8, 0.1, 32), (8, 5.0, 16), (32, 64.0, 5), (1, 600.0, 1), (4, 0.0, 16)],
)
def test_it_asks_for_as_many_as_the_time_of_a_batch_allows(n_triples: int, seconds: float, pace: int) -> None:
    assert next_pace(n_triples, seconds, 10.0) == pace


def test_batches_grow_while_judging_is_fast_and_stay_within_bounds(store: Store) -> None:
    ticks = iter(range(100))
    sizes: list[int] = []
    one = backfill(store, Second(), replace(job(batch=12), batch_s=2.0))
    one.clock, one.pace = lambda: float(next(ticks)), 2
    one.show = lambda done: sizes.append(done.judged - sum(sizes))
    one.run(Event())
    assert sizes == [2, 4, 8, 6]


def test_pages_go_on_behind_many_that_are_judged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.store_backfill.PAGE", 4)
    desk = StoreDesk(store)
    desk.keep(RUN, [make_verdict(f"t{n:02}", scorer=OTHER) for n in range(9)])
    judge = Second()
    assert backfill(store, judge).run(Event()).judged == 11
    assert judge.asked == [f"t{n:02}" for n in range(9, 20)]


def test_verdicts_handed_in_twice_are_kept_once(store: Store) -> None:
    desk = StoreDesk(store)
    verdicts = [make_verdict("t01", scorer=OTHER), make_verdict("t02", scorer=OTHER)]
    assert desk.keep(RUN, verdicts[:1]) == 1
    assert desk.keep(RUN, verdicts) == 1
    assert desk.keep(RUN, verdicts) == 0
    assert len(keys(store)) == 22


@pytest.mark.parametrize("ids", [["t01", "nowhere"], ["t01", "t01"]])
def test_a_verdict_of_no_stored_triple_keeps_out_all_beside_it(store: Store, ids: Sequence[str]) -> None:
    with pytest.raises(VerdictRefused):
        StoreDesk(store).keep(RUN, [make_verdict(triple_id, scorer=OTHER) for triple_id in ids])
    assert len(keys(store)) == 20


WRONG: list[Callable[[Verdict], Verdict]] = [
    lambda one: replace(one, scorer=KEY),
    lambda one: replace(one, unscorable_reason="both"),
    lambda one: replace(one, judgment=None),
    lambda one: replace(one, risk=1.5),
    lambda one: replace(one, p_harmful=float("nan")),
    lambda one: replace(one, p_safe=0.5),
    lambda one: replace(one, seconds=-1.0),
]


@pytest.mark.parametrize("spoil", WRONG)
def test_a_verdict_that_cannot_be_is_told(spoil: Callable[[Verdict], Verdict]) -> None:
    good = make_verdict(scorer=OTHER)
    assert wrong_with(good, RUN) is None
    assert wrong_with(spoil(good), RUN)
    assert wrong_with(good, replace(RUN, kind="live"))


def test_images_that_do_not_fit_into_memory_together_come_apart() -> None:
    triples = [make_triple(id=str(n), images=(make_image(b"x" * n),)) for n in (4, 5, 9, 99, 1)]
    found = [[triple.id for triple in part] for part in parts(triples, 10)]
    assert found == [["4", "5"], ["9"], ["99"], ["1"]]
    assert list(parts([], 10)) == []


def test_an_estimate_rests_on_the_past_where_there_is_enough_of_it(store: Store) -> None:
    desk = StoreDesk(store)
    standing = desk.standing(replace(EVER, tenant="a"), KEY)
    assert (standing.triples, standing.judged, standing.costs.n_verdicts) == (10, 10, 20)
    desk.keep(RUN, [make_verdict("t01", scorer=OTHER, seconds=1.5, prompt_tokens=100, output_tokens=10)])
    desk.keep(RUN, [make_verdict("t02", scorer=OTHER, seconds=0.5, prompt_tokens=300, output_tokens=30)])
    standing = desk.standing(replace(EVER, tenant="a"), OTHER)
    assert (standing.triples, standing.judged, standing.costs) == (10, 1, Costs(2, 1.0, 200.0, 20.0))
    assert not is_known(standing)
    found = estimate(OTHER, standing, None).as_json()
    assert (found["pending"], found["seconds"], found["prompt_tokens"], found["basis"]) == (9, 9.0, 1800, "past")


def test_an_estimate_of_a_handful_that_was_judged_now(store: Store) -> None:
    desk = StoreDesk(store)
    chosen = desk.handful(EVER, OTHER, 8)
    assert len({triple.id for triple in chosen}) == 8
    assert [triple.id for triple in desk.handful(EVER, OTHER, 8)] == [triple.id for triple in chosen]
    assert desk.handful(EVER, KEY, 8) == []
    verdicts = [make_verdict("x", seconds=s, prompt_tokens=10, output_tokens=1) for s in (1.0, 5.0)]
    found = estimate(OTHER, desk.standing(EVER, OTHER), costs_of(verdicts))
    assert (found.basis, found.seconds) == ("handful", 60.0)
    words = describe(found, NOW)
    assert words.startswith("20 of 20 stored triples to judge\nabout 200 tokens of prompts and 20 of answers, 1 min")
    assert "2026-01-02 03:05 UTC" in words
    assert costs_of([]) == Costs(0, 0.0, 0.0, 0.0)
    assert is_known(Standing(3, 3, costs_of([]), ""))


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (600, "10 min"), (7500, "2 h 5 min")])
def test_a_time_span_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


KNOWN = [Known(KEY, 3), Known(OTHER, 2), Known(replace(OTHER, decoding="triage"), 1)]


@pytest.mark.parametrize(
    ("text", "wanted"), [("r1", KEY), ("r2:p1:full", OTHER), ("r2::triage", KNOWN[2].scorer), ("r1:p", KEY)]
)
def test_a_scorer_is_found_by_how_its_key_begins(text: str, wanted: ScorerKey) -> None:
    assert find_known(KNOWN, text) == wanted


@pytest.mark.parametrize(("text", "why"), [("r2", "could be r2:p1:full"), ("r9", "no verdicts"), ("r1:p1:f:x", "no")])
def test_a_scorer_that_is_not_one_is_told_with_what_there_is(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        find_known(KNOWN, text)
