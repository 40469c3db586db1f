"""The database and the service from one turn to the next; see `standstill.py`."""

import gc
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from auditor.cli import sign, utc_now
from auditor.errors import StoreLocked
from auditor.owner import tell
from auditor.retention.rewriting import LOOK_AGAIN_S, PATIENCE_S, is_due, rewrite
from auditor.service import SERVE
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import Config
from reports.schedule.jobs import Surroundings
from reports.schedule.service import coming_round
from reports.serve import Front, service, wait
from reports.standstill import Standstill, Stop, after

logger = logging.getLogger(__name__)

TRY_AGAIN_S = 600.0  # to write the file anew, where that failed, such as for want of room


@contextmanager
def opened(config: Config, patience_s: float = 0.0) -> Iterator[Store]:
    """The database of a turn, written anew first where that is still to be done; closed when the turn ends.

    Raises:
        StoreLocked: another process has it and does not let go of it in that time.
    """
    store = open_again(config, patience_s)
    if is_due(store.connection, config.retention.rewrite_days, utc_now()):
        store.close()
        write_anew(config.store.path)
        store = open_again(config, PATIENCE_S)
    with store:
        yield store


def write_anew(path: str) -> None:
    """Write the file anew; where that cannot be, the service goes on with it as it is, and says so."""
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


def open_again(config: Config, patience_s: float) -> Store:
    """The database; a command that opened it for a moment is waited for so long."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return Store.open(config.store.path, config.images.blob_dir)
        except StoreLocked:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_AGAIN_S)


def turn(config: Config, store: Store, front: Front, around: Surroundings, stop: Stop) -> bool:
    """Do all that the service does, until it ends or is to stand still; gives whether another turn follows."""
    standstill = Standstill(stop.new_turn())
    store.owner, store.rewrite_soon = SERVE, standstill.ask
    with ExitStack() as stack:
        follower = stack.enter_context(service(config, store, front, utc_now))
        rounds = stack.enter_context(coming_round(store, around, utc_now))
        standstill.begin(rounds.rest)
        if is_due(store.connection, config.retention.rewrite_days, utc_now()):
            stack.enter_context(after(TRY_AGAIN_S, standstill.ask))
        if follower:
            follower.run(stop.turn)
        else:
            wait(front.health, stop.turn)
    if stop.is_set():
        sign(store, config)
    return not stop.is_set()
