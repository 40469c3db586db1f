"""Judged batches go to the topic of outcomes; a Keeper for those who have no database.

1. Dead letters go to their topic, if there is one.
2. Images, and messages that are too large for the topic, go into the blob store that all share.
3. The batch's ranges go to the topic, all of a source partition under one key, and are acknowledged by all replicas.

Only then may the sources hear of it. Killed anywhere before, the batch is read and sent again; the sink sees that.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from auditor.blobs import BlobStore
from auditor.errors import OutcomesUnwritable
from auditor.pipeline import settle
from auditor.ranges import JudgedRange, ranges_of
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from auditor.wire import encode, key_of
from ingest.dead_letters import Message, letters_of
from ingest.outlet import Bury
from ingest.qta import Batch, ImageBlob, Outcome
from ingest.source import Partition

Write = Callable[[Sequence[Message]], Sequence[int]]
"""`ingest.outlet.Outlet.write`."""


@dataclass(slots=True)
class OutcomesKeeper:
    """Sends batches to the topic of outcomes; a Keeper.

    Attributes:
        write: puts messages into the topic, and returns when they are there; gives the places of those too large.
        blobs: the store of images that workers and service share.
        run: of this worker.
        max_bytes: of a message.
        bury: where dead letters go besides the message.
        ends: where each partition stands after the last batch.
    """

    write: Write
    blobs: BlobStore
    run: Run
    max_bytes: int
    bury: Bury = lambda _: None
    ends: dict[Partition, int] = field(default_factory=dict)

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:  # noqa: ARG002 - only the service knows
        """See Keeper; what was judged before, the sink finds out."""
        return set()

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """See Keeper.

        Raises:
            TopicUnwritable: the topic does not take it; nothing advances.
            OutcomesUnwritable: not even a claim fits into a message of the topic.
        """
        if letters := letters_of(batch.items):
            self.bury(letters)
        for image in images_in(batch):
            self.blobs.keep(image)
        for judged in ranges_of(batch, self.ends, verdicts, self.run):
            self.send(judged)
            self.ends[judged.place] = judged.end
        return settle(batch.items, {verdict.triple_id: verdict for verdict in verdicts})

    def send(self, judged: JudgedRange) -> None:
        """Send one range, in as many messages as it takes."""
        messages = []
        for message in encode(judged, self.max_bytes, sha256):
            if message.blob is not None:
                self.blobs.put(sha256(message.blob), message.blob)
            messages.append(Message(message.value, key_of(judged.place)))
        if self.write(messages):
            raise OutcomesUnwritable(self.max_bytes)


def images_in(batch: Batch) -> list[ImageBlob]:
    """The images that the batch's triples show and that the blob store may lack."""
    triples = (triple for item in batch.items for triple in item.triples)
    return [image for triple in triples for image in triple.images if isinstance(image, ImageBlob)]


def sha256(data: bytes) -> str:
    """Hex digest of `data`."""
    return hashlib.sha256(data).hexdigest()
