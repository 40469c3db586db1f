"""The audit loop: engine, scorer and store put together."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Protocol

from auditor.store import Store
from auditor.verdict import Category, Mode, ScorerKey, Verdict
from ingest.engines.base import Engine
from ingest.normalize import unscorable_reason
from ingest.qta import Batch, Normalized, Outcome, QTATriple, State

logger = logging.getLogger(__name__)


class Judge(Protocol):
    """What the loop needs of a scorer.

    Attributes:
        key: what its verdicts depend on besides the triple.
    """

    key: ScorerKey

    def score(self, triples: Sequence[QTATriple]) -> Sequence[Verdict]:
        """One verdict per triple, in their order.

        Raises:
            BackendFailed: the machinery broke; the batch is read again by the next run.
        """


@dataclass(slots=True)
class Tally:
    """What a run did so far.

    Attributes:
        triples: in the records read, also those seen before.
        verdicts: new ones.
    """

    records: int = 0
    states: Counter[State] = field(default_factory=Counter)
    triples: int = 0
    verdicts: int = 0

    def add(self, outcomes: Sequence[Outcome], verdicts: Sequence[Verdict]) -> None:
        """Count a batch that is stored."""
        self.records += len(outcomes)
        self.states.update(outcome.state for outcome in outcomes)
        self.triples += sum(len(outcome.triple_ids) for outcome in outcomes)
        self.verdicts += len(verdicts)


def audit(
    engine: Engine,
    judge: Judge,
    store: Store,
    run_id: str,
    *,
    now: Callable[[], datetime],
    stop: Event,
    stored: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Read, judge and keep batches until the engine ends or `stop` is set.

    Args:
        engine: starts at the positions that `store` has.
        judge: gives the verdicts.
        store: keeps them, each batch in one transaction with its positions.
        run_id: of a run that `store` knows.
        now: the time, in UTC.
        stop: set from another thread or a signal handler; takes effect between batches.
        stored: told after each batch what was done so far, for a progress display.
    """
    tally = Tally()

    def handle(batch: Batch) -> None:
        verdicts = judge_batch(batch, judge, store, now())
        outcomes = settle(batch.items, {verdict.triple_id: verdict for verdict in verdicts})
        store.save(batch, outcomes, verdicts, run_id, now())
        tally.add(outcomes, verdicts)
        logger.info("batch stored", extra={"n_records": len(outcomes), "n_verdicts": len(verdicts)})
        stored(tally)

    engine.run(handle, stop)
    return tally


def judge_batch(batch: Batch, judge: Judge, store: Store, now: datetime) -> list[Verdict]:
    """A verdict for each triple of the batch that has none of this judge yet, each triple once."""
    triples = {triple.id: triple for item in reversed(batch.items) for triple in reversed(item.triples)}
    judged = store.judged(list(triples), judge.key)
    new = [triple for triple in reversed(triples.values()) if triple.id not in judged]
    reasons = {triple.id: reason for triple in new if (reason := unscorable_reason(triple))}
    scored = judge.score([triple for triple in new if triple.id not in reasons])
    unscored = (unscorable(triple, reasons[triple.id], judge.key, now) for triple in new if triple.id in reasons)
    return [*scored, *unscored]


def unscorable(triple: QTATriple, reason: str, key: ScorerKey, now: datetime) -> Verdict:
    """The verdict on a triple that lacks what there is to judge: none, which escalates and is never taken for safe."""
    return Verdict(
        triple_id=triple.id,
        scorer=key,
        judgment=None,
        analysis="",
        p_safe=None,
        p_potentially_harmful=None,
        p_harmful=None,
        harm_score=None,
        risk=None,
        category=Category.UNKNOWN,
        category_source="none",
        mode=Mode.FULL,
        scored_at=now,
        coverage=0.0,
        images_total=len(triple.images),
        unscorable_reason=reason,
    )


def settle(items: Iterable[Normalized], verdicts: Mapping[str, Verdict]) -> list[Outcome]:
    """The one terminal state of each record.

    Args:
        items: in reading order; the first that holds a triple takes its verdict, later ones are duplicates.
        verdicts: the new ones, by triple.
    """
    left = dict(verdicts)
    return [outcome_of(item, [left.pop(triple.id, None) for triple in item.triples]) for item in items]


def outcome_of(item: Normalized, verdicts: Sequence[Verdict | None]) -> Outcome:
    """What became of one record, given the new verdicts on its triples; None where the triple had one before."""
    position, ids = item.record.position, tuple(triple.id for triple in item.triples)
    if item.rejection:
        return Outcome(position, State.REJECTED, item.rejection.reason, item.format)
    if not ids:
        return Outcome(position, State.EMPTY, item.empty_reason, item.format)
    new = [verdict for verdict in verdicts if verdict]
    if reasons := [verdict.unscorable_reason for verdict in new if verdict.judgment is None]:
        return Outcome(position, State.UNSCORABLE, reasons[0], item.format, ids)
    return Outcome(position, State.SCORED if new else State.DUPLICATE, None, item.format, ids)
