"""The doctor's summary for people: tables on a terminal, tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from ingest.doctor import Summary

COLUMNS = ("what", "value", "reason", "count", "share")


def print_summary(summary: Summary) -> None:
    """The summary, and the likely cause when nothing would be scored."""
    rows = list(rows_of(summary))
    if sys.stdout.isatty():
        Console().print(table_of(rows, f"{summary.records} records, {summary.triples} triples; nothing was written"))
    else:
        print("\n".join("\t".join(row) for row in (COLUMNS, *rows)))
    if summary.likely_cause:
        print(f"nothing would be scored: {summary.likely_cause}")


def table_of(rows: list[tuple[str, ...]], title: str) -> Table:
    """The rows as one table; `what` is written where it changes."""
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("count", "share") else "left")
    before = ""
    for what, *rest in rows:
        if before and what != before:
            table.add_section()
        table.add_row(what if what != before else "", *rest)
        before = what
    return table


def rows_of(summary: Summary) -> Iterator[tuple[str, ...]]:
    """What was counted: formats and states a share of the records, fields a share of the triples."""
    for name, count in summary.formats.most_common():
        yield "format", name, "", str(count), percent(count, summary.records)
    for mark, count in summary.marks.most_common():
        yield "known by", mark, "", str(count), percent(count, summary.records)
    for (state, reason), count in summary.states.most_common():
        yield "state", state, reason, str(count), percent(count, summary.records)
    order = list(dict.fromkeys(what for what, _ in summary.fields))
    for (what, value), count in sorted(summary.fields.items(), key=lambda item: (order.index(item[0][0]), -item[1])):
        yield what, value, "", str(count), percent(count, summary.triples)


def percent(count: int, of: int) -> str:
    """A share of `of`, in whole percent; a field may be there several times in a triple."""
    return f"{100 * count / of:.0f} %"
