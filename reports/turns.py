"""The database and the service from one turn to the next; see `standstill.py`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from auditor.cli import sign, utc_now
from auditor.owner import tell
from auditor.registry.opening import mend_pointer
from auditor.retention.opening import open_whole
from auditor.retention.rewriting import is_due
from auditor.service import SERVE
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import Config
from reports.retaining import finish, is_unfinished
from reports.schedule.jobs import Surroundings
from reports.schedule.service import coming_round
from reports.serve import Front, service, wait
from reports.standstill import Standstill, Stop, after

TRY_AGAIN_S = 600.0  # to write the file anew, where that failed, such as for want of room


@contextmanager
def opened(config: Config, patience_s: float = 0.0) -> Iterator[Store]:
    """The database of a turn, closed when that ends; what an erasure left to be done is done first.

    Raises:
        StoreLocked: another process has it and does not let go of it in that time.
    """
    with open_whole(config, utc_now(), patience_s) as store:
        if is_unfinished(store):
            end_erasures(store, config)
        mend_pointer(store, config, utc_now())
        yield store


def end_erasures(store: Store, config: Config) -> None:
    """Do outside the tables what is left to be done; where it cannot be, the next turn tries."""
    tell("what an erasure left to be done in files is done first")
    try:
        finish(store, config, utc_now())
    except TraceauditError as error:
        tell(str(error))


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
