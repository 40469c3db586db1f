"""The first page in a few lines: a table on a terminal, tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.visible import visible
from reports.alarms import alarms, balanced
from reports.charts_nightly import compared
from reports.period_words import heading, period_words
from reports.report import EscalationReport
from reports.sentences import against, estimate
from reports.wording import CHANGES, word

Line = tuple[str, str]

MOST_CHANGES, MOST_ALARMS = 5, 8
GRAVE = {"look into", "NOT COVERED"}


@dataclass(frozen=True, slots=True)
class Summary:
    """A report in a few lines; nothing hidden is in them.

    Attributes:
        title: which report it is.
        first: how many need a person.
        lines: what, and what is to be said of it.
    """

    title: str
    first: str
    lines: tuple[Line, ...]


def summary_of(report: EscalationReport) -> Summary:
    """What needs a person, what is covered, what changed."""
    counts = report.escalations
    first = f"{report.period.name}: {counts.total} of {report.verdicts.triples} exchanges need a person"
    whose = "all tenants" if report.tenant is None else f"tenant {visible(report.tenant)}"
    title = f"{period_words(report.period).report}, {heading(report.period)}, {whose}"
    return Summary(title, first, tuple((name, visible(text).replace("\n", " ")) for name, text in lines(report)))


def print_summary(summary: Summary, files: Sequence[Path], notes: Sequence[str] = ()) -> None:
    """The summary, and where the files are; to standard output."""
    if sys.stdout.isatty():
        draw(summary, Console())
    else:
        print("\n".join([summary.first, *("\t".join(line) for line in summary.lines)]))
    print("\n".join(str(path) for path in files))
    for note in notes:
        print(note, file=sys.stderr)


def lines(report: EscalationReport) -> Iterator[Line]:
    """The first page as lines: what, and what is to be said of it."""
    words, counts, work = period_words(report.period), report.escalations, report.reviews
    urgent = f"{counts.urgent} urgent. " if counts.urgent else ""
    yield "need a person", f"{urgent}{against(compared(report, 'escalated'), words)}"
    yield from covered(report)
    unjudged = sum(row.records for row in report.unjudged)
    less = f"{report.degraded.exchanges} exchanges judged on less than the whole"
    yield "not scored", f"{unjudged} of {report.totals.records} records; {less}"
    yield "missed", estimate(report.missed)
    yield "reviews", f"{work.due} due, {work.overdue} overdue, {work.done} done {words.during}"
    yield from changed(report)
    yield from (("look into", alarm.text) for alarm in alarms(report)[:MOST_ALARMS])


def covered(report: EscalationReport) -> Iterator[Line]:
    """Whether everything is accounted for."""
    if not balanced(report):
        yield "NOT COVERED", "not everything that was read is accounted for"
    elif report.tenant_coverage:
        yield "coverage", f"reconciles to zero: {report.tenant_coverage.exchanges} exchanges"
    else:
        yield "coverage", f"reconciles to zero: {report.totals.records} records"


def changed(report: EscalationReport) -> Iterator[Line]:
    """What changed since the last report."""
    changes = report.changes
    if changes.since is None:
        yield "changed", "the first report of its kind: nothing to compare with"
    elif not changes.lines:
        yield "changed", f"nothing since {changes.name}"
    for line in changes.lines[:MOST_CHANGES]:
        name = f" ({line.name})" if line.name else ""
        by = f", approved by {line.approved_by}" if line.approved_by else ""
        yield "changed", f"{word(CHANGES, line.what)}{name}: {line.before or 'none'} → {line.now or 'none'}{by}"
    if len(changes.lines) > MOST_CHANGES:
        yield "changed", f"{len(changes.lines) - MOST_CHANGES} more"


def draw(summary: Summary, console: Console) -> None:
    """The lines on a terminal; nothing of a log is taken for markup."""
    console.print(Text(summary.title, style="bold"), Text(summary.first, style="bold"), sep="\n")
    table = Table.grid(padding=(0, 2))
    before = ""
    for name, text in summary.lines:
        style = "red" if name in GRAVE else ""
        table.add_row(Text("" if name == before else name, style=style or "dim"), Text(text, style=style))
        before = name
    console.print(table)
