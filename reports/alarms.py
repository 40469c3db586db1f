"""What a reader should look into besides the exchanges that need a person: a line each, with the section that tells it.

The page, the summary in the terminal and what is sent say the same lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reports.first_page import Compared
from reports.period_words import period_words
from reports.report import EscalationReport
from reports.sentences import tenth
from reports.wording import COMPARED, word

JOB = "job"  # the channel of what failed, where it is no delivery
WATCHED = ("read", "exchanges", "unscorable", "degraded")  # their leaving the band may be a failure of ours


@dataclass(frozen=True, slots=True)
class Alarm:
    """One line; `section` is the id of a part of the page."""

    text: str
    section: str


def alarms(report: EscalationReport) -> tuple[Alarm, ...]:
    """All of them, the gravest first; none is the usual case."""
    found = (uncovered, undelivered, golden, overdue, moved, drifted, unexplained)
    return tuple(alarm for look in found for alarm in look(report))


def balanced(report: EscalationReport) -> bool:
    """Whether everything is accounted for: of the tenant's own exchanges, where the report is of one tenant."""
    if report.tenant_coverage is not None:
        return report.tenant_coverage.difference == 0
    return report.totals.unbalanced == 0


def uncovered(report: EscalationReport) -> Iterator[Alarm]:
    """What does not add up."""
    if not balanced(report):
        what = "exchanges of this tenant" if report.tenant_coverage else "source partitions"
        count = report.tenant_coverage.difference if report.tenant_coverage else report.totals.unbalanced
        yield Alarm(f"Coverage: {count} {what} are not accounted for", "coverage")


def undelivered(report: EscalationReport) -> Iterator[Alarm]:
    """Deliveries and jobs of the schedule that failed and were not made good."""
    unsettled = [line for line in report.failed_deliveries if not line.settled]
    open_ones = [line for line in unsettled if line.channel != JOB]
    yield from (
        Alarm(f"Not done: {line.target} of {line.subject} ({line.error})", "deliveries")
        for line in unsettled
        if line.channel == JOB
    )
    if open_ones:
        first = open_ones[0]
        more = f", and {len(open_ones) - 1} more" if len(open_ones) > 1 else ""
        yield Alarm(f"Not delivered: {first.subject} to {first.target} ({first.error}){more}", "deliveries")


def golden(report: EscalationReport) -> Iterator[Alarm]:
    """What the last run over the golden set alarmed of, or that there was none."""
    if report.golden is None:
        yield Alarm("Golden set: never tried, so nobody knows whether the guard judges as it did", "golden")
    else:
        yield from (Alarm(f"Golden set: {line}", "golden") for line in report.golden.alarms)


def overdue(report: EscalationReport) -> Iterator[Alarm]:
    """Reviews that are late."""
    work = report.reviews
    if work.overdue:
        yield Alarm(f"{work.overdue} drawn cases are older than {work.overdue_days} days and not reviewed", "reviews")


def moved(report: EscalationReport) -> Iterator[Alarm]:
    """Numbers outside their band that may be a failure of the pipeline and not of the traffic."""
    this = period_words(report.period).this
    this = this if report.period.kind == "day" else f"a day {this}"
    for line in report.compared:
        if line.name in WATCHED and line.outside and beyond(line) >= 1:
            yield Alarm(told(line, this), "trends")


def beyond(line: Compared) -> float:
    """How far outside its band a number is, in exchanges or records a day."""
    return max((line.low or 0) - line.per_day, line.per_day - (line.high or 0))


def told(line: Compared, this: str) -> str:
    """A number outside its band, with both."""
    name = word(COMPARED, line.name).capitalize()
    low, high = tenth(line.low or 0), tenth(line.high or 0)
    return f"{name}: {tenth(line.per_day)} {this}, {line.outside} the band of {low} to {high}"


def drifted(report: EscalationReport) -> Iterator[Alarm]:
    """Distributions of scores that have shifted."""
    shifted = [line for line in report.drift.lines if line.reading == "shifted"]
    if shifted:
        worst = max(shifted, key=lambda line: line.psi or 0)
        who = "all exchanges" if worst.tenant is None else f"{worst.tenant}, {worst.model or 'model not in the log'}"
        more = f", and {len(shifted) - 1} more" if len(shifted) > 1 else ""
        yield Alarm(f"Scores shifted: {who}, index {worst.psi or 0:.2f}{more}", "drift")


def unexplained(report: EscalationReport) -> Iterator[Alarm]:
    """Parts of the traffic that are not there."""
    traces = report.degraded.traces
    if traces and traces.missing_ahead:
        yield Alarm(f"{traces.missing_ahead} offsets have not been delivered by workers", "missing-traces")
