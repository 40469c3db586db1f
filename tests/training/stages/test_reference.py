"""The reference is the model that a stage starts from: with the adapter switched off the same as a frozen copy."""

from pathlib import Path
from typing import Any

import pytest

from auditor.models import DEMO_FOLDER
from tests.training.stages.made import make_item, quick
from training.stages import trainers
from training.stages.batches import make_collator, plan
from training.stages.encoding import encode_pairs, load_prompts
from training.stages.loading import load_weights

STEPS = 20


def logged(work: Path, **given: Any) -> list[dict[str, float]]:
    """What 20 updates of DPO log, one by one."""
    recipe = quick(STEPS, method="lora", arithmetic="float32")
    stage = recipe.dpo.model_copy(update={"epochs": 20.0, "lr": 3e-3})
    prompts = load_prompts(DEMO_FOLDER, recipe.auditor)
    rows = encode_pairs([make_item(n) for n in range(6)], prompts, recipe).rows
    collator = make_collator(DEMO_FOLDER, rows, prompts, preference=True)
    trainer = trainers.dpo_trainer(DEMO_FOLDER, recipe, stage, (collator, plan(rows, recipe.batches, stage, 1)), work)
    trainer.args.logging_steps = 1
    if given:
        trainer.ref_model = given["ref_model"]
    trainer.train()
    return [line for line in trainer.state.log_history if "rewards/margins" in line]


def test_the_adapter_switched_off_is_the_frozen_copy_over_20_updates(tmp_path: Path) -> None:
    from trl.trainer.utils import add_fused_lm_head

    frozen = load_weights(DEMO_FOLDER, quick(arithmetic="float32"), frozen=True)
    add_fused_lm_head(frozen, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
    off, copied = logged(tmp_path / "off"), logged(tmp_path / "copied", ref_model=frozen)
    assert len(off) == len(copied) == STEPS
    for name in ("loss", "rewards/chosen", "rewards/rejected", "rewards/margins"):
        assert [a[name] for a in off] == pytest.approx([b[name] for b in copied], abs=1e-5)
    assert off[-1]["rewards/margins"] > off[0]["rewards/margins"] + 0.05  # it learned: the two had time to part
