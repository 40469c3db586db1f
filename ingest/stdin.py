"""Standard input as a source: a line a record, each run a source of its own, since nothing of it can be read again."""

import sys
import threading
import uuid
from collections.abc import Mapping
from queue import Empty, Queue
from typing import BinaryIO

from conf.schema import Config
from ingest.files import lines_of
from ingest.qta import Position, Record
from ingest.source import STDIN, Partition, Polled

READ_AHEAD = 64  # lines: bounds memory when they are long


class Stdin:
    """Reads lines in a thread, so that a quiet pipe holds up neither a batch that has waited long nor a stop."""

    def __init__(self, config: Config, file: BinaryIO | None = None) -> None:
        self.source = f"{STDIN}{uuid.uuid4().hex}"
        self.file = file or sys.stdin.buffer
        self.max_record_bytes = config.ingest.max_record_bytes
        self.max_records = config.batching.max_records
        self.wait_s = config.kafka.poll_timeout_s
        self.lines: Queue[bytes | None] = Queue(READ_AHEAD)
        self.next_offset = 0
        self.reader = threading.Thread(target=self.read, daemon=True)

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:  # noqa: ARG002 - nothing was read before
        """See Source."""
        self.reader.start()

    def read(self) -> None:
        """Put lines where `poll` finds them; None at the end."""
        try:
            for line in lines_of(self.file, self.max_record_bytes):
                self.lines.put(line)
        finally:
            self.lines.put(None)

    def poll(self) -> Polled:
        """See Source."""
        starts = {} if self.next_offset else {(self.source, 0): 0}
        records: list[Record] = []
        try:
            line = self.lines.get(timeout=self.wait_s)
            while line is not None:
                records.append(self.record(line))
                if len(records) == self.max_records:
                    break
                line = self.lines.get_nowait()
        except Empty:
            return Polled(tuple(records), starts)
        return Polled(tuple(records), starts, exhausted=line is None)

    def record(self, line: bytes) -> Record:
        """The next record."""
        offset = self.next_offset
        self.next_offset += 1
        return Record(Position(self.source, 0, offset), line)

    def keep_alive(self) -> None:
        """See Source; a pipe is shared with nobody."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; a pipe shows no progress."""

    def close(self) -> None:
        """See Source; the reader ends with the process."""
