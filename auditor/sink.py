"""The sink: judged ranges from the topic of outcomes into the database, each offset of each source exactly once.

One transaction stores what some messages say, the marks of their source partitions, and where the sink stands in the
topic. So whatever dies when, a message is stored whole or comes again. Of what comes again, from whichever worker, only
what the marks say is news is kept; what begins above its partition's mark waits, in the database, until the offsets
between have come. Offsets that do not come are an alarm: the ledger does not balance.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.pipeline import settle
from auditor.ranges import JudgedRange, unseen
from auditor.store import Store
from auditor.store_calibrations import give_risks
from auditor.store_sink import Waiting, move, n_rejects, reject, take_waiting, wait, waiting
from auditor.verdict import Verdict
from auditor.verdict_rows import utc
from auditor.wire import Unreadable, claim_of, decode
from conf.schema import Fleet
from ingest.qta import Batch, Gap, Outcome, Record
from ingest.source import Partition

logger = logging.getLogger(__name__)

Kept = tuple[Batch, Sequence[Outcome], Sequence[Verdict]]
"""A batch that was stored, and what became of it."""


@dataclass(slots=True)
class Sink:
    """Stores judged ranges. One thread's.

    Attributes:
        now: the time, in UTC.
        stored: told what was stored, for counters.
        alarms: reason to how often: "unreadable_message", "outcomes_lost".
    """

    store: Store
    limits: Fleet
    now: Callable[[], datetime]
    stored: Callable[[Kept], None] = lambda _: None
    alarms: dict[str, int] = field(default_factory=dict)

    def take(self, items: Sequence[Record | Gap]) -> int:
        """Keep what came from the topic, in order, and where the sink stands after it, in one transaction.

        Returns:
            how many of the items it took: at least one, and no more as soon as somebody else waits to write, such as a
            reviewer who votes.

        Raises:
            StoreUnusable: a message says that its text lies in the blob store, and that cannot be read.
        """
        positions: dict[Partition, int] = {}
        done: list[Kept] = []
        taken = 0
        with self.store.transaction():
            marks = self.store.positions()
            for taken, item in enumerate(items, 1):  # noqa: B007 - where it ended
                if isinstance(item, Gap):
                    self.miss(item)
                    positions[item.source, item.partition] = item.last + 1
                else:
                    done += self.take_message(item, marks)
                    positions[item.position.source, item.position.partition] = item.position.offset + 1
                if self.store.writing.waiting:
                    break
            move(self.store, positions, self.now())
        for one in done:
            self.stored(one)
        return taken

    def miss(self, gap: Gap) -> None:
        """Offsets of the topic that hold no message: markers of transactions say nothing, deleted ones did."""
        if gap.reason == "retention":
            self.alarm("outcomes_lost", source=gap.source, partition=gap.partition, first=gap.first, last=gap.last)

    def take_message(self, record: Record, marks: dict[Partition, int]) -> list[Kept]:
        """Keep what one message says, then whatever waited for it."""
        if self.was_deleted(record.value, marks):
            return []
        judged = decode(record.value, self.store.blobs.read)
        if isinstance(judged, Unreadable):
            at = record.position
            place = (at.source, at.partition, at.offset)
            reject(self.store, place, (judged.reason, judged.detail), record.value, self.now())
            self.alarm("unreadable_message", partition=at.partition, offset=at.offset, why=judged.reason)
            return []
        mark = marks.get(judged.place)
        if mark is not None and judged.start > mark:
            wait(self.store, judged.place, range(judged.start, judged.end), record.value, self.now())
            return []
        kept = [one] if (one := self.keep(judged, marks)) else []
        while value := take_waiting(self.store, judged.place, marks[judged.place]):
            after = decode(value, self.store.blobs.read)
            if isinstance(after, JudgedRange) and (one := self.keep(after, marks)):
                kept.append(one)
        return kept

    def was_deleted(self, value: bytes, marks: dict[Partition, int]) -> bool:
        """Whether it names a message in the blob store that went when its range had been stored."""
        claim = claim_of(value)
        mark = marks.get((claim.source, claim.partition), 0) if claim else 0
        return claim is not None and claim.end <= mark and self.store.blobs.find(claim.sha256) is None

    def keep(self, judged: JudgedRange, marks: dict[Partition, int]) -> Kept | None:
        """Store what of a range is news; None where nothing is."""
        batch = unseen(judged, marks.get(judged.place), self.store.held_of(judged.place))
        if batch is None:
            return None
        verdicts = give_risks(self.store, self.new_verdicts(judged, batch))
        outcomes = settle(batch.items, {verdict.triple_id: verdict for verdict in verdicts})
        self.store.begin_run(judged.run)
        self.store.save(batch, outcomes, verdicts, judged.run.run_id, self.now())
        marks[judged.place] = batch.positions[judged.place]
        return batch, outcomes, verdicts

    def new_verdicts(self, judged: JudgedRange, batch: Batch) -> list[Verdict]:
        """The verdicts on the batch's triples that the store does not have: only it knows which there are."""
        ids = [triple.id for item in batch.items for triple in item.triples]
        known = self.store.judged(ids, judged.run.scorer)
        wanted = set(ids) - known
        return list({one.triple_id: one for one in judged.verdicts if one.triple_id in wanted}.values())

    def alarm(self, reason: str, **fields: object) -> None:
        """Something is missing that only a person can bring back."""
        self.alarms[reason] = self.alarms.get(reason, 0) + 1
        logger.error(reason.replace("_", " "), extra=fields)

    def waiting(self) -> Waiting:
        """What waits for offsets that are missing."""
        return waiting(self.store)

    def troubles(self) -> list[str]:
        """What a person should look at, in words; empty when all is well."""
        late, found = self.waiting(), []
        if late.since and utc(self.now()) - late.since > timedelta(seconds=self.limits.hole_alarm_s):
            found.append(f"{late.n_ranges} judged ranges wait for offsets that do not come; see traceaudit ledger")
        if rejects := n_rejects(self.store):
            found.append(f"{rejects} messages of the topic of outcomes cannot be read; see the table sink_rejects")
        if lost := self.alarms.get("outcomes_lost"):
            found.append(f"retention deleted outcomes before they were stored, {lost} times; audit the source again")
        return found

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no more should be read."""
        return self.waiting().n_bytes >= self.limits.max_waiting_bytes
