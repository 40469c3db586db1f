"""What the period of a report is called: one template serves the nightly, the weekly and the monthly report."""

from dataclasses import dataclass
from datetime import date

from reports.first_page import Period


@dataclass(frozen=True, slots=True)
class PeriodWords:
    """The words of one kind of period, as they stand in sentences.

    Attributes:
        report: what the report is.
        this, before: the period, and the one before it.
        during: when something happened in it.
    """

    report: str
    this: str
    before: str
    during: str


WORDS = {
    "day": PeriodWords("Nightly audit report", "this day", "the day before", "on this day"),
    "week": PeriodWords("Weekly audit report", "this week", "the week before", "in this week"),
    "month": PeriodWords("Monthly audit report", "this month", "the month before", "in this month"),
}


def period_words(period: Period) -> PeriodWords:
    """The words for a period."""
    return WORDS[period.kind]


def heading(period: Period) -> str:
    """Such as "Sunday, 22 November 2026", "Week 47 of 2026: 16 to 22 November 2026" or "November 2026"."""
    if period.kind == "day":
        return day(period.first)
    if period.kind == "month":
        return f"{period.first:%B %Y}"
    year, week, _ = period.first.isocalendar()
    return f"Week {week} of {year}: {span(period.first, period.last)}"


def day(value: date) -> str:
    """Such as "Sunday, 22 November 2026"."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def span(first: date, last: date) -> str:
    """Such as "16 to 22 November 2026"; what both days share is said once."""
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    start = f"{first.day} {first:%B}" if first.year == last.year else f"{first.day} {first:%B %Y}"
    return f"{start} to {end}"
