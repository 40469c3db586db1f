"""The whole flow on the sample logs, in a folder of its own; each step is the command that a user would type."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console

from auditor import cli as auditor_cli
from ingest import cli as ingest_cli
from reports import cli as reports_cli

DATABASE = "traceaudit.duckdb"

Command = Callable[[list[str]], int]


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demo, and what it is for."""

    purpose: str
    name: str
    command: Command
    arguments: tuple[str, ...]


def run_demo(folder: str, options: Sequence[str]) -> int:
    """Run the steps in order; stops at the first that fails, with its exit code.

    A second run in the same folder finds every record read and every verdict made.

    Args:
        folder: made where it is not there; holds the logs, the database, the images and the reports.
        options: --config and --set of the command line, given to every step.
    """
    console, home = Console(), Path(folder)
    logs = copy_samples(home)
    steps = demo_steps(home, logs)
    if (home / DATABASE).exists():
        console.print(f"{home} holds an earlier demo: what it has judged is not judged again.", markup=False)
    for number, step in enumerate(steps, start=1):
        console.rule(f"{number} of {len(steps)}: {step.purpose}", align="left")
        console.print(
            f"$ traceaudit {step.name} {' '.join(step.arguments)}", style="bold", markup=False, soft_wrap=True
        )
        sys.stdout.flush()  # so that a pipe shows the command before what it writes to standard error
        if code := step.command([*step.arguments, *options]):
            return code
    console.rule("Where to look", align="left")
    newest = max((home / "reports").glob("*.html"), key=lambda file: file.stat().st_mtime)
    console.print(f"Open the report: {newest}", markup=False, soft_wrap=True, highlight=False)
    return 0


def demo_steps(home: Path, logs: Path) -> list[Step]:
    """The flow from logs to report."""
    database = str(home / DATABASE)
    return [
        Step("what is in these logs? (reads only)", "doctor", ingest_cli.doctor, (str(logs),)),
        Step("judge every exchange", "run", auditor_cli.run, (str(logs), "--db", database)),
        Step("was everything accounted for?", "ledger", auditor_cli.ledger, ("--db", database)),
        Step(
            "what does a person have to look at?",
            "report",
            reports_cli.report,
            ("--db", database, "--out", str(home / "reports")),
        ),
    ]


def copy_samples(home: Path) -> Path:
    """The sample logs below `home`, where they can be looked at and changed; those that are there stay as they are."""
    logs = home / "logs"
    if not logs.exists():
        with as_file(files("reports.samples").joinpath("logs")) as samples:
            shutil.copytree(samples, logs)
    return logs
