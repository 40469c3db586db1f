"""What training and annotating ask of whoever owns the database; see `auditor/questions.py`.

Bytes of images never travel: both sides read the same blob store.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from auditor.learning import annotations as judges
from auditor.learning import locks, snapshot, store_runs
from auditor.learning.annotations import JudgeKey, ToAnnotate
from auditor.learning.cases import Annotation, Asked, CasePage, Ground, LockedCase, LockedPage
from auditor.learning.store_runs import Beginning, Ended, LearnedItem, TrainingRun
from auditor.store import Store
from conf.schema import Config

MAX_CASES = 256

Number = Annotated[int, Field(ge=1, le=MAX_CASES)]


def ground(store: Store, _: Config, now: datetime) -> Ground:
    """What a snapshot stands on."""
    return snapshot.ground_of(store, now)


def cases(store: Store, _: Config, after: str, n: Number) -> CasePage:
    """The next cases that somebody reviewed or annotated."""
    return snapshot.page_of(store, after, n)


def gone(store: Store, _: Config, ids: list[str]) -> list[str]:
    """Those of these triples that nothing may be learned from any more."""
    return snapshot.gone(store, ids)


def lock(store: Store, _: Config, found: list[LockedCase], now: datetime) -> list[str]:
    """Lock cases; gives those that are locked now and were not."""
    return locks.lock(store, found, now)


def locked(store: Store, _: Config, after: str, n: Number) -> LockedPage:
    """The next locked cases, with their triples."""
    return locks.locked_page(store, after, n)


def ask_people(store: Store, _: Config, found: list[Asked], run_id: str | None, now: datetime) -> list[str]:
    """Put cases before people."""
    return locks.ask_people(store, found, run_id, now)


def begin(store: Store, _: Config, begun: Beginning, items: list[LearnedItem]) -> bool:
    """Keep that a training begins."""
    store_runs.begin_training(store, begun, items)
    return True


def end(  # noqa: PLR0913, PLR0917 - the function's
    store: Store, _: Config, run_id: str, state: Ended, detail: str, candidate: str | None, now: datetime
) -> TrainingRun:
    """Keep what came of a training."""
    return store_runs.end_training(store, run_id, state, detail, candidate, now)


def runs(store: Store, _: Config, n: Number) -> list[TrainingRun]:
    """The latest trainings, the last one first."""
    return store_runs.training_runs(store, n)


def items(store: Store, _: Config, run_id: str) -> Sequence[str]:
    """The triples that a training learned from."""
    return store_runs.items_of(store, run_id)


def to_annotate(store: Store, _: Config, judge: JudgeKey, after: str, n: Number, all_of_them: bool) -> ToAnnotate:
    """The next triples for a judge."""
    return judges.to_annotate(store, judge, after, n, all_of_them=all_of_them)


def keep_annotations(store: Store, _: Config, judge: JudgeKey, said: list[Annotation]) -> int:
    """Keep what a judge said; gives how many were new."""
    return judges.keep_annotations(store, judge, said)
