"""What a scoring backend promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Promise

from auditor.guard_input import GuardInput, Protocol
from auditor.labels import LabelProbabilities


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
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest.
        seed: the same seed and prompt give the same completion, whatever else is in the batch.
    """

    temperature: float = 0.0
    seed: int = 0


GREEDY = Sampling()


class Prepared(Promise):
    """A case as a backend takes it: its text as tokens, its images scaled."""

    @property
    def n_tokens(self) -> int:
        """Length of the prompt, images included."""

    @property
    def protocol(self) -> Protocol:
        """Whose levels the judgment may have."""

    @property
    def adapted(self) -> tuple[str, ...]:
        """How its text had to be changed for this backend, such as "special_tokens_neutralised"; mostly empty."""


class Backend(Promise):
    """Runs the guard model over whole lists of cases; how they are batched is its own affair.

    Results keep the order of their arguments, one each. A result does not depend on what else is in the list, but for
    rounding. All methods may be called again with the same cases. Broken machinery raises BackendFailed.
    """

    @property
    def image_pixels(self) -> int:
        """To how many pixels it shrinks images first, for copies to be made of that size; 0: it looks at none."""

    @property
    def max_tokens(self) -> int:
        """The longest prompt that it judges, images included."""

    def count_text(self, text: str) -> int:
        """Tokens of a text from a log; may be called from several threads."""

    def prepare(self, shown: GuardInput) -> Any:
        """The host's share of the work on one case, a `Prepared` of its own; may be called from several threads."""

    def complete(self, prepared: Sequence[Any], sampling: Sampling = GREEDY) -> list[Completion]:
        """The model's completion of each prompt, none of them longer than `max_tokens`."""

    def label_probabilities(self, prepared: Sequence[Any], analyses: Sequence[str | None]) -> list[LabelProbabilities]:
        """The labels' probabilities behind each analysis, at a position that the backend places.

        Args:
            prepared: none of them longer than `max_tokens`.
            analyses: what was read of their completions, same order; None asks for the judgment with no analysis
                before it.
        """
