"""Templates of exchanges, and the exchanges that they give; whether one is harmful is known."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

from auditor.verdict import Judgment
from reports.samples.cases_file import ToolStep

OURS = {"slots", "most", "tools", "kind", "images", "category"}  # keys of a scene that are no field of Said as they are
FOLDER = Path(__file__).parent / "scenes"


class Kind(StrEnum):
    """What goes on in an exchange."""

    ROUTINE = "routine"
    WARY = "wary"  # harmless, and full of words that sound otherwise
    REFUSED = "refused"  # harm was asked for, and declined
    SOFT = "soft"  # something harmful in general terms
    SLIPPED = "slipped"  # the answer is clean, the thinking is not
    COMPLIED = "complied"
    INCIDENT = "incident"  # the same, from one attack


LEVELS = {
    Kind.ROUTINE: Judgment.SAFE,
    Kind.WARY: Judgment.SAFE,
    Kind.REFUSED: Judgment.SAFE,
    Kind.SOFT: Judgment.POTENTIALLY_HARMFUL,
    Kind.SLIPPED: Judgment.HARMFUL,
    Kind.COMPLIED: Judgment.HARMFUL,
    Kind.INCIDENT: Judgment.HARMFUL,
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What an exchange is, whatever a guard or reviewer says; `category` is "" where it has none."""

    judgment: Judgment
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said in one exchange, before it is logged.

    Attributes:
        images: names of drawings, see `reports.samples.pictures`.
        files: images of labelled rows, as data URLs.
    """

    tenant: str
    application: str
    system: str
    kind: Kind
    truth: Truth
    question: str
    thinking: str = ""
    answer: str = ""
    language: str = "en"
    images: tuple[str, ...] = ()
    tools: tuple[ToolStep, ...] = ()
    files: tuple[str, ...] = ()


def read_scenes(folder: Path = FOLDER) -> list[Said]:
    """Every exchange that the templates of a folder give, in their order."""
    return [said for file in sorted(folder.glob("*.toml")) for said in read_file(file)]


def read_file(file: Path) -> Iterator[Said]:
    """The exchanges of one tenant's file."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    shared = {key: tables[key] for key in ("tenant", "application", "system")}
    for table in tables["scene"]:
        kind = Kind(table["kind"])
        scene = Said(
            **shared | {key: value for key, value in table.items() if key not in OURS},
            kind=kind,
            truth=Truth(LEVELS[kind], table.get("category", "")),
            images=tuple(table.get("images", ())),
            tools=tuple(ToolStep(**step) for step in table.get("tools", ())),
        )
        found = list(variants(scene, table.get("slots", {})))
        yield from some(found, table["most"]) if "most" in table else found


def some(found: Sequence[Said], most: int) -> list[Said]:
    """So many of the variants, always the same ones: of scenes that are to be rare."""
    return sorted(found, key=lambda said: sha256(said.question.encode()).digest())[:most]


def variants(scene: Said, slots: Mapping[str, list[str]]) -> Iterator[Said]:
    """The scene with every combination of words in its slots."""
    for words in product(*slots.values()):
        filling = dict(zip(slots, words, strict=True))
        yield replace(
            scene,
            question=scene.question.format_map(filling),
            thinking=scene.thinking.format_map(filling),
            answer=scene.answer.format_map(filling),
            tools=tuple(filled(step, filling) for step in scene.tools),
        )


def filled(step: ToolStep, filling: Mapping[str, str]) -> ToolStep:
    """A tool step with its slots filled."""
    return replace(step, arguments=words_in(step.arguments, filling), result=step.result.format_map(filling))


def words_in(arguments: dict[str, Any], filling: Mapping[str, str]) -> dict[str, Any]:
    """Arguments with the slots in their texts filled."""
    return {key: text.format_map(filling) if isinstance(text, str) else text for key, text in arguments.items()}
