"""Which offsets a micro-batch of Spark covers, read off its checkpoint; and what of them holds no record.

    checkpoint/sources/0/0    where the first micro-batch begins
    checkpoint/offsets/<n>    where micro-batch n ends, so that n + 1 begins there

Spark writes a micro-batch's line before it runs it: run again after a crash, it covers the same offsets.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.errors import SourceChanged
from ingest.qta import Gap
from ingest.source import Partition
from ingest.topics import RETENTION, gap_between

TopicPartition = tuple[str, int]
"""Topic and partition number, as Spark names them; a Partition has the source's name in place of the topic."""

Offsets = dict[TopicPartition, int]
"""The next offset of each partition."""


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets [start, end) of one partition that a micro-batch covers.

    Attributes:
        first: the first offset that the broker still had when the micro-batch began.
    """

    source: str
    partition: int
    start: int
    end: int
    first: int = 0

    @property
    def place(self) -> Partition:
        """The source partition that it is of."""
        return self.source, self.partition

    def gaps(self, expected: int, found: int) -> Iterator[Gap]:
        """What lies between the offset that was expected next and the one that came, with why it holds no record."""
        deleted = min(max(self.first, expected), found)
        if deleted > expected:
            yield Gap(*self.place, expected, deleted - 1, RETENTION)
        yield from gap_between(self.place, deleted, found)


def offsets_in(text: str) -> Offsets:
    """The offsets in a file of the checkpoint: its last line that says something."""
    line = next(line for line in reversed(text.splitlines()) if line.strip())
    topics = json.loads(line[line.index("{") :])
    return {(topic, int(number)): offset for topic, ends in topics.items() for number, offset in ends.items()}


def spans_of(
    before: Mapping[TopicPartition, int],
    after: Mapping[TopicPartition, int],
    first: Mapping[TopicPartition, int],
    sources: Mapping[str, str],
) -> dict[TopicPartition, Span]:
    """What a micro-batch covers of each partition, also of those of which it covers nothing.

    Args:
        before: where it begins; a partition that is not there was added since, and begins at 0.
        after: where it ends.
        first: the first offsets that the broker has.
        sources: topic to the name under which its positions are stored.

    Raises:
        SourceChanged: a partition is gone, or ends before it began: its topic was deleted, or made anew.
    """
    for at, start in before.items():
        if after.get(at, -1) < start:
            raise SourceChanged(f"{sources.get(at[0], at[0])} partition {at[1]}", start)
    return {at: Span(sources[at[0]], at[1], before.get(at, 0), end, first.get(at, 0)) for at, end in after.items()}
