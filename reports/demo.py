"""The whole flow on the sample logs, in a folder of its own; each step is the command that a user would type."""

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console

from auditor import cli as auditor_cli
from auditor import review_cli
from auditor.models_cli import models
from auditor.registry.folder import Version
from auditor.registry.places import open_registry
from conf.cli import named
from conf.schema import load
from ingest import cli as ingest_cli
from reports import cli as reports_cli

DATABASE = "traceaudit.duckdb"
REVIEWS = "reviews.jsonl"
RECIPE = "demo"
PROPOSES, APPROVES = "Ines Duarte", "Ruth Bergmann"  # made-up people
BY = (("propose", PROPOSES), ("promote", APPROVES))

Command = Callable[[list[str]], int]


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demo, and what it is for."""

    purpose: str
    name: str
    command: Command
    arguments: tuple[str, ...]


def run_demo(folder: str, options: Sequence[str], *, training: bool = True) -> int:
    """Run the steps in order; stops at the first that fails, with its exit code.

    A second run in the same folder finds every record read and every verdict made.

    Args:
        folder: made where it is not there; holds the logs, the database, the images and the reports.
        options: --config and --set of the command line, given to every step.
        training: whether a guard is trained on what people said.
    """
    console, home = Console(), Path(folder)
    logs = copy_samples(home)
    if (home / DATABASE).exists():
        console.print(f"{home} holds an earlier demo: what it has judged is not judged again.", markup=False)
    steps = [*demo_steps(home, logs), *(training_steps(home) if training else [])]
    if code := run_steps(console, steps, options):
        return code
    candidate = candidate_of(home)
    if candidate and (code := run_steps(console, promotion_steps(home, candidate), options)):
        return code
    console.rule("Where to look", align="left")
    for line in where_to_look(home, candidate):
        console.print(line, markup=False, soft_wrap=True, highlight=False)
    return 0


def run_steps(console: Console, steps: Sequence[Step], options: Sequence[str]) -> int:
    """Run some steps; gives the exit code of the first that fails, and then stops."""
    for step in steps:
        console.rule(step.purpose, align="left")
        words = shlex.join(["traceaudit", *step.name.split(), *step.arguments])
        console.print(f"$ {words}", style="bold", markup=False, soft_wrap=True)
        sys.stdout.flush()  # so that a pipe shows the command before what it writes to standard error
        if code := step.command([*step.arguments, *options]):
            return code
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


def training_steps(home: Path) -> list[Step]:
    """What people say of these exchanges, and a guard that is trained on it; once only."""
    database = ("--db", str(home / DATABASE))
    votes = Step("what do people say?", "review import", review_cli.import_votes, (str(home / REVIEWS), *database))
    if versions_of(home):
        return [votes]
    learn = ("--recipe", RECIPE, "--by", PROPOSES, *database)
    return [votes, Step("train a candidate on what they agree on, and try it", "train", train, learn)]


def promotion_steps(home: Path, candidate: Version) -> list[Step]:
    """Two people let a candidate serve that the gate let pass; of one that it refused nothing more comes."""
    gate = candidate.manifest.gate
    if gate is None or not gate.passed or serves(home, candidate):
        return []
    revision, database = candidate.revision[:12], ("--db", str(home / DATABASE))
    propose, promote = ((action, revision, "--by", by, *database) for action, by in BY)
    return [
        Step("one person proposes that it serves", "models", models, propose),
        Step("another one approves", "models", models, promote),
    ]


def train(arguments: list[str]) -> int:
    """`traceaudit train`, which is of a package beside this one."""
    code: int = named("training.cli:train")(arguments)
    return code


def versions_of(home: Path) -> list[Version]:
    """What was trained in an earlier demo."""
    config = load(overrides={"store.path": f'"{home / DATABASE}"'})
    return open_registry(config).versions()


def candidate_of(home: Path) -> Version | None:
    """What was trained last."""
    return next(reversed(versions_of(home)), None)


def serves(home: Path, candidate: Version) -> bool:
    """Whether it does already."""
    config = load(overrides={"store.path": f'"{home / DATABASE}"'})
    serving = open_registry(config).serving()
    return serving is not None and serving.revision == candidate.revision


def where_to_look(home: Path, candidate: Version | None) -> Iterator[str]:
    """The report, what became of the candidate, and how to see both in the browser."""
    newest = max((home / "reports").glob("*.html"), key=lambda file: file.stat().st_mtime)
    yield f"Open the report: {newest}"
    database = home / DATABASE
    if candidate and serves(home, candidate):
        yield f"What was trained serves from now on: traceaudit run LOGS --db {database} --model registry"
    elif candidate:
        show = f"traceaudit models show {candidate.revision[:12]} --db {database}"
        yield f"The gate refused what was trained, and the guard stays what it was; why is told above, and by: {show}"
    yield f"Open the pages: traceaudit serve --db {database}"


def copy_samples(home: Path) -> Path:
    """The sample logs and reviews below `home`, to be looked at and changed; those that are there stay as they are."""
    logs, samples = home / "logs", files("reports.samples")
    if not logs.exists():
        with as_file(samples.joinpath("logs")) as folder:
            shutil.copytree(folder, logs)
    if not (home / REVIEWS).exists():
        (home / REVIEWS).write_bytes(samples.joinpath(REVIEWS).read_bytes())
    return logs
