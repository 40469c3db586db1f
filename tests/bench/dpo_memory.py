"""Two updates of DPO in one way, for test_training.py: python dpo_memory.py MODEL off|copy; prints the peak in kB."""

import sys
import tempfile
from pathlib import Path

from tests.training.stages.made import make_item, quick
from training.stages.batches import make_collator, plan
from training.stages.encoding import encode_pairs, load_prompts
from training.stages.loading import load_weights
from training.stages.trainers import dpo_trainer


def peak_kb() -> int:
    """Of this program so far."""
    return int(next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")).split()[1])


def forget_peak() -> None:
    """Count the peak anew from here: loading maps the file of weights, which is no memory that training needs."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def main(folder: Path, way: str) -> None:
    """Train, and print."""
    from trl.trainer.utils import add_fused_lm_head

    one = quick().batches.model_copy(update={"rows": 1, "accumulation": 1})
    way_of_3b = {
        "method": "lora",
        "gradient_checkpointing": True,
    }  # as its recipe has it: else activations outweigh all
    recipe = quick(2, arithmetic="float32", save_every_steps=100, batches=one, **way_of_3b)
    prompts = load_prompts(folder, recipe.auditor)
    rows = encode_pairs([make_item(n) for n in range(4)], prompts, recipe).rows
    collator = make_collator(folder, rows, prompts, preference=True)
    forget_peak()
    before = peak_kb()
    with tempfile.TemporaryDirectory() as work:
        planned = (collator, plan(rows, recipe.batches, recipe.dpo, 1))
        trainer = dpo_trainer(folder, recipe, recipe.dpo, planned, Path(work))
        if way == "copy":
            trainer.ref_model = load_weights(folder, recipe, frozen=True)
            add_fused_lm_head(trainer.ref_model, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
        forget_peak()
        trainer.train()
    print(peak_kb() - before)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
