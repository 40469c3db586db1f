"""The training loop of the demo auditor.

What it does: trains a tiny Qwen2.5-VL from random weights on the guard's own completions, with some plain language
modelling of the prompt beside it, since no pretrained base can be had at this size.
Departs from the paper: no pretrained base, no preference stages, analyses written by rule (see `examples`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy, dropout
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.qwen import encode_prefix, hidden_states, look_at, pad_rows
from training.demo.batches import IGNORE, Encoded, targets_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """The knobs of one training run.

    Attributes:
        batch_tokens: tokens in a step, padding and the shared prefix included.
        longest: rows with more tokens are left out of training; they are still scored in evaluation.
        lr: peak learning rate, after a warm-up over 5 % of the steps; a cosine then takes it to 5 % of that.
        drop: dropout on the last hidden states.
        analysis_weight, label_weight: weights of the losses on the guard's own text.
        prompt_weight: weight of language modelling at the start; it falls to 0 at `prompt_until` of the run, so that
            the model ends as a guard and does not ramble on in the voice of the log.
        prompt_share: share of the prompt's places that language modelling learns from.
    """

    epochs: int = 5
    batch_tokens: int = 6144
    longest: int = 2200
    lr: float = 2e-3
    weight_decay: float = 0.05
    drop: float = 0.1
    analysis_weight: float = 0.5
    label_weight: float = 1.0
    prompt_weight: float = 0.4
    prompt_until: float = 0.6
    prompt_share: float = 0.3


@dataclass(frozen=True, slots=True)
class Losses:
    """Mean cross-entropies of one pass, in nats per token."""

    analysis: float
    label: float
    prompt: float


class Trainer:
    """A model in training, with what it needs at hand."""

    def __init__(
        self,
        model: Qwen2_5_VLForConditionalGeneration,
        processor: Qwen2VLImageProcessor,
        prefix_ids: Sequence[int],
        recipe: Recipe,
    ) -> None:
        self.model, self.processor, self.recipe = model, processor, recipe
        self.prefix_ids = prefix_ids
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, betas=(0.9, 0.98)
        )

    def epoch(self, batches: Sequence[Sequence[Encoded]], done: int, total: int) -> Losses:
        """One pass over `batches`.

        Args:
            batches: of one epoch.
            done: steps before this epoch.
            total: steps of the whole run, for the learning rate.
        """
        self.model.train()
        losses = []
        for number, rows in enumerate(batches):
            self.set_rate(done + number, total)
            prompt_weight = self.recipe.prompt_weight * max(
                0.0, 1 - (done + number) / (self.recipe.prompt_until * total)
            )
            losses.append(self.step(rows, prompt_weight))
        return Losses(*(sum(column) / len(losses) for column in zip(*losses, strict=True)))

    def set_rate(self, step: int, total: int) -> None:
        """The learning rate of a step: linear warm-up, then a cosine."""
        warm = min(1.0, (step + 1) / (0.05 * total))
        cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / total))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.lr * warm * cosine

    def step(self, rows: Sequence[Encoded], prompt_weight: float) -> list[float]:
        """One update; the three losses."""
        start, recipe = len(self.prefix_ids), self.recipe
        hidden = dropout(self.hidden(rows), recipe.drop)
        targets = targets_of(rows, start, recipe.prompt_share, self.model.config.image_token_id)
        parts = [self.loss(hidden, part[:, start:]) for part in (targets.analysis, targets.label, targets.prompt)]
        weights = (recipe.analysis_weight, recipe.label_weight, prompt_weight)
        self.optimizer.zero_grad()
        torch.autograd.backward(torch.stack([w * part for w, part in zip(weights, parts, strict=True)]).sum())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return [float(part.detach()) for part in parts]

    def hidden(self, rows: Sequence[Encoded]) -> torch.Tensor:
        """Hidden states behind the shared prefix; gradients flow through the prefix too."""
        pixels = look_at([image for row in rows for image in row.images], self.processor, self.model)
        prefix = encode_prefix(self.model, self.prefix_ids)
        return hidden_states(self.model, pad_rows(self.model, [row.ids for row in rows], pixels), prefix, pixels)

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy over the places that have a target; zero where none has."""
        at = targets != IGNORE
        return cross_entropy(self.model.lm_head(hidden[at]), targets[at]) if at.any() else hidden.sum() * 0.0
