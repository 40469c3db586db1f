"""Dead letters read again: those that the configuration in force can read are judged and settled.

open letters --normalize--> still rejected: left as they are
                       └--> triples --judge--> verdicts --settle--> the record's new state, the letter closed

Letters that are parts of one trace are put together; what other records hold of it was judged without them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from auditor.pipeline import Audit, Judge, settle
from auditor.store import Store
from auditor.store_calibrations import give_risks
from auditor.store_letters import LetterLine, Stamp, chunks, load_records, settle_letters
from auditor.verdict import ScorerKey, Verdict
from conf.schema import Batching
from ingest.assembly import Assembler, assembled
from ingest.qta import Batch, Outcome


@dataclass(frozen=True, slots=True)
class LetterKeeper:
    """Settles what dead letters became, each batch in one transaction; a Keeper.

    Attributes:
        run_id: of a run that `store` knows.
        now: the time, in UTC.
    """

    store: Store
    run_id: str
    now: Callable[[], datetime]

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """See Keeper."""
        return self.store.judged(ids, scorer)

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """See Keeper."""
        outcomes = settle(batch.items, {verdict.triple_id: verdict for verdict in verdicts})
        stamp = Stamp(self.run_id, self.now())
        settle_letters(self.store, batch.items, outcomes, give_risks(self.store, verdicts), stamp)
        return outcomes


@dataclass(slots=True)
class Replayed:
    """What reading dead letters again came to.

    Attributes:
        letters: open ones that were asked for.
        withheld: those of them whose bytes masking kept back, so that only their source can bring them again.
        still: reason to number of those that cannot be read now either.
        audit: what became of the others.
    """

    letters: int
    withheld: int
    audit: Audit
    still: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The line of `traceaudit dead-letters replay --json`."""
        tally = self.audit.tally
        return {
            "letters": self.letters,
            "settled": {state.value: n for state, n in sorted(tally.states.items())},
            "still_rejected": dict(sorted(self.still.items())),
            "withheld": self.withheld,
            "triples": tally.triples,
            "verdicts": tally.verdicts,
        }


def replay(
    lines: Sequence[LetterLine], keeper: LetterKeeper, judge: Judge, assembler: Assembler, limits: Batching
) -> Replayed:
    """Read open letters again, and settle those that can be read now.

    Raises:
        BackendFailed: the machinery broke; what was settled before stays settled, the rest stays open.
    """
    whole = [line for line in lines if not line.withheld]
    result = Replayed(len(lines), len(lines) - len(whole), Audit(judge, keeper))
    read = chunks(whole, limits.max_records, limits.max_bytes)
    items = assembled((record for chunk in read for record in load_records(keeper.store, chunk)), assembler)
    while batch := list(islice(items, limits.max_records)):
        result.still.update(item.rejection.reason for item in batch if item.rejection)
        if readable := tuple(item for item in batch if not item.rejection):
            result.audit.handle(Batch(readable, {}))
    return result
