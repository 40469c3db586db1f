"""The tables of `cases/*.toml` as types: who asked what, what was answered, in which log format it is kept."""

import hashlib
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

DAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStep:
    """One tool call between question and answer."""

    name: str
    arguments: dict[str, Any]
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question with what followed; empty texts are left out of the log."""

    question: str = ""
    thinking: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Turn):
    """One exchange of a tenant, and the form in which it is logged.

    Attributes:
        at: UTC time of the sample day.
        shape: "<format>.<variant>", a key of that format's SHAPES.
        images: names of drawings in `pictures.DRAWINGS`.
        image_trouble: a key of `pictures.TROUBLES`: a further image whose bytes do not arrive.
        later: further turns of the same conversation.
        message: cases of one tenant with the same name travel in one record.
        copy_of_previous: the record before this one, byte for byte.
    """

    tenant: str
    application: str
    system: str
    at: time
    shape: str
    second_answer: str = ""
    images: tuple[str, ...] = ()
    image_trouble: str = ""
    tools: tuple[ToolStep, ...] = ()
    later: tuple[Turn, ...] = field(default=())
    message: str = ""
    copy_of_previous: bool = False

    @property
    def format(self) -> str:
        """The log format: the first half of `shape`."""
        return self.shape.partition(".")[0]

    @property
    def variant(self) -> str:
        """The second half of `shape`."""
        return self.shape.partition(".")[2]

    @property
    def occurred_at(self) -> datetime:
        """`at` on the sample day, UTC."""
        return datetime.combine(DAY, self.at, UTC)

    @property
    def user(self) -> str:
        """A user name that looks real and is the same each time the samples are made."""
        return f"{self.tenant.partition('-')[0]}-{int(self.digest('user', 4), 16) % 900 + 100}"

    def digest(self, purpose: str, n_digits: int) -> str:
        """Hex digits for an id: random to look at, and the same each time the samples are made."""
        return hashlib.sha256(f"{self.tenant} {self.at} {self.shape} {purpose}".encode()).hexdigest()[:n_digits]


def read_cases(file: Path) -> list[Case]:
    """The cases of one tenant's TOML file, in its order."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    shared = {key: tables[key] for key in ("tenant", "application", "system")}
    cases: list[Case] = []
    for table in tables["case"]:
        case = read_case(table, shared)
        cases.append(replace(cases[-1], copy_of_previous=True) if case.copy_of_previous else case)
    return cases


def read_case(table: dict[str, Any], shared: dict[str, Any]) -> Case:
    """One `[[case]]` table with what all cases of its file have."""
    values = shared | table
    return Case(
        **values
        | {
            "at": time.fromisoformat(table["at"]),
            "images": tuple(table.get("images", ())),
            "tools": tuple(ToolStep(**step) for step in table.get("tools", ())),
            "later": tuple(Turn(**turn) for turn in table.get("later", ())),
        }
    )
