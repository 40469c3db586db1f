"""What the auditor's commands show, on a terminal and in a pipe, and how they are asked to stop."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from auditor.ledger import LedgerLine
from auditor.pipeline import Tally
from auditor.store_letters import LetterLine
from ingest.visible import visible


@contextmanager
def stop_signals(stop: Event | None = None) -> Iterator[Event]:
    """An event that Ctrl-C or a polite kill sets; asked a second time, the process ends at once."""
    stop = stop or Event()
    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[number])
        print("stopping after this batch; once more to stop at once", file=sys.stderr)

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress() -> Iterator[Callable[[Tally], None]]:
    """What to call after each batch: a moving line on a terminal, silence in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as status:
        yield lambda tally: status.update(f"{tally.records} records read, {tally.verdicts} new verdicts")


@contextmanager
def row_progress(total: int) -> Iterator[Callable[[int], None]]:
    """What to call with the number of rows done: a bar on a terminal, silence in a pipe."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("scoring", total=total)
        yield lambda n_rows: bar.advance(task, n_rows)


def print_figures(summary: Mapping[str, Any]) -> None:
    """The figures of `eval`, overall and by source: a table on a terminal, else parted by tabs."""
    columns = ("source", "rows", "harmful", "auroc", "f1", "accuracy", "precision", "recall", "unscorable")
    lines = [
        {"source": "all", **summary},
        *({"source": name, **figures} for name, figures in summary["by_source"].items()),
    ]
    print_rows(columns, [[figure_cell(line[column]) for column in columns] for line in lines])


def print_modes(summary: Mapping[str, Any]) -> None:
    """What each mode of `eval` came to."""
    columns = ("auroc", "f1", "seconds", "sent_to_full", "agreement_with_full", "unscorable")
    lines = [[mode, *(figure_cell(line[column]) for column in columns)] for mode, line in summary["modes"].items()]
    print_rows(("mode", *columns), lines)


def print_saturation(summary: Mapping[str, Any]) -> None:
    """How far the scores crowd at both ends."""
    columns = ("rows", "low", "high", "entropy", "distinct", "auroc_low", "auroc_high")
    print_rows(("saturation", *columns), [["scores", *(figure_cell(summary["saturation"][name]) for name in columns)]])


def print_beside(summary: Mapping[str, Any]) -> None:
    """What other guards said of the same rows."""
    columns = ("rows", "harmful", "f1", "accuracy", "precision", "recall")
    lines = [[name, *(figure_cell(line[column]) for column in columns)] for name, line in summary["beside"].items()]
    print_rows(("beside", *columns), [["this guard", *(figure_cell(summary[c]) for c in columns)], *lines])


def print_speeds(lines: Sequence[Mapping[str, Any]]) -> None:
    """What `bench` measured."""
    columns = (
        *("device", "backend", "mode", "triples", "triples_per_s", "prompt_tokens", "image_tokens", "output_tokens"),
        *("prefix_hits", "roofline_triples_per_s", "of_roofline"),
    )
    print_rows(columns, [[figure_cell(line[column]) for column in columns] for line in lines])


def figure_cell(value: str | float | None) -> str:
    """A figure with three decimals; a dash where it is undefined."""
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; in a pipe a line for each row, its cells parted by tabs.

    Cells may hold text of a log: none can break a line, style the table, or command the terminal.
    """
    if not sys.stdout.isatty():
        print("\n".join("\t".join(map(plain_cell, row)) for row in (columns, *rows)))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(plain_cell(value)) for value in row))
    Console().print(table)


def plain_cell(value: str) -> str:
    """A text on one line, what hides in it made visible."""
    return visible(value).replace("\n", "⟦U+000A⟧").replace("\t", "⟦U+0009⟧")


def print_tally(tally: Tally, seconds: float) -> None:
    """The end of a run, for people."""
    states = ", ".join(f"{state.value} {n}" for state, n in sorted(tally.states.items()))
    print(f"{tally.records} records in {seconds:.1f} s{': ' + states if states else ''}")
    print(f"{tally.triples} triples, {tally.verdicts} new verdicts")


def print_letters(lines: Sequence[LetterLine]) -> None:
    """A table on a terminal; in a pipe a line for each dead letter, its columns parted by tabs."""
    columns = ("source", "partition", "offset", "reason", "detail", "format", "bytes", "stored at", "replayed")
    print_rows(columns, [letter_cells(line) for line in lines])


def letter_cells(line: LetterLine) -> tuple[str, ...]:
    """One dead letter as text."""
    at = line.position
    size = f"{line.n_bytes}{' (withheld)' if line.withheld else ''}"
    times = (f"{line.stored_at:%Y-%m-%d %H:%M:%S}", f"{line.replay_state}" if line.replayed_at else "-")
    return (at.source, str(at.partition), str(at.offset), line.reason, line.detail, line.format or "-", size, *times)


def print_ledger(lines: Sequence[LedgerLine]) -> None:
    """A table on a terminal; in a pipe a line for each partition, its columns parted by tabs."""
    columns = ("source", "partition", "from", "to", "records", "states", "gaps", "held", "missing", "balanced")
    rows = [ledger_cells(line) for line in lines]
    print_rows(columns, rows)


def ledger_cells(line: LedgerLine) -> tuple[str, ...]:
    """One line of the ledger as text."""
    states = ", ".join(f"{state} {n}" for state, n in line.states.items())
    gaps = ", ".join(f"{reason} {n}" for reason, n in line.gaps.items())
    numbers = (str(number) for number in (line.partition, line.start, line.end, line.records))
    waits = (str(line.held), str(line.missing))
    return (line.source, *numbers, states or "-", gaps or "-", *waits, "yes" if line.balanced else "NO")
