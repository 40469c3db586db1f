"""What every engine promises to the one who handles its batches."""

from collections.abc import Callable
from threading import Event
from typing import Protocol

from ingest.qta import Batch

Handle = Callable[[Batch], None]
"""Stores what a batch became, with its positions, in one step; an exception means that nothing of it is stored."""


class Engine(Protocol):
    """Reads until the sources end or `stop` is set, and hands over what it read.

    1. Each record read is in exactly one batch, settled: in the batch in which it was read, or, if it waited for the
       rest of its interactions, in a later one; until then it is `held`, in the batch in which it was read. Records
       that wait for nothing come in the order of offsets within a partition.
    2. `handle` is called for one batch at a time, the next only after it returned; always from the same thread, which
       need not be that of `run`: a batch may take long, and meanwhile the sources are kept alive.
    3. A batch's positions go on without a hole from those of the batch before, or from where the store stood.
    4. Nothing is committed to a source before `handle` returned: a crash in between repeats no stored record, since
       reading starts at the stored positions, not at the committed ones. Held records are read again, and no other
       record before those positions is.
    5. Partitions that a source gives up are handed over before, as far as the source's group has patience; those that
       it lost are dropped. Either way reading them goes on where the store stands when they come back.
    6. When `handle` or a source raises, `run` raises the same, with the sources closed and nothing further handed over.
    7. When `stop` is set, what was read and not handed over is dropped: the next run reads it again. What is held
       stays held. When the sources end by themselves, nothing is held any more.
    """

    def run(self, handle: Handle, stop: Event) -> None:
        """Read to the end; call it once."""
