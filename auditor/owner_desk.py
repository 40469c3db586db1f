"""The desk of whoever owns the database at the moment: a service, or else this process, for as long as it asks.

The file is open only while something is asked of it. So an audit, a report or a service may have it while the model
works; a backfill that finds it taken waits, since live work goes first, and asks the service if that is who has it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from auditor.desk import Desk, Known, Page, Place, Selection, Standing
from auditor.desk_client import ServiceDesk
from auditor.errors import StoreLocked
from auditor.moves import Pair
from auditor.service import find_service, read_secret
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from ingest.qta import QTATriple


@dataclass(slots=True)
class OwnerDesk:
    """Whoever owns the database; a Desk.

    Attributes:
        path: the database file.
        blob_dir: as in Store.open.
        wait_s: how long to wait before looking again whether the file is free.
        say: told, for people, who is asked and who is waited for, once each.
        asked: who was asked last; until anybody was, a file that is taken is an error.
    """

    path: str
    blob_dir: str
    wait_s: float
    say: Callable[[str], None]
    asked: str = ""

    @property
    def where(self) -> str:
        """See Desk."""
        return self.asked

    @contextmanager
    def owner(self) -> Iterator[Desk]:
        """The desk of the moment, for a few questions.

        Raises:
            StoreLocked: another process, such as `traceaudit run`, has the file from the first.
            StoreUnusable: the file cannot be opened.
            ServiceFailed: this user may not ask the service.
        """
        if service := find_service(self.path):
            yield self.named(ServiceDesk(service, read_secret(self.path)))
            return
        store = self.opened()
        if store is None:
            with self.owner() as desk:
                yield desk
            return
        with store:
            yield self.named(StoreDesk(store, self.path))

    def opened(self) -> Store | None:
        """The open file; None where a service took it."""
        waiting = ""
        while not find_service(self.path):
            try:
                return Store.open(self.path, self.blob_dir, create=False)
            except StoreLocked as error:
                if not self.asked:
                    raise
                if str(error) != waiting:
                    waiting = str(error)
                    self.say(f"waiting: {waiting.partition(';')[0]}")
                time.sleep(self.wait_s)
        return None

    def named(self, desk: Desk) -> Desk:
        """The same desk, told of where it is another than before."""
        if desk.where != self.asked:
            self.asked = desk.where
            self.say(f"triples from {desk.where}")
        return desk

    def standing(self, chosen: Selection, scorer: ScorerKey) -> Standing:
        """See Desk."""
        with self.owner() as desk:
            return desk.standing(chosen, scorer)

    def handful(self, chosen: Selection, scorer: ScorerKey, n: int) -> list[QTATriple]:
        """See Desk."""
        with self.owner() as desk:
            return desk.handful(chosen, scorer, n)

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """See Desk."""
        with self.owner() as desk:
            return desk.take(chosen, scorer, after, n)

    def keep(self, run: Run, verdicts: Sequence[Verdict]) -> int:
        """See Desk."""
        with self.owner() as desk:
            return desk.keep(run, verdicts)

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> Mapping[str, Verdict]:
        """See Desk."""
        with self.owner() as desk:
            return desk.recall(hashes, scorer)

    def known(self) -> list[Known]:
        """See Desk."""
        with self.owner() as desk:
            return desk.known()

    def pairs(self, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
        """See Desk."""
        with self.owner() as desk:
            return desk.pairs(chosen, first, second)
