from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from auditor.errors import BackendFailed
from auditor.pipeline import Audit, StoreKeeper, settle
from auditor.store import MEMORY, Store
from auditor.verdict import Verdict
from ingest.qta import Batch, Normalized, QTATriple, State
from tests.factories import (
    NOW,
    CountingJudge,
    make_batch,
    make_item,
    make_rejected,
    make_triple,
    make_unscorable,
    make_verdict,
)

EMPTY = Normalized(make_item(0).record, "otel_genai", empty_reason="no_model_turn")


class ListEngine:
    """An engine over batches that are there already."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = batches

    def run(self, handle: Callable[[Batch], None], stop: Event) -> None:  # noqa: ARG002
        for batch in self.batches:
            handle(batch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


def audit(store: Store, judge: CountingJudge, *batches: Batch) -> Audit:
    result = Audit(judge, StoreKeeper(store, "run1", lambda: NOW))
    result.run(ListEngine(batches), Event())
    return result


@pytest.mark.parametrize(
    ("item", "verdicts", "state", "reason"),
    [
        (make_rejected(), [], State.REJECTED, "not_json"),
        (EMPTY, [], State.EMPTY, "no_model_turn"),
        (make_item(0, make_triple()), [make_verdict()], State.SCORED, None),
        (make_item(0, make_triple()), [], State.DUPLICATE, None),
        (make_item(0, make_triple()), [make_unscorable()], State.UNSCORABLE, "unreadable"),
        (make_item(0, make_triple(), make_triple(id="t2")), [make_verdict("t2")], State.SCORED, None),
        (
            make_item(0, make_triple(), make_triple(id="t2")),
            [make_verdict(), make_unscorable("t2", "content_not_captured")],
            State.UNSCORABLE,
            "content_not_captured",
        ),
    ],
)
def test_a_record_ends_in_one_state(
    item: Normalized, verdicts: list[Verdict], state: State, reason: str | None
) -> None:
    (outcome,) = settle([item], {verdict.triple_id: verdict for verdict in verdicts})
    assert (outcome.state, outcome.reason) == (state, reason)
    assert outcome.triple_ids == tuple(triple.id for triple in item.triples)


def test_a_triple_repeated_within_a_batch_is_judged_once_and_the_later_record_is_a_duplicate(store: Store) -> None:
    judge = CountingJudge()
    result = audit(store, judge, make_batch(make_item(0, make_triple()), make_item(1, make_triple())))
    assert judge.asked == ["t1"]
    assert result.tally.states == {State.SCORED: 1, State.DUPLICATE: 1}


def test_a_triple_with_a_verdict_is_not_judged_again(store: Store) -> None:
    judge = CountingJudge()
    first = make_batch(make_item(0, make_triple()))
    second = make_batch(make_item(1, make_triple(), make_triple(id="t2")))
    result = audit(store, judge, first, second)
    assert judge.asked == ["t1", "t2"]
    assert (result.tally.triples, result.tally.verdicts) == (3, 2)


def test_a_triple_that_cannot_be_judged_is_kept_without_a_judgment(store: Store) -> None:
    audit(store, CountingJudge(unscorable=["t1"]), make_batch(make_item(0, make_triple())))
    assert store.connection.execute("SELECT triple_id, judgment, harm_score FROM verdicts").fetchall() == [
        ("t1", None, None)
    ]
    assert store.ledger()[0].states == {"unscorable": 1}


def test_a_backend_that_breaks_stores_nothing_of_its_batch(store: Store) -> None:
    class Breaking(CountingJudge):
        def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
            raise BackendFailed(f"out of memory with {len(triples)} triples")

    with pytest.raises(BackendFailed):
        audit(store, Breaking(), make_batch(make_item(0, make_triple())))
    assert store.positions() == {}
    assert store.ledger() == []
