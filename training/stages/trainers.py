"""TRL's trainers, on batches that are planned beforehand and token ids that are ours.

What is theirs: the losses, the reference with the adapter off, the optimiser, mixed precision, several processes, and
checkpoints to resume from. What is ours: nothing is tokenised, packed or cut here any more.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import (
    AutoTokenizer,
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from training.recipe import Preference, Recipe, Stage
from training.stages.batches import Collator
from training.stages.loading import adapter_config, load_weights, sync_files

WHOLE = "whole"  # the file in a trainer's checkpoint that is written last


class Planned:
    """What both trainers do otherwise than TRL's."""

    args: Any
    state: Any

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.remove_callback(PrinterCallback)  # type: ignore[attr-defined] # Log has it all

    def create_model_card(self, *_args: object, **_kwargs: object) -> None:
        """None: a checkpoint to resume from is nobody's model."""

    def _prepare_dataset(self, dataset: Dataset, *_rest: object) -> Dataset:
        """The planned batches as they are."""
        return dataset

    def _save_checkpoint(self, model: object, trial: object) -> None:
        """A checkpoint to resume from, marked as whole once all of it is on the disk."""
        super()._save_checkpoint(model, trial)  # type: ignore[misc] # the trainer behind
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            sync_files(folder)
            (folder / WHOLE).touch()


class Sft(Planned, SFTTrainer):  # type: ignore[misc] # Any to mypy, as the next two
    """Cross-entropy on the completions."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """TRL's loss; where tokens have weights, with each token's part times its weight."""
        weights = inputs.pop("token_weights", None)
        if weights is None:
            return super().compute_loss(model, inputs, *args, **kwargs)
        outputs = model(**inputs, fused_lm_head=True)
        count = kwargs.get("num_items_in_batch")
        said = outputs.label_mask.sum() if count is None else count
        loss = -(outputs.log_probs * weights[:, 1:]).sum() / torch.as_tensor(said).clamp(min=1)
        if self.args.average_tokens_across_devices and count is not None:
            loss = loss * self.accelerator.num_processes
        mode = "train" if model.training else "eval"
        share = (outputs.is_top1.sum() / outputs.label_mask.sum().clamp(min=1)).item()
        self._metrics[mode]["mean_token_accuracy"].append(share)
        return loss


class Dpo(Planned, DPOTrainer):  # type: ignore[misc]
    """TRL's preference loss, as it is."""


class Log(TrainerCallback):  # type: ignore[misc]
    """Appends what is logged to a file, so that a run can be watched."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: Mapping[str, float] | None = None,
        **kwargs: object,  # noqa: ARG002
    ) -> None:
        """One JSON object a line."""
        if state.is_world_process_zero:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, **(logs or {})}) + "\n")


def arguments(recipe: Recipe, stage: Stage, n_batches: int, work: Path) -> dict[str, Any]:
    """What both kinds of trainers are configured with.

    Args:
        recipe: of the run.
        stage: of the recipe.
        n_batches: forward passes that are planned.
        work: folder of the checkpoints to resume from.
    """
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(work),
        "use_cpu": not cuda,
        "per_device_train_batch_size": 1,  # one planned batch
        "gradient_accumulation_steps": recipe.batches.accumulation,
        "num_train_epochs": 1,
        "train_sampling_strategy": "sequential",
        "learning_rate": stage.lr,
        "lr_scheduler_type": "cosine_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": 0.1},
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "adam_beta2": 0.98,
        "bf16": recipe.arithmetic == "bfloat16",
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "logging_steps": max(1, min(10, n_batches // recipe.batches.accumulation)),
        "save_strategy": "steps",
        "save_steps": recipe.save_every_steps,
        "save_total_limit": 2,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "report_to": ["mlflow"] if recipe.tracking == "mlflow" else [],
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": cuda,
        "ddp_find_unused_parameters": True,  # a batch without images leaves the vision tower out
        "max_length": None,
    }


def sft_trainer(model: Path, recipe: Recipe, collator: Collator, planned: Sequence[list[int]], work: Path) -> Sft:
    """The trainer of supervised fine-tuning."""
    weights = load_weights(model, recipe, recipe.sft.dropout)
    return Sft(
        weights,
        args=SFTConfig(
            **arguments(recipe, recipe.sft, len(planned), work), dataset_kwargs={"skip_prepare_dataset": True}
        ),
        train_dataset=Dataset.from_dict({"rows": list(planned)}),
        data_collator=collator,
        processing_class=AutoTokenizer.from_pretrained(model, trust_remote_code=False),
        peft_config=adapter_config(recipe, weights),
        callbacks=[Log(work / "log.jsonl")],
    )


def losses(stage: Preference) -> dict[str, Any]:
    """The preference loss, and the cross-entropy on the chosen completion where it has a weight."""
    return {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, stage.chosen_weight]} if stage.chosen_weight else {}


def dpo_trainer(
    model: Path, recipe: Recipe, stage: Preference, planned: tuple[Collator, Sequence[list[int]]], work: Path
) -> Dpo:
    """The trainer of a preference stage; the reference is the model that it starts from.

    With an adapter that is the same model with the adapter switched off; where all weights are trained, a frozen copy.
    """
    collator, batches = planned
    weights = load_weights(model, recipe)
    adapter = adapter_config(recipe, weights)
    return Dpo(
        weights,
        ref_model=None if adapter else load_weights(model, recipe, frozen=True),
        args=DPOConfig(**arguments(recipe, stage, len(batches), work), beta=stage.beta, **losses(stage)),
        train_dataset=Dataset.from_dict({"rows": list(batches)}),
        data_collator=collator,
        processing_class=AutoTokenizer.from_pretrained(model, trust_remote_code=False),
        peft_config=adapter,
        callbacks=[Log(work / "log.jsonl")],
    )
