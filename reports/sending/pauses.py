"""How long to wait before a delivery is tried again; pure."""

from datetime import datetime, timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)


def pause(attempt: int, chance: float, asked_s: float | None = None) -> timedelta:
    """How long to wait after the attempt of that number failed.

    It doubles from 30 seconds to an hour, and is between half of that and all of it, as chance has it: a place that
    was down is not met by all at the same moment.

    Args:
        attempt: 1 for the first.
        chance: in [0, 1).
        asked_s: what the other side asked for; a longer pause than ours is kept to, up to an hour.
    """
    own = min(FIRST * (1 << min(attempt - 1, 20)), LONGEST) * (0.5 + chance / 2)
    return own if asked_s is None else min(max(own, timedelta(seconds=asked_s)), LONGEST)


def next_try(now: datetime, wait: timedelta, give_up_at: datetime) -> datetime | None:
    """When to try again; None: give up."""
    return now + wait if now + wait <= give_up_at else None
