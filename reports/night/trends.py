"""Day by day, and the period beside the one before and the band of the 28 days before; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median, quantiles

from auditor.policies.store import InForce
from auditor.scope import Row, Scope
from reports.first_page import Compared, Period
from reports.night.period import band_start, before
from reports.report import CountLine
from reports.sections import DayLine

ENOUGH_DAYS = 7  # days from which on there is a band to speak of
NAMES = ("read", "exchanges", "escalated", "urgent", "unscorable", "degraded")


def trend(
    scope: Scope, days: Iterable[Row], records: Iterable[Row], policies: Mapping[date, InForce]
) -> tuple[DayLine, ...]:
    """A line for each day of the window, also for those on which nothing was.

    Args:
        scope: the window.
        days: what was judged, of days that had anything.
        records: read, by day, state and reason.
        policies: of each day.
    """
    judged, read = {row["day"]: row for row in days}, Counter[date]()
    for row in records:
        read[row["day"]] += row["records"]
    return tuple(day_line(day, judged.get(day), read[day], policies[day], day >= scope.first) for day in scope.days)


def day_line(day: date, judged: Row | None, read: int, held: InForce, in_period: bool) -> DayLine:
    """One day."""
    counts = {name: 0 if judged is None else judged[name] for name in (*NAMES[1:], "watch")}
    return DayLine(
        day, read, **counts, policy=held.policy.version, policy_number=held.number or None, in_period=in_period
    )


def exists(line: DayLine) -> bool:
    """Whether anything was read or judged that day."""
    return bool(line.read or line.exchanges)


def compared(period: Period, lines: Sequence[DayLine], now: Mapping[str, int]) -> tuple[Compared, ...]:
    """The numbers of the period beside those before.

    Args:
        period: the report's.
        lines: the days of the window.
        now: the numbers of the period by name, in which an exchange that was judged on two days is one.
    """
    there = [line for line in lines if exists(line)]
    band = [line for line in there if band_start(period) <= line.day < period.first]
    last = before(period)
    earlier = [line for line in there if last.first <= line.day <= last.last]
    days = sum(line.in_period for line in there)
    return tuple(compare(name, now[name], days, earlier, band) for name in NAMES)


def compare(name: str, now: int, days: int, earlier: Sequence[DayLine], band: Sequence[DayLine]) -> Compared:
    """One number."""
    per_day = now / days if days else float(now)
    values = [getattr(line, name) for line in band]
    total = sum(getattr(line, name) for line in earlier) if earlier else None
    if len(values) < ENOUGH_DAYS:
        return Compared(name, now, per_day, total, len(values), None, None, None, "")
    tenths = quantiles(values, n=10, method="inclusive")
    low, high = tenths[0], tenths[-1]
    outside = "above" if per_day > high else "below" if per_day < low else ""
    return Compared(name, now, per_day, total, len(values), float(median(values)), low, high, outside)


def now_of(verdicts: CountLine, read: int, unscorable: int, degraded: int) -> dict[str, int]:
    """The numbers of the period by name."""
    return {
        "read": read,
        "exchanges": verdicts.triples,
        "escalated": verdicts.escalated,
        "urgent": verdicts.urgent,
        "unscorable": unscorable,
        "degraded": degraded,
    }
