"""A what-if in a terminal: first in words, then in tables."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.visible import visible
from reports.what_if import words
from reports.what_if.comparison import Compared, WhatIf
from reports.what_if.outcome import Outcome

PIPE_WIDTH = 150
SHOWN = 12  # slices


def show(told: WhatIf, changes: Iterable[str]) -> None:
    """Print it."""
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    shown = Text(
        visible(f'"{told.proposed.version}" against "{told.current.version}", which is in force'), style="bold"
    )
    console.print(shown)
    console.print(
        f"{told.first} to {told.last}, {told.days} days; {told.reviewed} of {told.drawn} drawn cases reviewed, "
        f"drawn on {told.drawn_days} days"
    )
    for change in changes:
        console.print(Text(visible(f"  {change}")))
    console.print()
    for sentence in words.sentences(told):
        console.print(Text(sentence))
    console.print(whole(told))
    console.print(lines(told))
    console.print(slices(told))
    console.print(Text("Figures in brackets are 95 % intervals. docs/governance.md tells how they are made.", "dim"))


def whole(told: WhatIf) -> Table:
    """Both policies side by side."""
    now, then, unit = told.whole.current, told.whole.proposed, visible(told.proposed.costs.unit)
    rows = [
        ("alerts a day", *(words.number(one.alerts) for one in (now, then))),
        ("of these urgent", *(words.number(one.urgent) for one in (now, then))),
        ("hours of review a day", *(words.number(one.reviewer_hours) for one in (now, then))),
        ("precision", *(words.part(one.precision) for one in (now, then))),
        ("recall", *(words.part(one.recall) for one in (now, then))),
        ("missed a day", *(words.rate(one.missed) for one in (now, then))),
        (f"cost a day, {unit}", *(words.rate(one.cost) for one in (now, then))),
    ]
    return table("Everything", ("", "in force", "proposed"), rows)


def lines(told: WhatIf) -> Table:
    """The lines that answer questions."""
    rows = []
    for title, point, remark in words.questions(told, told.found):
        cells = [title, "none", "", "", remark]
        if point:
            one = point.outcome
            cells = [title, f"{point.threshold:g}", words.number(one.alerts), words.rate(one.missed), remark]
        rows.append(cells)
    return table("One line for everything that …", ("", "threshold", "alerts a day", "missed a day", ""), rows)


def slices(told: WhatIf) -> Table:
    """Each tenant, category and kind of thinking, then the largest combinations."""
    shown = told.slices[: SHOWN * 2]
    titles = ("", "alerts now", "then", "precision then", "missed now", "missed then")
    made = table("By tenant, category and kind of thinking", titles, [slice_cells(one) for one in shown])
    left = len(told.slices) - len(shown) + told.more
    made.caption = f"{left} more in --json" if left else None
    return made


def slice_cells(one: Compared) -> Sequence[str]:
    """One slice."""
    now, then = one.current, one.proposed
    return (visible(words.part_name(one.part)), *alerts(now, then), words.part(then.precision), *missed(now, then))


def alerts(*both: Outcome) -> list[str]:
    """Alerts a day."""
    return [words.number(one.alerts) for one in both]


def missed(*both: Outcome) -> list[str]:
    """Misses a day."""
    return [words.rate(one.missed) for one in both]


def table(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table whose cells are text, never markup."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in titles:
        made.add_column(Text(name))
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made
