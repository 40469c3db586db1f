"""The weights that a stage trains, its reference, and the checkpoint folder that comes of it."""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.utils import logging as transformers_logging

from auditor.errors import ModelUnusable
from auditor.files import sync_folder
from training.recipe import Recipe
from training.stages.context import take_context

WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
NOT_COPIED = (*WEIGHTS, "README.md", ".*")
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load_weights(
    folder: Path, recipe: Recipe, dropped: float = 0.0, *, frozen: bool = False
) -> Qwen2_5_VLForConditionalGeneration:
    """The model of a checkpoint folder, ready to be trained on prompts beside their completions.

    Weights that are trained are float32 whatever computes with them; those that are not may be bfloat16.

    Args:
        folder: of the checkpoint.
        recipe: of the run.
        dropped: share of the last hidden states that training drops.
        frozen: a reference, none of whose weights is trained.

    Raises:
        ModelUnusable: it is not a Qwen2.5-VL checkpoint that can be loaded.
    """
    trained = recipe.method == "full" and not frozen
    transformers_logging.disable_progress_bar()  # of files that are read or written in a moment
    try:
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder,
            dtype=torch.float32 if trained else TYPES[recipe.arithmetic],
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelUnusable(
            f"{folder}: not a Qwen2.5-VL checkpoint that can be loaded ({type(error).__name__})"
        ) from error
    return take_context(model.requires_grad_(trained), dropped)


def adapter_config(recipe: Recipe, model: Qwen2_5_VLForConditionalGeneration) -> LoraConfig | None:
    """The adapter on the language model's linear layers, none on the vision tower's; None where all is trained."""
    if recipe.method == "full":
        return None
    adapter = recipe.adapter
    targets = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and "language_model" in name and name.endswith(adapter.targets)
    ]
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def write_checkpoint(model: Any, base: Path, recipe: Recipe, folder: Path) -> None:
    """A whole checkpoint folder: the adapter merged, the weights as safetensors, all else as the base has it.

    Args:
        model: as trained.
        base: the checkpoint folder that it started from.
        recipe: says in which type weights are written.
        folder: to write to; it is there and empty.
    """
    merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    kind = weights_type(base) if recipe.weights == "base" else TYPES[recipe.weights]
    tied = {"lm_head.weight"} if merged.config.tie_word_embeddings else set()
    state = {name: weight.to(kind) for name, weight in merged.state_dict().items() if name not in tied}
    merged.save_pretrained(folder, state_dict=state)
    for path in base.iterdir():
        if path.is_file() and not any(path.match(pattern) for pattern in NOT_COPIED):
            shutil.copyfile(path, folder / path.name)


def weights_type(folder: Path) -> torch.dtype:
    """The type of the weights in a checkpoint folder.

    Raises:
        ModelUnusable: it has no safetensors weights.
    """
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                return TYPES["bfloat16"] if file.get_slice(name).get_dtype() == "BF16" else TYPES["float32"]
    raise ModelUnusable(f"{folder}: no safetensors weights")


def sync_files(folder: Path) -> None:
    """Make all files of a folder survive a power cut."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
