"""Examples of like length together, as rows of token ids with what is to be learned at each place."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import guard_input
from training.demo.examples import Example, write_analysis

IGNORE = -100


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as token ids.

    Attributes:
        ids: prompt and completion, up to the place of the label.
        n_prompt: how many of them are prompt.
        images: scaled to whole patches.
    """

    ids: tuple[int, ...]
    n_prompt: int
    images: tuple[Image.Image, ...]


def encode(example: Example, prompts: PromptBuilder) -> Encoded:
    """The token ids of an example, built by what builds the backends' prompts; its label is not among them."""
    prompt = prompts.prompt(guard_input(example.triple))
    analysis = write_analysis(example.triple, example.category)
    return Encoded(prompts.up_to_label(prompt, analysis).ids, len(prompt.ids), prompt.images)


def by_length(encoded: Sequence[Encoded], max_tokens: int, rng: random.Random) -> list[list[Encoded]]:
    """All examples in batches of like length, in random order; a batch holds `max_tokens` at most, padding included."""
    batches: list[list[Encoded]] = [[]]
    for item in sorted(encoded, key=lambda e: len(e.ids) * rng.uniform(0.9, 1.1)):
        longest = max(len(e.ids) for e in [item, *batches[-1]])
        if batches[-1] and longest * (len(batches[-1]) + 1) > max_tokens:
            batches.append([])
        batches[-1].append(item)
    rng.shuffle(batches)
    return batches


@dataclass(frozen=True, slots=True)
class Targets:
    """Next-token ids for each place, shape (rows, longest); IGNORE where nothing is learned there.

    Attributes:
        analysis: of the guard's own text, up to the place of the label.
        prompt: of a random share of the prompt: plain language modelling.
    """

    analysis: torch.Tensor
    prompt: torch.Tensor


def targets_of(rows: Sequence[Encoded], n_prefix: int, prompt_share: float, skip: int) -> Targets:
    """What is to be learned at each place of padded rows.

    Args:
        rows: of one batch.
        n_prefix: ids at the start that all rows share; nothing is learned there.
        prompt_share: share of the prompt's places on which language modelling is learned, in [0, 1].
        skip: the image pad's id, which is never a target.
    """
    longest = max(len(row.ids) for row in rows)
    analysis, prompt = (torch.full((len(rows), longest), IGNORE) for _ in range(2))
    for i, row in enumerate(rows):
        following = torch.tensor(row.ids[1:])
        prompt[i, n_prefix : row.n_prompt - 1] = following[n_prefix : row.n_prompt - 1]
        analysis[i, row.n_prompt - 1 : len(row.ids) - 1] = following[row.n_prompt - 1 :]
    prompt[(torch.rand(prompt.shape) >= prompt_share) | (prompt == skip)] = IGNORE
    return Targets(analysis, prompt)
