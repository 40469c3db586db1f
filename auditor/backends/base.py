"""What a scoring backend promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from auditor.labels import LabelProbabilities
from ingest.qta import QTATriple


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote for one prompt.

    Attributes:
        text: special tokens removed.
        finished: False when it was cut off at the token limit.
        prompt_tokens: image tokens included.
        output_tokens: without the end of the turn.
    """

    text: str
    finished: bool
    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """A triple that does not fit the context; nothing of it was judged."""

    prompt_tokens: int


class Backend(Protocol):
    """Runs the guard model over whole lists of triples; how they are batched is its own affair.

    Results keep the order of their arguments, one each. A result does not depend on what else is in the list, but for
    rounding. Both methods may be called again with the same triples. Broken machinery raises BackendFailed.
    """

    @property
    def image_pixels(self) -> int:
        """To how many pixels it shrinks images first, for copies to be made of that size; 0: it looks at none."""
        ...

    def complete(self, triples: Sequence[QTATriple]) -> list[Completion | TooLong]:
        """The greedy completion of each triple's prompt."""
        ...

    def label_probabilities(self, triples: Sequence[QTATriple], analyses: Sequence[str]) -> list[LabelProbabilities]:
        """The labels' probabilities behind each analysis, at a position that the backend places.

        Args:
            triples: each of which `complete` could read.
            analyses: what was read of their completions, same order.
        """
        ...
