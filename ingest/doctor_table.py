"""The doctor's summary for people: tables on a terminal, tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ingest.causes import causes, notes
from ingest.doctor import Summary
from ingest.qta import State, ThinkingKind

COLUMNS = ("what", "value", "reason", "count", "share")
BAR_CHARS = 20
MOST_CHARS = 80  # of a value in the log's own words
GOOD, MIDDLING, BAD = "green", "yellow", "red"
COLOURS = {
    State.SCORED: GOOD,
    State.UNSCORABLE: MIDDLING,
    State.REJECTED: BAD,
    ThinkingKind.RAW: GOOD,
    ThinkingKind.REDACTED: MIDDLING,
    ThinkingKind.ABSENT: MIDDLING,
    "none": MIDDLING,
    "complete": GOOD,
    "content_not_captured": BAD,
}


def print_summary(summary: Summary) -> None:
    """The summary, the likely cause when nothing would be scored, and what else is worth knowing."""
    rows = list(rows_of(summary))
    if sys.stdout.isatty():
        draw(summary, rows, Console())
        return
    print("\n".join("\t".join(row) for row in (COLUMNS, *rows)))
    for cause in causes(summary):
        print(f"nothing would be scored: {cause}")
    for note in notes(summary):
        print(f"note: {note}")


def draw(summary: Summary, rows: list[tuple[str, ...]], console: Console) -> None:
    """The summary on a terminal."""
    console.print(f"[bold]{summary.records} records, {summary.triples} triples[/]; nothing was written")
    if rows:
        console.print(table_of(rows))
    if found := causes(summary):
        console.print(Text("Nothing would be scored", style=f"bold {BAD}"))
    for said, colour in (*((cause, BAD) for cause in found), *((note, MIDDLING) for note in notes(summary))):
        line = Text.assemble(("• ", colour), said)
        console.print(Padding(line, (0, 0, 0, 2)))


def table_of(rows: list[tuple[str, ...]]) -> Table:
    """The rows as one table; `what` is written where it changes, and a share is drawn as well."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("count", "share") else "left", overflow="fold")
    table.add_column("")
    before = ""
    for what, value, reason, count, share in rows:
        if before and what != before:
            table.add_section()
        colour = COLOURS.get(value, "")
        shown = Text(what if what != before else "", style="bold")
        table.add_row(shown, Text(value, style=colour), Text(reason, style="dim"), count, share, bar(share, colour))
        before = what
    return table


def bar(share: str, colour: str) -> Text:
    """A share as a bar; one that is over the whole, as of several images in a triple, is a whole one."""
    filled = min(BAR_CHARS, round(BAR_CHARS * int(share.split(maxsplit=1)[0]) / 100))
    return Text.assemble(("━" * filled, colour or "cyan"), ("━" * (BAR_CHARS - filled), "bright_black"))


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
        yield what, printable(value), "", str(count), percent(count, summary.triples)


def printable(text: str) -> str:
    """`text` for a terminal: what was not understood is named in the log's own words, which may hold anything."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)[:MOST_CHARS]


def percent(count: int, of: int) -> str:
    """A share of `of`, in whole percent; a field may be there several times in a triple."""
    return f"{100 * count / of:.0f} %"
