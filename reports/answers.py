"""What the commands of the schedule and of deliveries ask of whoever owns the database; see `auditor/questions.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.cli import utc_now
from auditor.store import Store
from conf.schema import Config
from reports.schedule import store_runs
from reports.schedule.jobs import Surroundings
from reports.schedule.runner import Ran
from reports.schedule.service import rounds_of
from reports.sending import store_deliveries
from reports.sending.sender import Sent
from reports.sending.store_deliveries import Standing

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of the schedule came to."""

    ran: Sequence[Ran]
    sent: Sequence[Sent]


def run_due(store: Store, config: Config, words: tuple[str, ...], beside: bool) -> Round:
    """Run what is due, tell what is urgent, send what is to be sent."""
    return Round(*rounds_of([store], Surroundings(config, words, beside), utc_now).once())


def latest_runs(store: Store, _: Config) -> Sequence[tuple[str, str, str, int, datetime | None, datetime | None, str]]:
    """The latest runs; see `store_runs.runs`."""
    return store_runs.runs(store, SHOWN)


def latest_deliveries(store: Store, _: Config) -> Sequence[Standing]:
    """The latest deliveries, and how each went."""
    return store_deliveries.latest(store, SHOWN)


def retry(store: Store, _: Config, ids: Sequence[str], now: datetime) -> int:
    """Have these sent anew at the next round; gives how many there were."""
    return store_deliveries.again(store, ids, now)
