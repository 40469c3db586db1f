"""Where a backfill gets stored triples and hands in verdicts: the database file, or the process that owns it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from auditor.moves import Pair
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from conf.errors import ConfigError
from ingest.qta import QTATriple


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stored triples are meant.

    Attributes:
        since, until: when they were stored; `until` is not included.
        tenant: theirs; None for all.
    """

    since: datetime
    until: datetime
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a selection was gone through: up to this triple, in the order in which they were stored."""

    at: datetime = datetime(1, 1, 2, tzinfo=UTC)
    triple_id: str = ""


@dataclass(frozen=True, slots=True)
class Costs:
    """What verdicts cost on average; the seconds are a verdict's share, so that all shares add up to the time taken."""

    n_verdicts: int
    seconds: float
    prompt_tokens: float
    output_tokens: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the judging of a selection is.

    Attributes:
        triples: all that are meant.
        judged: those with a verdict of the key.
        costs: of the verdicts of that model and decoding so far, on whatever triples.
        blobs: where the images lie.
    """

    triples: int
    judged: int
    costs: Costs
    blobs: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the triples to be judged.

    Attributes:
        triples: those without a verdict of the key; their images are left behind in the blob store.
        after: where to go on; None when nothing is left.
        lag: how much live work waits to be stored; where it is too much, there are no triples.
    """

    triples: tuple[QTATriple, ...] = field(repr=False)
    after: Place | None
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A scorer of which there are verdicts."""

    scorer: ScorerKey
    n_verdicts: int


class Desk(Protocol):
    """What a backfill asks of whoever owns the database. One thread's."""

    def standing(self, chosen: Selection, scorer: ScorerKey) -> Standing:
        """How far the judging is."""
        ...

    def handful(self, chosen: Selection, scorer: ScorerKey, n: int) -> list[QTATriple]:
        """Up to `n` triples to be judged, from anywhere in the selection, always the same."""
        ...

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """Up to `n` triples to be judged that come after a place; there may be none, and still more behind them."""
        ...

    def keep(self, run: Run, verdicts: Sequence[Verdict]) -> int:
        """Keep verdicts on stored triples, in one transaction; once this returns they survive a crash.

        A verdict whose key there is already is left as it is: the same verdicts may be handed in again.

        Returns:
            How many are new.
        """
        ...

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> Mapping[str, Verdict]:
        """Readable verdicts on content of these hashes, by hash."""
        ...

    def known(self) -> list[Known]:
        """The scorers of which there are verdicts, the one used last at the end."""
        ...

    def pairs(self, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
        """What two scorers say of each triple that either judged, in the order of their ids."""
        ...


def find_known(known: Sequence[Known], text: str) -> ScorerKey:
    """The one scorer that `text` means.

    Args:
        known: those there are.
        text: REVISION[:PROMPT[:DECODING]], each the whole or how it begins.

    Raises:
        ConfigError: there is none, or several; the message names what there is.
    """
    found = [one.scorer for one in known if is_meant(one.scorer, text.split(":"))]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"--diff {text}: that could be {', or '.join(map(name_of, found))}")
    names = ", ".join(name_of(one.scorer) for one in known) or "no scorer at all"
    raise ConfigError(f"--diff {text}: there are no verdicts of it; there are some of {names}")


def is_meant(scorer: ScorerKey, words: Sequence[str]) -> bool:
    """Whether each word is how a part of the key begins."""
    revision, *others = words
    rest = zip(others, (scorer.prompt_hash, scorer.decoding), strict=False)
    named = scorer.model_revision.startswith(revision) and len(others) <= 2
    return named and all(part.startswith(word) for word, part in rest)


def name_of(scorer: ScorerKey) -> str:
    """A scorer as it can be typed."""
    return f"{scorer.model_revision[:12]}:{scorer.prompt_hash[:12]}:{scorer.decoding} ({scorer.model_id})"
