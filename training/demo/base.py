"""The base that the stages start from: a tiny Qwen2.5-VL that learned to read exchanges, and no label.

What it does: from random weights, language modelling of the exchanges, and of the analysis that follows them up to the
place of the label; the label itself is never shown. It stands in for a pretrained base, which cannot be had at this
size. One base serves all seeds.
Departs from common training: the system prompt, which all rows share, goes through the model once a batch. Processes
of one thread each go through different batches and average their gradients: at this width two of them are twice as
fast as one with two threads.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import distributed
from torch.nn.functional import cross_entropy, dropout
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol
from auditor.qwen import encode_prefix, hidden_states, look_at, pad_rows
from training.demo.batches import IGNORE, Encoded, by_length, encode, targets_of
from training.demo.examples import Example, augment, find_donors

STATE = "base.pt"


@dataclass(frozen=True, slots=True)
class BaseRecipe:
    """The knobs of the base.

    Attributes:
        batch_tokens: tokens in a step, padding and the shared prefix included.
        lr: peak learning rate, after a warm-up over 5 % of the steps; a cosine then takes it to 5 % of that.
        drop: dropout on the last hidden states.
        analysis_weight: weight of the loss on the analysis, beside 1 for the exchange.
        prompt_share: share of the exchange's places that are learned from in one pass.
    """

    epochs: int = 4
    batch_tokens: int = 6144
    lr: float = 2e-3
    weight_decay: float = 0.05
    drop: float = 0.05
    analysis_weight: float = 0.3
    prompt_share: float = 0.4


class BaseTrainer:
    """A model in training, with what it needs at hand."""

    def __init__(
        self,
        model: Qwen2_5_VLForConditionalGeneration,
        processor: Qwen2VLImageProcessor,
        prompts: PromptBuilder,
        recipe: BaseRecipe,
    ) -> None:
        self.model, self.processor, self.prompts, self.recipe = model, processor, prompts, recipe
        self.prefix_ids = prompts.prefixes[Protocol.QTA]
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, betas=(0.9, 0.98)
        )

    def run(self, examples: Sequence[Example], work: Path, seed: int) -> None:
        """All epochs; after each the state is kept in `work`, and a run that was killed goes on from there."""
        donors = find_donors(examples)
        for number in range(self.resume(work), self.recipe.epochs):
            began = time.monotonic()
            rng = random.Random(seed * 1000 + number)  # noqa: S311 - reproducible, not secret
            torch.manual_seed(seed * 1000 + number)
            encoded = [encode(augment(example, donors, rng), self.prompts) for example in examples]
            batches = by_length(encoded, self.recipe.batch_tokens, rng)
            own = share_of(batches)
            total = len(own) * self.recipe.epochs
            analysis, prompt = self.epoch(own, number * len(own), total)
            if rank() == 0:
                self.keep(work, number + 1)
                print(
                    f"base {number + 1}/{self.recipe.epochs}: analysis {analysis:.3f} exchange {prompt:.3f} "
                    f"nats a token, {time.monotonic() - began:.0f} s",
                    flush=True,
                )

    def resume(self, work: Path) -> int:
        """Epochs that are done already; their state is loaded."""
        kept = work / STATE
        if not kept.exists():
            return 0
        state = torch.load(kept, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        return int(state["epochs"])

    def keep(self, work: Path, epochs: int) -> None:
        """The state after `epochs`, written beside and renamed."""
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "epochs": epochs}
        torch.save(state, work / f"{STATE}.part")
        (work / f"{STATE}.part").rename(work / STATE)

    def epoch(self, batches: Sequence[Sequence[Encoded]], done: int, total: int) -> tuple[float, float]:
        """One pass; mean cross-entropies of analysis and exchange, in nats per token.

        Args:
            batches: of one epoch.
            done: steps before this epoch.
            total: steps of the whole run, for the learning rate.
        """
        self.model.train()
        losses = []
        for number, rows in enumerate(batches):
            self.set_rate(done + number, total)
            losses.append(self.step(rows))
        analysis, prompt = (sum(column) / len(losses) for column in zip(*losses, strict=True))
        return analysis, prompt

    def set_rate(self, step: int, total: int) -> None:
        """The learning rate of a step: linear warm-up, then a cosine."""
        warm = min(1.0, (step + 1) / (0.05 * total))
        cosine = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.lr * warm * cosine

    def step(self, rows: Sequence[Encoded]) -> tuple[float, float]:
        """One update; the two losses."""
        start, recipe = len(self.prefix_ids), self.recipe
        targets = targets_of(rows, start, recipe.prompt_share, self.model.config.image_token_id)
        # bfloat16 where matrices are multiplied: twice as fast on CPUs that have it in hardware
        with torch.autocast(self.model.device.type, torch.bfloat16):
            hidden = dropout(self.hidden(rows), recipe.drop)
            analysis, prompt = (self.loss(hidden, part[:, start:]) for part in (targets.analysis, targets.prompt))
        self.optimizer.zero_grad()
        torch.autograd.backward(recipe.analysis_weight * analysis + prompt)
        self.average()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return float(analysis.detach()), float(prompt.detach())

    def average(self) -> None:
        """The mean of all processes' gradients; a weight without one, such as of the vision tower, has zero."""
        if not distributed.is_initialized():
            return
        weights = list(self.model.parameters())
        flat = torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in weights])
        distributed.all_reduce(flat)
        flat /= distributed.get_world_size()
        for weight, part in zip(weights, torch.split(flat, [w.numel() for w in weights]), strict=True):
            weight.grad = part.view_as(weight)

    def hidden(self, rows: Sequence[Encoded]) -> torch.Tensor:
        """Hidden states behind the shared prefix; gradients flow through the prefix too."""
        pixels = look_at([image for row in rows for image in row.images], self.processor, self.model)
        prefix = encode_prefix(self.model, self.prefix_ids)
        return hidden_states(self.model, pad_rows(self.model, [row.ids for row in rows], pixels), prefix, pixels)

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy over the places that have a target; zero where none has."""
        at = targets != IGNORE
        return cross_entropy(self.model.lm_head(hidden[at]).float(), targets[at]) if at.any() else hidden.sum() * 0.0


def rank() -> int:
    """The number of this process."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def share_of(batches: list[list[Encoded]]) -> list[list[Encoded]]:
    """This process's batches; each process has as many."""
    n = distributed.get_world_size() if distributed.is_initialized() else 1
    return batches[rank() : len(batches) - len(batches) % n : n]
