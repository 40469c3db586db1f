"""The training of the demo auditor: labelled rows in, a checkpoint folder out.

What it does: trains a tiny Qwen2.5-VL from random weights on the guard's own completions, with some plain language
modelling of the prompt beside it, since no pretrained base can be had at this size.
Departs from the paper: no pretrained base, no preference stages, analyses written by rule (see `examples`).

Run: make demo-auditor ROWS=folder-with-train.jsonl-and-dev.jsonl
"""

import argparse
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, dropout
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.labels import build_trie
from auditor.prompt import read_system_prompt, render_fields, shared_prefix
from auditor.qwen import Pixels, encode_prefix, hidden_states, pad_rows
from auditor.rows import read_rows
from auditor.tokens import load_tokenizer
from auditor.vision import VisionLimits
from conf.schema import load
from training.demo.architecture import tiny_config
from training.demo.batches import IGNORE, Encoded, Encoder, Targets, by_length, targets_of
from training.demo.examples import Example, augment, completion_text, make_examples
from training.demo.tokenizer import save_tokenizer, train_tokenizer

VOCAB_SIZE = 6144
PROMPT_REPEATS = 400  # how often the tokenizer's trainer sees the system prompt, so that each of its words is a token
MAX_IMAGE_TOKENS = 100
SEED = 7


@dataclass(frozen=True, slots=True)
class Recipe:
    """The knobs of one training run.

    Attributes:
        batch_tokens: tokens in a step, padding included, the shared prefix not.
        longest: rows with more tokens are left out of training (they are still scored in evaluation).
        lr: peak learning rate, after a warm-up over 5 % of the steps; a cosine takes it to 5 % of that.
        analysis_weight, label_weight, prompt_weight: weights of the three losses.
        prompt_share: share of the prompt's places that language modelling learns from.
    """

    epochs: int = 8
    batch_tokens: int = 6144
    longest: int = 2200
    lr: float = 2e-3
    weight_decay: float = 0.05
    drop: float = 0.1
    analysis_weight: float = 0.3
    label_weight: float = 1.0
    prompt_weight: float = 0.3
    prompt_share: float = 0.3


class Trainer:
    """A model in training with what it needs at hand."""

    def __init__(self, model: Qwen2_5_VLForConditionalGeneration, encoder: Encoder, processor: Qwen2VLImageProcessor, recipe: Recipe) -> None:
        self.model, self.encoder, self.processor, self.recipe = model, encoder, processor, recipe
        self.prefix_ids = shared_prefix(encoder.system_prompt, encoder.tokenizer)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))

    def epoch(self, batches: list[list[Encoded]], done: int, total: int) -> tuple[float, float, float]:
        """One pass over `batches`; mean losses of analysis, label and prompt."""
        self.model.train()
        sums = [0.0, 0.0, 0.0]
        for number, rows in enumerate(batches):
            self.set_rate(done + number, total)
            losses = self.step(rows)
            sums = [a + b for a, b in zip(sums, losses, strict=True)]
        return tuple(value / len(batches) for value in sums)

    def set_rate(self, step: int, total: int) -> None:
        warm = min(1.0, (step + 1) / (0.05 * total))
        rate = self.recipe.lr * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / total)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, rows: list[Encoded]) -> tuple[float, float, float]:
        recipe = self.recipe
        start = len(self.prefix_ids)
        hidden = dropout(self.hidden(rows), recipe.drop)
        targets = targets_of(rows, start, recipe.prompt_share, self.model.config.image_token_id)
        parts = [self.loss(hidden, part[:, start:]) for part in (targets.analysis, targets.label, targets.prompt)]
        loss = recipe.analysis_weight * parts[0] + recipe.label_weight * parts[1] + recipe.prompt_weight * parts[2]
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return tuple(float(part.detach()) for part in parts)

    def hidden(self, rows: list[Encoded]) -> torch.Tensor:
        images = [row.image for row in rows if row.image is not None]
        pixels = None
        if images:
            seen = self.processor(images=images, do_resize=False, return_tensors="pt")
            pixels = Pixels(seen["pixel_values"], seen["image_grid_thw"])
        prefix = encode_prefix(self.model, self.prefix_ids)
        return hidden_states(self.model, pad_rows(self.model, [row.ids for row in rows], pixels), prefix, pixels)

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        at = targets != IGNORE
        return cross_entropy(self.model.lm_head(hidden[at]), targets[at]) if at.any() else hidden.sum() * 0.0


