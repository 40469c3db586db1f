"""Errors of the auditor: broken machinery, never bad data.

TraceauditError
├── StoreLocked          another process writes the database file
├── StoreUnusable        the database file cannot be opened or is of another version
├── ModelNotFound        a model folder or name that is not there
├── ModelUnusable        a checkpoint that is not a guard model we can run
└── BackendFailed        the scoring backend broke; nothing was committed
"""

from conf.errors import TraceauditError


class StoreLocked(TraceauditError):
    """Another process holds the database file; the message names it."""


class StoreUnusable(TraceauditError):
    """The database file cannot be opened, or was made by a newer traceaudit."""


class ModelNotFound(TraceauditError):
    """A model folder or name that is not there."""


class ModelUnusable(TraceauditError):
    """A checkpoint that is not a guard model we can run."""


class BackendFailed(TraceauditError):
    """The scoring backend broke; the batch is not committed and will be read again."""
