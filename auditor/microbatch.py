"""Which prompts go through the model together: alike in length, so that little of a pass is padding."""

from collections.abc import Sequence


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
