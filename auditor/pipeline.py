"""The audit loop: engine, scorer and what keeps the outcomes put together."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from auditor.store import Store, first_of_each
from auditor.store_calibrations import give_risks
from auditor.verdict import ScorerKey, Verdict
from ingest.dead_letters import letters_of
from ingest.engines.base import Engine
from ingest.outlet import Bury
from ingest.qta import Batch, Normalized, Outcome, QTATriple, State

logger = logging.getLogger(__name__)


class Judge(Protocol):
    """What the loop needs of a scorer; `auditor.scorer.Scorer` is one."""

    @property
    def key(self) -> ScorerKey:
        """What its verdicts depend on besides the triple."""

    def score(self, triples: Sequence[QTATriple]) -> Sequence[Verdict]:
        """One verdict per triple, in their order; without a judgment where the triple cannot be judged.

        Raises:
            BackendFailed: the machinery broke; the batch is read again by the next run.
        """


@dataclass(slots=True)
class Tally:
    """What a run did so far.

    Attributes:
        triples: in the records read, also those seen before.
        verdicts: new ones.
        start_anew: the revision of the registry that judged, empty for the base, where the process ended only to be
            started anew with the next one.
    """

    records: int = 0
    states: Counter[State] = field(default_factory=Counter)
    triples: int = 0
    verdicts: int = 0
    start_anew: str | None = None

    def add(self, batch: Batch, outcomes: Sequence[Outcome], verdicts: Sequence[Verdict]) -> None:
        """Count a batch that is stored."""
        self.records += len(outcomes)
        self.states.update(outcome.state for outcome in outcomes)
        self.triples += sum(len(item.triples) for item in batch.items)
        self.verdicts += len(verdicts)

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The line of `traceaudit run --json`; `seconds` include loading the model."""
        return {
            "records": self.records,
            "states": {state.value: n for state, n in sorted(self.states.items())},
            "triples": self.triples,
            "verdicts": self.verdicts,
            "seconds": round(seconds, 3),
            "triples_per_s": round(self.triples / seconds, 3),
        }


class Keeper(Protocol):
    """Where judged batches go: the store, or in a fleet the topic of outcomes."""

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """Those of `ids` that need no judging, since they are known to have a verdict; it may know of none."""

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """Keep all that a batch became; once this returns, it survives a crash and its positions may advance.

        Returns:
            What became of each item, in order, as far as it can be told here.
        """


@dataclass(frozen=True, slots=True)
class StoreKeeper:
    """Keeps batches in the database file, each in one transaction with its positions; a Keeper.

    Attributes:
        run_id: of a run that `store` knows.
        now: the time, in UTC.
        bury: where dead letters go besides the table, before the transaction commits.
    """

    store: Store
    run_id: str
    now: Callable[[], datetime]
    bury: Bury = lambda _: None

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """See Keeper."""
        return self.store.judged(ids, scorer)

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """See Keeper."""
        outcomes = settle(batch.items, {verdict.triple_id: verdict for verdict in verdicts})
        if letters := letters_of(batch.items):
            self.bury(letters)
        self.store.save(batch, outcomes, give_risks(self.store, verdicts), self.run_id, self.now())
        return outcomes


@dataclass(slots=True)
class Audit:
    """What is done with each batch: judge it, and have all of it kept.

    Attributes:
        judge: gives the verdicts.
        keeper: keeps them.
        kept: told after each batch what was done so far, for a progress display.
        tally: what was done so far.
        renewed: asked before each batch whom to go over to; None: nobody.
    """

    judge: Judge
    keeper: Keeper
    kept: Callable[[Tally], None] = lambda _: None
    tally: Tally = field(default_factory=Tally)
    renewed: "Callable[[], tuple[Judge, Keeper] | None]" = lambda: None

    def run(self, engine: Engine, stop: Event) -> Tally:
        """Take batches until the engine ends, or `stop` is set from another thread or a signal handler.

        The engine advances a batch's positions only after `handle` returned.
        """
        engine.run(self.handle, stop)
        return self.tally

    def handle(self, batch: Batch) -> None:
        """Take one batch; see `ingest.engines.base` for when this is called. One judge judges all of it."""
        self.judge, self.keeper = self.renewed() or (self.judge, self.keeper)
        verdicts = self.verdicts_for(batch)
        outcomes = self.keeper.keep(batch, verdicts)
        self.tally.add(batch, outcomes, verdicts)
        logger.info("batch kept", extra={"n_records": len(outcomes), "n_verdicts": len(verdicts)})
        self.kept(self.tally)

    def verdicts_for(self, batch: Batch) -> Sequence[Verdict]:
        """A verdict for each triple of the batch that is not known to have one of this judge, each triple once."""
        triples = first_of_each(triple for item in batch.items for triple in item.triples)
        judged = self.keeper.judged([triple.id for triple in triples], self.judge.key)
        return self.judge.score([triple for triple in triples if triple.id not in judged])


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
    position, ids = item.record.position, (*(triple.id for triple in item.triples), *item.part_of)
    if item.rejection:
        return Outcome(position, State.REJECTED, item.rejection.reason, item.format, ids)
    if not item.triples:
        return Outcome(position, State.EMPTY, item.empty_reason, item.format, ids)
    new = [verdict for verdict in verdicts if verdict]
    if reasons := [verdict.unscorable_reason for verdict in new if verdict.judgment is None]:
        return Outcome(position, State.UNSCORABLE, reasons[0], item.format, ids)
    return Outcome(position, State.SCORED if new else State.DUPLICATE, None, item.format, ids)