@torch.no_grad()
def measure(trainer, dev, enc):
    from sklearn.metrics import f1_score, roc_auc_score
    trainer.model.eval()
    order = sorted(range(len(enc)), key=lambda i: len(enc[i].ids))
    scores = {}
    start = len(trainer.prefix_ids)
    paths = list(trainer.encoder.trie.paths.values()); z, o = paths[0][0], paths[2][0]
    for s in range(0, len(order), 8):
        idx = order[s:s+8]
        h = trainer.hidden([enc[i] for i in idx])
        for r, i in enumerate(idx):
            at = len(enc[i].ids) - enc[i].n_label - 1 - start
            scores[i] = torch.softmax(trainer.model.lm_head(h[r, at])[[z, o]], 0)[1].item()
    y = [int(r.label.value > 0) for r in dev]; p = [scores[i] for i in range(len(dev))]
    return f"auroc {roc_auc_score(y, p):.4f} f1 {f1_score(y, [q >= .5 for q in p]):.4f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--prompt-weight", type=float, default=0.3)
    parser.add_argument("--lr", type=float, default=2e-3)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    config = load()
    system = read_system_prompt("")
    rows = list(read_rows(args.rows / "train.jsonl", config.images))
    dev = [r for r in read_rows(args.rows / "dev.jsonl", config.images) if r.label]
    examples = make_examples(rows)
    texts = [render_fields(e.triple) for e in examples] + [completion_text(e) for e in examples] + [system] * PROMPT_REPEATS
    trained = train_tokenizer(texts, VOCAB_SIZE)
    args.out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(trained, args.out)
    tokenizer = load_tokenizer(args.out)
    model_config = tiny_config(trained)
    model = Qwen2_5_VLForConditionalGeneration(model_config)
    vc = model_config.vision_config
    factor = vc.patch_size * vc.spatial_merge_size
    vision = VisionLimits(factor, 4 * factor**2, MAX_IMAGE_TOKENS * factor**2)
    processor = Qwen2VLImageProcessor(patch_size=vc.patch_size, temporal_patch_size=vc.temporal_patch_size, merge_size=vc.spatial_merge_size, min_pixels=vision.min_pixels, max_pixels=vision.max_pixels)
    processor.save_pretrained(args.out)
    recipe = Recipe(epochs=args.epochs, lr=args.lr, prompt_weight=args.prompt_weight)
    encoder = Encoder(system, tokenizer, build_trie(tokenizer), vision)
    trainer = Trainer(model, encoder, processor, recipe)
    from training.demo.examples import write_analysis
    dev_enc = [encoder.encode(Example(r.triple, write_analysis(r.triple, r.category or "other"), r.label, r.source)) for r in dev]
    total = None; done = 0
    for epoch in range(recipe.epochs):
        began = time.time()
        encoded = [e for e in map(encoder.encode, [augment(e, rng) for e in examples]) if len(e.ids) <= recipe.longest]
        batches = by_length(encoded, recipe.batch_tokens, rng)
        total = total or len(batches) * recipe.epochs
        if epoch == 0: print(len(examples), len(encoded), len(batches), flush=True)
        losses = trainer.epoch(batches, done, total); done += len(batches)
        print(f"epoch {epoch} {[round(x,3) for x in losses]} {time.time()-began:.0f}s", measure(trainer, dev, dev_enc), f"{time.time()-began:.0f}s", flush=True)
        model.save_pretrained(args.out)


if __name__ == "__main__":
    main()
