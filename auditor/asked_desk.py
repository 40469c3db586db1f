"""The desk of whoever owns the database at the moment: a service, a run, or this process for as long as it asks.

The file is open only while something is asked of it. So an audit, a report or a service may have it while the model
works; a backfill that finds it taken by who does not answer waits, since live work goes first.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.desk import Known, Page, Place, Selection, Standing
from auditor.errors import StoreLocked
from auditor.moves import Pair
from auditor.owner import Asker
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from ingest.qta import QTATriple


@dataclass(slots=True)
class AskedDesk:
    """Asks whoever owns the database; a Desk.

    Attributes:
        wait_s: how long to wait before looking again whether the file is free; until anybody was asked, a file that is
            taken is an error.
        waiting: what is waited for, as it was said last.
    """

    asker: Asker
    wait_s: float
    waiting: str = field(default="", init=False)

    def standing(self, chosen: Selection, scorer: ScorerKey) -> Standing:
        """See Desk."""
        found: Standing = self.ask("standing", chosen, scorer)
        return found

    def handful(self, chosen: Selection, scorer: ScorerKey, n: int) -> list[QTATriple]:
        """See Desk."""
        found: list[QTATriple] = self.ask("handful", chosen, scorer, n)
        return found

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """See Desk."""
        found: Page = self.ask("take", chosen, scorer, after, n)
        return found

    def keep(self, run: Run, verdicts: Sequence[Verdict]) -> int:
        """See Desk."""
        return int(self.ask("keep", run, list(verdicts)))

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> Mapping[str, Verdict]:
        """See Desk."""
        found: Mapping[str, Verdict] = self.ask("recall", list(hashes), scorer)
        return found

    def known(self) -> list[Known]:
        """See Desk."""
        found: list[Known] = self.ask("known")
        return found

    def pairs(self, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
        """See Desk."""
        found: list[Pair] = self.ask("pairs", chosen, first, second)
        return found

    def ask(self, name: str, *arguments: Any) -> Any:
        """The answer, once there is one.

        Raises:
            StoreLocked: another process has the file from the first, and does not answer.
            StoreUnusable, ServiceFailed, Declined: see `Asker.ask`.
        """
        while True:
            try:
                return self.asker.ask(f"backfill.{name}", *arguments)
            except StoreLocked as error:
                if not self.asker.asked:
                    raise
                if str(error) != self.waiting:
                    self.waiting = str(error)
                    self.asker.say(f"waiting: {self.waiting.partition(';')[0]}")
                time.sleep(self.wait_s)
