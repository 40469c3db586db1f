"""The one mapping that all of them run: a record's bytes become its triples; and what they say of how it went."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from conf.schema import load
from ingest.normalize import normalizer
from ingest.qta import Normalized, Position, Record


@dataclass(slots=True)
class Mapped:
    """Counts triples, and adds up their ids, so that two ways can be seen to give the same.

    Attributes:
        began, ended: when the first record came, and when the last was mapped: neither start nor farewell is measured.
    """

    began: float = 0.0
    ended: float = 0.0
    triples: int = 0
    checksum: int = 0
    normalize: Callable[[Record], Normalized] = field(default_factory=lambda: normalizer(load()))

    def value(self, value: bytes) -> int:
        """The number of triples in a record's value."""
        return len(self.record(Record(Position("kafka:bench/topic", 0, 0), value)).triples)

    def record(self, record: Record) -> Normalized:
        """What a record becomes, counted."""
        self.began = self.began or time.perf_counter()
        item = self.normalize(record)
        for triple in item.triples:
            self.checksum = (self.checksum + int(triple.id[:15], 16)) % (1 << 60)
        self.triples += len(item.triples)
        self.ended = time.perf_counter()
        return item

    def report(self) -> None:
        """One line of JSON for the one who measures."""
        found = {"seconds": self.ended - self.began, "triples": self.triples, "checksum": self.checksum}
        print(json.dumps(found), file=sys.stdout)
