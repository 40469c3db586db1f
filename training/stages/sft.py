"""Supervised fine-tuning on what all voters agree on, with base rows among it; the loss is on the completion alone.

Departs from the textbook: a share of the items is learned with the judgment first, which is what triage mode asks for.
Source: arXiv 2511.20994, stage one (D3:0).
"""

import random
from collections.abc import Sequence
from pathlib import Path

from training.items import Bucket, Item
from training.recipe import Recipe
from training.stages.batches import make_collator, plan
from training.stages.encoding import draw_judgment_first, encode_sft, load_prompts
from training.stages.running import Job, StageResult, fingerprint, run_stage
from training.stages.trainers import sft_trainer


def train_sft(model: Path, items: Sequence[Item], recipe: Recipe, out: Path) -> StageResult:
    """A checkpoint that has learned the items' chosen completions.

    Args:
        model: the checkpoint folder to start from.
        items: to learn; their rejected completions are not looked at. Of base rows a share is drawn, see `mixed`.
        recipe: of the run.
        out: the checkpoint folder to make; whole or not there. Called again after a kill, it goes on; called again
            once it is there, its result is given again.

    Raises:
        StageRefused: nothing is left to learn from, or something else is in the place of `out`.
        ModelUnusable: the model cannot be loaded.
    """
    prompts = load_prompts(model, recipe.auditor)
    items = mixed(items, recipe.base_share, recipe.seed)
    first = draw_judgment_first(len(items), recipe.sft.judgment_first_share, recipe.seed)
    encoded = encode_sft(items, prompts, recipe, first).required("SFT")
    job = Job("sft", model, out, recipe, fingerprint("sft", model, recipe, encoded.rows))
    planned = plan(encoded.rows, recipe.batches, recipe.sft, recipe.seed)
    collator = make_collator(model, encoded.rows, prompts, label_weight=recipe.sft.label_weight)
    return run_stage(job, encoded, lambda: sft_trainer(model, recipe, collator, planned, job.work))


def mixed(items: Sequence[Item], base_share: float, seed: int) -> list[Item]:
    """All items but those of the base, and so many of the base that they are a share of the whole, in order.

    Where there is nothing but the base, all of it.
    """
    base = [n for n, item in enumerate(items) if item.bucket is Bucket.BASE]
    wanted = round((len(items) - len(base)) * base_share / (1 - base_share))
    if len(base) == len(items) or wanted >= len(base):
        return list(items)
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    left_out = set(base) - set(rng.sample(base, wanted))
    return [item for n, item in enumerate(items) if n not in left_out]
