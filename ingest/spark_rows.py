"""The rows of one Spark task as a Source: whole partitions of topics, in the order of their offsets."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.qta import Gap, Position, Record
from ingest.source import Partition, Polled
from ingest.spark_ranges import Span, TopicPartition

COLUMNS = ("topic", "partition", "offset", "key", "value", "headers", "unix_millis(timestamp) AS timestamp_ms")
"""What a task needs of Spark's Kafka source, as SQL."""

COUNTS = ("records", "triples", "verdicts")
"""What a task says of its work, one number each."""


class Rows:
    """A Source that ends with the task; Spark's checkpoint stands in for its positions.

    Args:
        batches: Arrow record batches with COLUMNS.
        spans: what the micro-batch covers of each partition.

    Attributes:
        next: partition to the offset after the last one handed over.
    """

    def __init__(self, batches: Iterable[Any], spans: Mapping[TopicPartition, Span]) -> None:
        self.batches = iter(batches)
        self.spans = spans
        self.next: dict[Partition, int] = {}

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:
        """See Source; Spark says where reading begins."""

    def poll(self) -> Polled:
        """See Source."""
        batch = next(self.batches, None)
        if batch is None:
            return Polled(exhausted=True)
        starts: dict[Partition, int] = {}
        items = [item for row in batch.to_pylist() for item in self.numbered(row, starts)]
        return Polled(tuple(items), starts)

    def numbered(self, row: Mapping[str, Any], starts: dict[Partition, int]) -> Iterator[Record | Gap]:
        """A row as a record, with the gap before it; notes in `starts` where a partition that is new here begins."""
        span = self.spans[row["topic"], row["partition"]]
        if span.place not in self.next:
            self.next[span.place] = starts[span.place] = span.start
        yield from span.gaps(self.next[span.place], row["offset"])
        self.next[span.place] = row["offset"] + 1
        yield record_of(span.place, row)

    def keep_alive(self) -> None:
        """See Source; Spark asks for nothing meanwhile."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; the checkpoint moves on when all tasks have ended."""

    def close(self) -> None:
        """See Source; the rows are Spark's."""


def record_of(place: Partition, row: Mapping[str, Any]) -> Record:
    """A row as the record that `ingest.kafka` would make of the same message."""
    return Record(
        Position(*place, row["offset"]),
        row["value"] or b"",
        key=row["key"],
        headers=tuple((header["key"], header["value"] or b"") for header in row["headers"] or ()),
        timestamp_ms=row["timestamp_ms"],
    )
