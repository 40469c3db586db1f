"""Which days a report is about, and which it is compared with; pure."""

from datetime import date, timedelta

from auditor.scope import Scope
from reports.first_page import Period

KINDS = ("day", "week", "month")
BAND_DAYS = 28  # before the period, which its numbers are compared with


def period_of(kind: str, day: date) -> Period:
    """The period of that kind that holds a day; weeks are those of ISO 8601, from Monday."""
    if kind == "week":
        monday = day - timedelta(days=day.weekday())
        year, week, _ = day.isocalendar()
        return Period(kind, monday, monday + timedelta(days=6), f"{year}-W{week:02}")
    if kind == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
        return Period(kind, first, after - timedelta(days=1), f"{first:%Y-%m}")
    return Period(kind, day, day, str(day))


def before(period: Period) -> Period:
    """The period of the same kind before it."""
    return period_of(period.kind, period.first - timedelta(days=1))


def band_start(period: Period) -> date:
    """The first of the days before the period that it is compared with."""
    return period.first - timedelta(days=BAND_DAYS)


def scope_of(period: Period, tenant: str | None) -> Scope:
    """What is read for a report: the period, the days of the band, and the period before it."""
    return Scope(period.first, period.last, min(band_start(period), before(period).first), tenant)
