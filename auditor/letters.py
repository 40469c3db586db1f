"""Dead letters read again: those that the configuration in force can read are judged and settled.

open letters --normalize--> still rejected: left as they are
                       └--> triples --judge--> verdicts --settle--> the record's new state, the letter closed

Letters that are parts of one trace are put together; what other records hold of it was judged without them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from auditor.owner import Asker
from auditor.pipeline import Audit, Judge
from auditor.store_letters import LetterLine, chunks
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from auditor.wire import light_item
from conf.schema import Batching
from ingest.assembly import Assembler, assembled
from ingest.qta import Batch, ImageBlob, Outcome

AT_ONCE = 32  # records that are settled in one transaction: bounds the question


@dataclass(frozen=True, slots=True)
class LetterKeeper:
    """Settles what dead letters became, each batch in one transaction, with whoever owns the database; a Keeper.

    Attributes:
        asker: asks that process.
        keep_image: puts an image into the blob store, which both sides share.
        run: that judges.
        now: the time, in UTC.
    """

    asker: Asker
    keep_image: Callable[[ImageBlob], None]
    run: Run
    now: Callable[[], datetime]

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """See Keeper."""
        return set(self.asker.ask("letters.judged", list(ids), scorer))

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """See Keeper."""
        outcomes: list[Outcome] = []
        for start in range(0, len(batch.items), AT_ONCE):
            items = batch.items[start : start + AT_ONCE]
            for image in (image for item in items for triple in item.triples for image in triple.images):
                if isinstance(image, ImageBlob):
                    self.keep_image(image)
            ids = {triple.id for item in items for triple in item.triples}
            some = [verdict for verdict in verdicts if verdict.triple_id in ids]
            light = [light_item(item) for item in items]
            outcomes += self.asker.ask("letters.settle", self.run, light, some, self.now())
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
    """Read open letters again, and settle those that can be read now; others may use the database meanwhile.

    Raises:
        BackendFailed: the machinery broke; what was settled before stays settled, the rest stays open.
    """
    whole = [line for line in lines if not line.withheld]
    result = Replayed(len(lines), len(lines) - len(whole), Audit(judge, keeper))
    read = chunks(whole, limits.max_records, limits.max_bytes)
    load = partial(keeper.asker.ask, "letters.load")
    items = assembled((record for chunk in read for record in load(chunk)), assembler)
    while batch := list(islice(items, limits.max_records)):
        result.still.update(item.rejection.reason for item in batch if item.rejection)
        if readable := tuple(item for item in batch if not item.rejection):
            result.audit.handle(Batch(readable, {}))
    return result
