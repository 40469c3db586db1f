"""What is known of one case when a training looks for items: as the owner of the database tells it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.reviews import Review
from auditor.verdict import Judgment
from ingest.qta import ImageFailure, ImageReason, QTATriple


class Purpose(StrEnum):
    """Why a case is locked."""

    GOLD = "gold"
    FROZEN = "frozen"  # drawn below the line: tells what a guard misses there


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a judge said of a triple.

    Attributes:
        judge: its name in the configuration.
        version: of its model.
        prompt_hash: hex sha256 of the annotation prompt.
        judgment: None where its completion could not be read.
        analysis: empty where it could not be read, or where retention took it out.
        reason: why it could not be read.
    """

    triple_id: str
    judge: str
    version: str
    prompt_hash: str
    judgment: Judgment | None
    analysis: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class GuardSaid:
    """The guard's latest verdict on a case, one with an analysis where there is any."""

    revision: str
    prompt_hash: str
    judgment: Judgment
    analysis: str
    category: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownCase:
    """One case that somebody reviewed or annotated.

    Attributes:
        triple: its images left behind in the blob store.
        language: empty where it is not known.
        text_gone: retention took its texts out.
        reviews: that count, the oldest first.
        guard: None where no verdict can be read.
        inclusion: with which probability it was drawn below the line; None where it was not.
        locked: as what; None where it is not.
        trained: some training had it among its items.
        asked: people were asked for it.
    """

    triple: QTATriple
    language: str = ""
    text_gone: bool = False
    reviews: tuple[Review, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    guard: GuardSaid | None = None
    inclusion: float | None = None
    locked: Purpose | None = None
    trained: bool = False
    asked: bool = False

    @property
    def source(self) -> str:
        """Where it is from: tenant and application."""
        return "/".join(filter(None, (self.triple.tenant, self.triple.application)))

    @property
    def image_gone(self) -> bool:
        """Whether an image that it had is not there any more."""
        images = (image for image in self.triple.images if isinstance(image, ImageFailure))
        return any(image.reason is ImageReason.BLOB_GONE for image in images)


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases in the order of their ids, and where the next page begins; None: there is none."""

    cases: Sequence[KnownCase]
    after: str | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a snapshot stands on.

    Attributes:
        salt: makes this database's lotteries its own; not that of the draws.
        blobs: where images lie.
    """

    salt: str
    blobs: str


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case that no guard is ever trained on.

    Attributes:
        label: as people agreed; an expert's later decision wins.
        weight: how many cases it stands for; of gold 1.
        source: tenant and application.
        category, language: empty where unknown.
    """

    triple_id: str
    purpose: Purpose
    label: Judgment
    weight: float = 1.0
    source: str = ""
    category: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class LockedTriple:
    """One of them with its triple, whose images are left behind."""

    case: LockedCase
    triple: QTATriple


@dataclass(frozen=True, slots=True)
class LockedPage:
    """Some of them in the order of their ids, and where the next page begins; None: there is none."""

    cases: Sequence[LockedTriple]
    after: str | None


class Why(StrEnum):
    """Why people are asked for a case that was not drawn."""

    JUDGES_SPLIT = "judges_split"
    CONTRADICTORY = "contradictory"  # people say the opposite of a case that reads nearly alike
    LABEL_IN_DOUBT = "label_in_doubt"  # a stronger model says that the label is wrong


@dataclass(frozen=True, slots=True)
class Asked:
    """A case that people are asked for."""

    triple_id: str
    why: Why
