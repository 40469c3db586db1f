"""Direct preference optimisation on what a majority decided, the reference being the model that the stage starts from.

The loss of a pair is -log sigmoid(beta * ((log p(chosen) - log r(chosen)) - (log p(rejected) - log r(rejected)))), with
p the model's and r the reference's probability of the completion behind the prompt.
Source: arXiv 2305.18290, equation 7; arXiv 2511.20994, stage two (D2:1).
"""

from collections.abc import Sequence
from pathlib import Path

from training.items import Item
from training.recipe import Preference, Recipe
from training.stages.batches import make_collator, plan
from training.stages.encoding import encode_pairs, load_prompts
from training.stages.running import Job, StageResult, fingerprint, run_stage
from training.stages.trainers import dpo_trainer


def train_dpo(model: Path, pairs: Sequence[Item], recipe: Recipe, out: Path) -> StageResult:
    """A checkpoint that prefers the chosen completions to the rejected ones.

    Args:
        model: the checkpoint folder to start from, which is the reference too.
        pairs: items with a rejected completion; others are left out and counted.
        recipe: of the run.
        out: as for `train_sft`.

    Raises:
        StageRefused: nothing is left to learn from, or something else is in the place of `out`.
        ModelUnusable: the model cannot be loaded.
    """
    return prefer(Job("dpo", model, out, recipe, fingerprint("dpo", model, recipe, pairs)), pairs, recipe.dpo)


def prefer(job: Job, pairs: Sequence[Item], stage: Preference) -> StageResult:
    """A preference stage on pairs as they are."""
    recipe, model = job.recipe, job.model
    prompts = load_prompts(model, recipe.auditor)
    encoded = encode_pairs(pairs, prompts, recipe).required(job.stage.upper())
    planned = plan(encoded.rows, recipe.batches, stage, recipe.seed)
    collator = make_collator(model, encoded.rows, prompts, preference=True)
    return run_stage(job, encoded, lambda: dpo_trainer(model, recipe, stage, (collator, planned), job.work))
