"""Which prompts go through the model together: alike in length, so that little of a pass is padding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from auditor.errors import OutOfMemory

Result = TypeVar("Result")


@dataclass(slots=True)
class Room:
    """How much goes through the model at once; it shrinks, and stays small, when memory runs out.

    Attributes:
        max_rows, max_tokens: bounds of one micro-batch; tokens count padding.
    """

    max_rows: int
    max_tokens: int

    def run(self, lengths: Sequence[int], work: Callable[[list[int]], list[Result]]) -> list[Result]:
        """The results of `work` over all indices of `lengths`, in order.

        Args:
            lengths: tokens of each prompt.
            work: the results for a micro-batch of indices, in its order.

        Raises:
            OutOfMemory: there is no room for a single prompt.
        """
        results: dict[int, Result] = {}
        left = list(range(len(lengths)))
        while left:
            batch = [left[k] for k in plan([lengths[i] for i in left], self.max_rows, self.max_tokens)[0]]
            if done := self.tried(batch, lengths, work):
                results.update(zip(batch, done, strict=True))
                left = [i for i in left if i not in results]
        return [results[i] for i in range(len(lengths))]

    def tried(
        self, batch: list[int], lengths: Sequence[int], work: Callable[[list[int]], list[Result]]
    ) -> list[Result] | None:
        """The results for a micro-batch; None where it had no room, and smaller ones are to be tried."""
        try:
            return work(batch)
        except OutOfMemory:
            if len(batch) == 1:
                raise
        self.max_rows = len(batch) // 2
        self.max_tokens = self.max_rows * max(lengths[i] for i in batch)
        return None


def plan(lengths: Sequence[int], max_rows: int, max_tokens: int) -> list[list[int]]:
    """Indices of `lengths` in micro-batches, longest first, so that memory runs out early or not at all.

    A prompt longer than `max_tokens` gets a micro-batch of its own. Equal lengths keep their order.

    Args:
        lengths: tokens of each prompt.
        max_rows: prompts in one micro-batch at most.
        max_tokens: tokens in one micro-batch at most, padding included.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batches and len(batches[-1]) < max_rows and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= max_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def padded_share(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    """Tokens that pass through the model, padding included, per real token; 1.0 is no padding."""
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in batches)
    return padded / sum(lengths) if lengths else 1.0
