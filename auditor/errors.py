"""Errors of the auditor: broken machinery, never bad data.

TraceauditError
├── StoreLocked          another process writes the database file
├── StoreUnusable        the database file cannot be opened or is of another version
├── PositionConflict     a batch does not follow on what is stored
├── ModelNotFound        a model folder or name that is not there
├── ModelUnusable        a checkpoint that is not a guard model we can run
├── BackendFailed        the scoring backend broke; nothing was committed
└── OutputUnwritable     a file that a command was asked to write cannot be written
"""

from conf.errors import TraceauditError


class StoreLocked(TraceauditError):
    """Another process holds the database file; the message names it."""


class StoreUnusable(TraceauditError):
    """The database file cannot be opened, or was made by a newer traceaudit."""


class PositionConflict(TraceauditError):
    """A batch whose offsets do not follow on those stored: one topic read twice at a time, or a fault of ours.

    Nothing of the batch is stored.

    Attributes:
        stored: where the partition stands; None when it is new and its start was not given.
        n_offsets: records and gap offsets in the batch.
        end: where the batch says that the partition stands after it.
    """

    def __init__(self, source: str, partition: int, stored: int | None, n_offsets: int, end: int) -> None:
        super().__init__(
            f"{source} partition {partition}: {n_offsets} offsets up to {end} do not follow on {stored}; "
            "is it read twice at a time?"
        )
        self.fields = (source, partition, stored, n_offsets, end)

    def __reduce__(self) -> tuple[type["PositionConflict"], tuple[str, int, int | None, int, int]]:
        return type(self), self.fields


class ModelNotFound(TraceauditError):
    """A model folder or name that is not there."""


class ModelUnusable(TraceauditError):
    """A checkpoint that is not a guard model we can run."""


class BackendFailed(TraceauditError):
    """The scoring backend broke; the batch is not committed and will be read again."""


class OutputUnwritable(TraceauditError):
    """A file that a command was asked to write cannot be written."""
