"""The answers to the smaller questions of `questions.py`: see there for what such a function is."""

from collections.abc import Sequence
from datetime import datetime

from auditor.ledger import LedgerLine
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_letters import LetterLine, Which, find_letters, load_records
from auditor.store_reviews import Added, add_reviews, read_all
from conf.schema import Config
from ingest.qta import Record


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


def all_votes(store: Store, _: Config) -> Sequence[Review]:
    """Every vote, in the order in which they were given."""
    return read_all(store)
