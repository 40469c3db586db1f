"""A disturbed database against an undisturbed one."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.audits import CONTENT, OUTCOMES, blobs, rows, traceaudit

if TYPE_CHECKING:
    from tests.broker import Broker

# What of a report says when and by whom, and not what.
TIMES = {"made_at", "scored_at", "stored_at", "since"}
VERDICT_KEYS = "SELECT triple_id, model_revision, prompt_hash, decoding FROM verdicts"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where disturbances take place.

    Attributes:
        source: a topic with the records.
        wanted: the database of an audit of it that nothing disturbed.
        folder: for what they make.
    """

    broker: "Broker"
    source: str
    wanted: Path
    folder: Path
    seed: int

    @property
    def luck(self) -> random.Random:
        """The same for the same seed."""
        return random.Random(self.seed)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found.

    Attributes:
        lost: outcomes of the undisturbed audit that are missing, and verdicts.
        duplicated: offsets with two outcomes, and verdicts with the same key.
        other: kinds of content that differ, such as a triple's text.
    """

    lost: int
    duplicated: int
    ledger_balanced: bool
    report_equal: bool
    other: int

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, and nothing is there twice."""
        return self == Proof(0, 0, ledger_balanced=True, report_equal=True, other=0)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items())


def prove(db: Path, wanted: Path) -> Proof:
    """Hold a database against the one that nothing disturbed; neither may be open."""
    got, expected = counted(db, OUTCOMES), counted(wanted, OUTCOMES)
    verdicts, judged = counted(db, VERDICT_KEYS), counted(wanted, VERDICT_KEYS)
    offsets = Counter(row[:3] for row in got.elements())
    return Proof(
        lost=(expected - got).total() + (judged - verdicts).total(),
        duplicated=sum(n - 1 for n in (offsets + verdicts).values()),
        ledger_balanced=all(line["balanced"] for line in traceaudit("ledger", "--db", str(db), "--json")),
        report_equal=report(db) == report(wanted),
        other=sum(rows(db, query) != rows(wanted, query) for query in CONTENT) + (blobs(db) != blobs(wanted)),
    )


def counted(db: Path, query: str) -> Counter[tuple[str, ...]]:
    """How often each row is there."""
    return Counter(tuple(map(repr, row)) for row in rows(db, query))


def report(db: Path) -> Any:
    """The report of the day, as JSON, without its times."""
    (line,) = traceaudit("report", "--db", str(db), "--out", f"{db}.report", "--json", "--set", "report.pdf=never")
    (file,) = (name for name in line["files"] if name.endswith(".json"))
    return without_times(json.loads(Path(file).read_text(encoding="utf-8")))


def without_times(value: Any) -> Any:
    """`value` without what differs between any two audits."""
    if isinstance(value, dict):
        return {name: without_times(held) for name, held in value.items() if name not in TIMES}
    return [without_times(held) for held in value] if isinstance(value, list) else value


def rounds(folder: Path) -> Iterator[Path]:
    """A database for each round."""
    number = 0
    while True:
        round_folder = folder / f"round-{number}"
        round_folder.mkdir(parents=True)
        yield round_folder / "a.duckdb"
        number += 1
