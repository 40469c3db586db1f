"""What is learned from: a triple with its label, who said so, and the texts to learn; pure.

An item's lineage is in the item: its triple, and each vote with who gave it, by which model or prompt, and when.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditor.verdict import Judgment
from ingest.qta import QTATriple


class Bucket(StrEnum):
    """How far the votes on a triple agree (arXiv 2511.20994, section 3: D3:0, D2:1, D1:1:1)."""

    UNANIMOUS = "D3:0"  # to SFT
    MAJORITY = "D2:1"  # to DPO
    SPLIT = "D1:1:1"  # to experts; once they decided, to OGDPO
    BASE = "base"  # rows mixed in, so that nothing is forgotten


class VoterKind(StrEnum):
    """What a voter is; a person's word outranks a judge's, an expert's a person's."""

    JUDGE = "judge"
    REVIEWER = "reviewer"
    EXPERT = "expert"
    LABEL = "label"  # of a public set of rows


@dataclass(frozen=True, slots=True)
class Voter:
    """Who voted.

    Attributes:
        name: of the judge as configured, of the person as reviews have it, or of the set of rows.
        version: of a judge: the revision of its model; else empty.
        prompt_hash: hex sha256 of the annotation prompt that a judge was given; else empty.
    """

    name: str
    kind: VoterKind
    version: str = ""
    prompt_hash: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one voter said of a triple; `analysis` is None where it gave no text."""

    voter: Voter
    judgment: Judgment
    analysis: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A completion in the guard's own form: Analysis, then Judgment."""

    analysis: str
    judgment: Judgment


@dataclass(frozen=True, slots=True)
class Item:
    """One triple to learn from.

    Attributes:
        triple: with its images.
        label: what it is taken to be.
        bucket: how far the votes agree.
        chosen: what the guard should have said; its judgment is `label`.
        rejected: what it should not have said; None for items that only SFT takes.
        votes: the lineage.
        source: where the triple is from: tenant and application, or the set of rows.
        category: the kind of risk, in the guard's names; empty where unknown.
        language: as the store has it; empty where unknown.
    """

    triple: QTATriple
    label: Judgment
    bucket: Bucket
    chosen: Said
    rejected: Said | None = None
    votes: tuple[Vote, ...] = field(default=())
    source: str = ""
    category: str = ""
    language: str = ""
