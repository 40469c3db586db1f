"""When a job was due: pure, the present is an argument.

Cron expressions are read in UTC, which has no summer time: no period is there twice or not at all. APScheduler's
trigger does the arithmetic.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING

from conf.errors import ConfigError
from ingest.errors import MissingExtra

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

HORIZON = timedelta(days=400)  # nothing older is made up for
SHORTEST = timedelta(minutes=5)  # between two periods of a job
TRIED = 50  # periods that are looked at for that
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """What of a job came due.

    Attributes:
        run: to be run, oldest first.
        skipped: older ones, which are more than are made up for.
    """

    run: tuple[datetime, ...]
    skipped: tuple[datetime, ...]


def due_periods(cron: str, last: datetime, now: datetime, limit: int) -> Due:
    """The instants at which `cron` was due after `last` and up to `now`.

    Args:
        cron: minute, hour, day of the month, month, weekday; in UTC.
        last: the newest instant that is known already. One that lies after `now` gives nothing: a clock that was set
            back makes nothing due twice.
        now: the present, which is included.
        limit: how many are made up for, the newest; at least 1.

    Raises:
        ConfigError: see `check_cron`.
    """
    found = tuple(takewhile(lambda at: at <= now, instants(cron, max(last, now - HORIZON))))
    return Due(found[-limit:], found[:-limit])


def check_cron(cron: str) -> None:
    """Refuse an expression that means nothing, or something else than it seems to.

    Raises:
        ConfigError: what is wrong with it.
    """
    words = cron.split()
    if len(words) == 5 and re.search(r"\d", words[4]):
        raise ConfigError(f"{cron!r}: write weekdays by name, as mon or mon-fri; their numbers are not the same to all")
    found = list(islice(instants(cron, ANCHOR), TRIED))
    if not found:
        raise ConfigError(f"{cron!r}: there is no such day")
    if any(after - before < SHORTEST for before, after in pairwise(found)):
        raise ConfigError(f"{cron!r}: more often than every {SHORTEST.seconds // 60} minutes is refused")


def instants(cron: str, after: datetime) -> Iterator[datetime]:
    """When `cron` is due after that instant, in order, without an end."""
    trigger = trigger_of(cron)
    at = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
    while at is not None:
        yield at.astimezone(UTC)
        at = trigger.get_next_fire_time(None, at + timedelta(microseconds=1))


def trigger_of(cron: str) -> "CronTrigger":
    """APScheduler's trigger for an expression.

    Raises:
        ConfigError: it is none.
        MissingExtra: APScheduler is not installed.
    """
    try:
        from apscheduler.triggers.cron import CronTrigger
    except ImportError:
        raise MissingExtra("the schedule", "serve") from None
    try:
        return CronTrigger.from_crontab(cron, timezone=UTC)
    except ValueError as error:
        raise ConfigError(f"{cron!r} is no cron expression (minute hour day month weekday): {error}") from None
