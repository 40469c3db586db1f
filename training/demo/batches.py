"""Examples of like length together, as rows of token ids with what is to be learned at each place."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol, guard_input
from training.demo.examples import Example, write_analysis

IGNORE = -100


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as token ids.

    Attributes:
        ids: prompt, completion, label and end of turn.
        n_prompt: how many of them are prompt.
        n_label: how many at the end are the label with the end of the turn; 0 where there is no label.
        images: scaled to whole patches.
    """

    ids: tuple[int, ...]
    n_prompt: int
    n_label: int
    images: tuple[Image.Image, ...]


def encode(example: Example, prompts: PromptBuilder) -> Encoded:
    """The token ids of an example, built by what builds the backends' prompts."""
    prompt = prompts.prompt(guard_input(example.triple))
    analysis = write_analysis(example.triple, example.category)
    label = prompts.tries[Protocol.QTA].paths[example.label] if example.label else ()
    ids = prompt.followed_by((*prompts.label_head(analysis), *label)).ids
    return Encoded(ids, len(prompt.ids), len(label), prompt.images)


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
        analysis: of the guard's own text up to the label.
        label: of the label and the end of the turn.
        prompt: of a random share of the prompt: plain language modelling.
    """

    analysis: torch.Tensor
    label: torch.Tensor
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
    analysis, label, prompt = (torch.full((len(rows), longest), IGNORE) for _ in range(3))
    for i, row in enumerate(rows):
        following = torch.tensor(row.ids[1:])
        label_from = len(row.ids) - row.n_label - 1
        prompt[i, n_prefix : row.n_prompt - 1] = following[n_prefix : row.n_prompt - 1]
        analysis[i, row.n_prompt - 1 : label_from] = following[row.n_prompt - 1 : label_from]
        label[i, label_from : len(row.ids) - 1] = following[label_from:]
    prompt[(torch.rand(prompt.shape) >= prompt_share) | (prompt == skip)] = IGNORE
    return Targets(analysis, label, prompt)
