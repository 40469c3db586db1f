"""The answers to the smaller questions of `questions.py`: see there for what such a function is."""

from collections.abc import Sequence
from datetime import datetime

from auditor.ledger import LedgerLine
from auditor.pipeline import settle
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_calibrations import give_risks
from auditor.store_letters import (
    LetterLine,
    Stamp,
    Which,
    find_letters,
    load_records,
    settle_letters,
    still_open,
)
from auditor.store_reviews import Added, add_reviews, read_all
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from conf.schema import Config
from ingest.qta import Normalized, Outcome, Record


def nothing(_: Store, __: Config) -> bool:
    """Tells that there is somebody to ask."""
    return True


def ledger(store: Store, _: Config) -> list[LedgerLine]:
    """Coverage, a line for each source partition."""
    return store.ledger()


def keep_votes(store: Store, _: Config, votes: list[Review], now: datetime) -> Added:
    """Keep the votes that are not kept yet."""
    return add_reviews(store, votes, now)


def find_dead_letters(store: Store, _: Config, which: Which) -> list[LetterLine]:
    """The dead letters that are meant, without their bytes."""
    return find_letters(store, which)


def load_dead_letters(store: Store, _: Config, lines: list[LetterLine]) -> list[Record]:
    """The records of these letters, byte for byte."""
    return load_records(store, lines)


def judged(store: Store, _: Config, ids: list[str], scorer: ScorerKey) -> list[str]:
    """Those of `ids` that have a verdict of this scorer."""
    return sorted(store.judged(ids, scorer))


def settle_dead_letters(
    store: Store, _: Config, run: Run, items: list[Normalized], verdicts: list[Verdict], now: datetime
) -> list[Outcome]:
    """Keep what open letters became; gives that, without those that somebody else has settled meanwhile."""
    with store.transaction():
        store.begin_run(run)
        left = still_open(store, items)
        outcomes = settle(left, {verdict.triple_id: verdict for verdict in verdicts})
        ids = {triple.id for item in left for triple in item.triples}
        new = ids - store.judged(sorted(ids), run.scorer)
        given = give_risks(store, [verdict for verdict in verdicts if verdict.triple_id in new])
        settle_letters(store, left, outcomes, given, Stamp(run.run_id, now))
    return list(outcomes)


def all_votes(store: Store, _: Config) -> Sequence[Review]:
    """Every vote, in the order in which they were given."""
    return read_all(store)
