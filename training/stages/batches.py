"""Rows of like length together, and the whole run planned beforehand: which rows go through the model at each step.

TRL is handed one planned batch as one element. Which rows it holds follows from the seed alone, so a run that goes on
after a kill sees what it would have seen.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.tokens import IM_END
from auditor.vision import Fitter
from training.recipe import Batches, Stage
from training.stages.encoding import Completion, Row

IGNORE = -100
JITTER = 0.1  # of a row's length: neighbours change from pass to pass, and are still of like length

Tensors = dict[str, Any]


def plan(rows: Sequence[Row], batches: Batches, stage: Stage, seed: int) -> list[list[int]]:
    """Positions of the rows of each forward pass of a run, in order: each pass over the rows anew, in random order."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    planned: list[list[int]] = []
    whole, rest = divmod(stage.epochs, 1)
    for number in range(int(whole) + bool(rest)):
        one = one_pass(rows, batches, rng)
        planned += one if number < whole else one[: max(1, round(rest * len(one)))]
    return planned[: stage.max_steps * batches.accumulation] if stage.max_steps else planned


def one_pass(rows: Sequence[Row], batches: Batches, rng: random.Random) -> list[list[int]]:
    """All rows once, in batches of one protocol and like length that keep the bounds."""
    lengths = {i: row.n_tokens * rng.uniform(1 - JITTER, 1 + JITTER) for i, row in enumerate(rows)}
    result: list[list[int]] = []
    for number in sorted(lengths, key=lambda i: (rows[i].protocol, lengths[i])):
        joined = [*result[-1], number] if result else [number]
        fits = len(joined) <= batches.rows and computed([rows[i] for i in joined]) <= batches.tokens
        if result and fits and rows[number].protocol is rows[joined[0]].protocol:
            result[-1] = joined
        else:
            result.append([number])
    rng.shuffle(result)
    return result


def computed(rows: Sequence[Row]) -> int:
    """Tokens that a batch of these rows computes, padding included: each prompt once, and each completion."""
    prompt = max(len(row.prompt) for row in rows)
    said = max(len(completion.ids) for row in rows for completion in row.completions)
    return len(rows) * (prompt + len(rows[0].completions) * said)


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes the tensors of one planned batch.

    What TRL sees as a sequence is a completion with the prompt's last token before it; the rest of the prompt goes
    beside it, for `context.Guard`. Sequences of one completion number stand together: all chosen, then all rejected.

    Attributes:
        rows: of the whole run.
        prefixes: length of the start that prompts share, by protocol.
        preference: whether a row has a chosen and a rejected completion.
        label_weight: of a token of the judgment, beside 1.
    """

    rows: Sequence[Row]
    prefixes: dict[str, int]
    fit: Fitter
    processor: Qwen2VLImageProcessor
    pad: int
    preference: bool
    label_weight: float = 1.0

    def __call__(self, examples: Sequence[dict[str, Any]]) -> Tensors:
        """The tensors of the one planned batch in `examples`."""
        rows = [self.rows[i] for example in examples for i in example["rows"]]
        said = [(row, row.completions[n]) for n in range(len(rows[0].completions)) for row in rows]
        ids, mask = self.padded([(row.prompt[-1], *completion.ids) for row, completion in said])
        prompt_ids, prompt_mask = self.padded([row.prompt[:-1] for row in rows])
        learned = mask.clone()
        learned[:, 0] = 0
        batch: Tensors = {
            "input_ids": ids,
            "attention_mask": mask,
            "prompt_ids": prompt_ids,
            "prompt_mask": prompt_mask,
            "n_shared": self.prefixes[rows[0].protocol],
            **self.look(rows),
        }
        if self.preference:
            return {**batch, "completion_mask": learned}
        batch["labels"] = ids.masked_fill(learned == 0, IGNORE)
        return batch if self.label_weight == 1.0 else {**batch, "token_weights": self.weights(said, mask)}

    def padded(self, sequences: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids padded on the right, and the mask that has 1 where there is a token; shape (rows, longest)."""
        longest = max(map(len, sequences))
        ids = torch.tensor([[*one, *[self.pad] * (longest - len(one))] for one in sequences])
        return ids, torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in sequences])

    def weights(self, said: Sequence[tuple[Row, Completion]], mask: torch.Tensor) -> torch.Tensor:
        """The weight of each token as one to learn, shape of `mask`."""
        weights = mask.float()
        for number, (_, completion) in enumerate(said):
            end = 1 + len(completion.ids)
            weights[number, end - completion.n_label : end] = self.label_weight
        return weights

    def look(self, rows: Sequence[Row]) -> Tensors:
        """The images of the rows as the vision tower takes them; nothing where there are none."""
        images = [self.fit(blob) for row in rows for blob in row.images]
        if not images:
            return {}
        seen = self.processor(images=images, do_resize=False, return_tensors="pt")
        return {"pixel_values": seen["pixel_values"], "image_grid_thw": seen["image_grid_thw"]}


def make_collator(
    model: Path, rows: Sequence[Row], prompts: PromptBuilder, *, preference: bool = False, label_weight: float = 1.0
) -> Collator:
    """The collator of a run that starts from the checkpoint in `model`."""
    return Collator(
        rows,
        {protocol: len(ids) for protocol, ids in prompts.prefixes.items()},
        prompts.fit,
        AutoImageProcessor.from_pretrained(model, trust_remote_code=False),
        prompts.tokenizer.specials[IM_END],  # masked everywhere, so any id would do that is no image's
        preference,
        label_weight,
    )
