"""The database opened by who keeps it open: written anew first, where what was deleted is still in its free blocks."""

import gc
import logging
import time
from datetime import datetime

from auditor.errors import StoreLocked
from auditor.evidence.store_checkpoints import sign_checkpoint
from auditor.owner import tell
from auditor.retention.rewriting import LOOK_AGAIN_S, PATIENCE_S, is_due, rewrite
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import Config

logger = logging.getLogger(__name__)


def open_whole(config: Config, now: datetime, patience_s: float = 0.0) -> Store:
    """The database, with nothing in its free blocks that an erasure, or retention long enough ago, took out.

    Args:
        config: names it.
        now: the moment.
        patience_s: so long a command is waited for that opened it for a moment.

    Raises:
        StoreLocked: another process has it and does not let go of it in that time.
    """
    store = opened(config, patience_s)
    if not is_due(store.connection, config.retention.rewrite_days, now):
        return store
    store.close()
    write_anew(config.store.path)
    store = opened(config, PATIENCE_S)
    sign_checkpoint(store, config, now)
    return store


def write_anew(path: str) -> None:
    """Write the file anew; where that cannot be, it is worked with as it is, and that is said."""
    tell(f"{path} is being written anew, so that nothing of what was deleted is left in it")
    gc.collect()  # a connection that an error has kept alive would keep the file open
    try:
        done = rewrite(path)
    except TraceauditError as error:
        logger.error("the file was not written anew", extra={"error": type(error).__name__})  # noqa: TRY400 - told below
        tell(str(error))
        return
    if done:
        tell(f"{path} was written anew in {done.seconds:.1f} s: {done.bytes_before} bytes, now {done.bytes_after}")


def opened(config: Config, patience_s: float) -> Store:
    """The database as it is."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return Store.open(config.store.path, config.images.blob_dir)
        except StoreLocked:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_AGAIN_S)
