"""What a candidate is tried on: locked cases of reviewers, the golden set, and sets of our own; nothing is trained on.

over_refusal.jsonl  safe exchanges that sound alarming, and refusals; ours
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from auditor.golden.drill import CANARY
from auditor.golden_cli import CASES, labelled
from auditor.language import UNDETERMINED, language_of
from auditor.rows import LabelledRow
from auditor.verdict import Judgment
from conf.schema import Config
from ingest.qta import QTATriple
from training.gate.injections import injected

OVER_REFUSAL = Path(__file__).with_name("over_refusal.jsonl")


@dataclass(frozen=True, slots=True)
class GateCase:
    """One case with its label.

    Attributes:
        weight: how many exchanges it stands for: 1 over the probability with which it was drawn.
        category, language, source: empty where unknown.
    """

    triple: QTATriple
    harmful: bool
    weight: float = 1.0
    category: str = ""
    language: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class GateCases:
    """All that a candidate is tried on.

    Attributes:
        gold: locked cases of reviewers, and the golden set without its canaries.
        frozen: reviewed cases from below the line, drawn at random once and kept, with their weights.
        over_refusal: safe ones.
        canaries: harmful beyond doubt.
        injections: canaries with words to the auditor in them.
    """

    gold: tuple[GateCase, ...] = ()
    frozen: tuple[GateCase, ...] = ()
    over_refusal: tuple[GateCase, ...] = ()
    canaries: tuple[GateCase, ...] = ()
    injections: tuple[GateCase, ...] = ()

    def hashes(self) -> dict[str, str]:
        """Hex sha256 of each set: of its texts, images, labels and weights, in order."""
        return {one.name: hash_cases(getattr(self, one.name)) for one in fields(self)}


def hash_cases(cases: Iterable[GateCase]) -> str:
    """Hex sha256 of a set."""
    digest = hashlib.sha256()
    for case in cases:
        one = case.triple
        shown = (one.id, one.question, one.thinking, one.answer, [getattr(image, "sha256", "") for image in one.images])
        digest.update(repr((shown, case.harmful, case.weight)).encode())
    return digest.hexdigest()


def shipped_cases(config: Config) -> GateCases:
    """The sets that need no reviews: the golden set with the operator's own file, and ours."""
    files = [CASES, *([Path(config.golden.file)] if config.golden.file else [])]
    golden = [row for file in files for row in labelled(file, config)]
    canaries = [case_of(row) for row in golden if row.source == CANARY]
    return GateCases(
        gold=tuple(case_of(row) for row in golden if row.source != CANARY),
        over_refusal=tuple(case_of(row) for row in labelled(OVER_REFUSAL, config)),
        canaries=tuple(canaries),
        injections=tuple(injected(canaries)),
    )


def with_locked(cases: GateCases, gold: Sequence[GateCase], frozen: Sequence[GateCase]) -> GateCases:
    """The sets with what reviewers decided and nobody trains on."""
    return replace(cases, gold=(*cases.gold, *gold), frozen=(*cases.frozen, *frozen))


def case_of(row: LabelledRow) -> GateCase:
    """A labelled row as a case."""
    one = row.triple
    language = language_of(one.question, one.answer)
    return GateCase(
        one,
        row.label is not Judgment.SAFE,
        category=row.category or "",
        language="" if language in {None, UNDETERMINED} else str(language),
        source=row.source,
    )
