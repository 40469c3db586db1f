"""What a backfill, and a run over the golden set, ask of whoever owns the database; see `questions.py`.

Bytes of images never travel: both sides read the same blob store.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from auditor.backfill import wrong_with
from auditor.desk import Known, Page, Place, Selection, Standing
from auditor.errors import VerdictRefused
from auditor.golden.drill import GoldenRun, GoldenScore
from auditor.moves import Pair
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_calibrations import give_risks
from auditor.store_golden import golden_runs, keep_golden
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from conf.schema import Config
from ingest.qta import QTATriple

MAX_TRIPLES = 256

Number = Annotated[int, Field(ge=1, le=MAX_TRIPLES)]
Verdicts = Annotated[list[Verdict], Field(max_length=MAX_TRIPLES)]
Hashes = Annotated[list[str], Field(max_length=MAX_TRIPLES)]


def standing(store: Store, _: Config, chosen: Selection, scorer: ScorerKey) -> Standing:
    """See Desk."""
    return StoreDesk(store).standing(chosen, scorer)


def handful(store: Store, _: Config, chosen: Selection, scorer: ScorerKey, n: Number) -> list[QTATriple]:
    """See Desk."""
    return StoreDesk(store).handful(chosen, scorer, n)


def take(  # noqa: PLR0913, PLR0917 - the method's
    store: Store, config: Config, chosen: Selection, scorer: ScorerKey, after: Place, n: Number
) -> Page:
    """See Desk; no triples while more live work waits than `backfill.max_lag`."""
    lag = store.lag(store)
    if lag > config.backfill.max_lag:
        return Page((), after, lag)
    return StoreDesk(store).take(chosen, scorer, after, n)


def keep(store: Store, _: Config, run: Run, verdicts: Verdicts) -> int:
    """See Desk.

    Raises:
        VerdictRefused: one cannot be kept; none is.
    """
    for verdict in verdicts:
        if reason := wrong_with(verdict, run):
            raise VerdictRefused(reason)
    return StoreDesk(store).keep(run, verdicts)


def recall(store: Store, _: Config, hashes: Hashes, scorer: ScorerKey) -> Mapping[str, Verdict]:
    """See Desk."""
    return StoreDesk(store).recall(hashes, scorer)


def known(store: Store, _: Config) -> list[Known]:
    """See Desk."""
    return StoreDesk(store).known()


def pairs(store: Store, _: Config, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
    """See Desk."""
    return StoreDesk(store).pairs(chosen, first, second)


def runs_of_golden(store: Store, _: Config, scorer: ScorerKey, cases_hash: str, n: Number) -> list[GoldenRun]:
    """The last runs of a scorer over the same golden cases, the last one first."""
    return golden_runs(store, scorer, cases_hash, n)


def with_risks(store: Store, _: Config, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts with their risks by the calibrations in force."""
    return give_risks(store, verdicts)


def keep_run_of_golden(store: Store, _: Config, run: GoldenRun, scores: list[GoldenScore]) -> int:
    """Keep a run over the golden set; gives the number of its scores."""
    return keep_golden(store, run, scores)
