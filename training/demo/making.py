"""The base made: tokenizer, image processor and random weights, then language modelling in several processes."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import distributed
from torch.multiprocessing.spawn import spawn
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol, guard_input, render_fields
from auditor.prompt import read_system_prompt
from auditor.rows import read_rows
from auditor.vision import VisionLimits
from conf.schema import load
from training.demo.architecture import tiny_config
from training.demo.base import BaseRecipe, BaseTrainer
from training.demo.examples import Example, completion_text, make_examples
from training.demo.norms import fuse_norms
from training.demo.tokenizer import save_tokenizer, train_tokenizer

VOCAB_SIZE = 6144
PROMPT_REPEATS = 400  # how often the tokenizer's trainer sees the system prompt, so that each of its words is a token
MAX_IMAGE_TOKENS = 100
MAX_NEW_TOKENS = 120  # three times its longest analysis; a completion that rambles on is unreadable, and ends here
SEED = 7
MAKING = "base.new"  # renamed once it is whole


def make_base(rows: Path, work: Path, n_processes: int) -> Path:
    """The checkpoint that all seeds start from, in `work`; at once where it is there already.

    Args:
        rows: folder with train.jsonl.
        work: folder of what is made on the way; a run that was killed goes on from there.
        n_processes: that train it, of one thread each.
    """
    base, making = work / "base", work / MAKING
    if not base.exists():
        making.mkdir(parents=True, exist_ok=True)
        write_preparations(read_examples(rows), making)
        (work / "meet").unlink(missing_ok=True)  # where the processes of this run find each other
        spawn(train_base, (n_processes, rows, work), n_processes)  # type: ignore[no-untyped-call]
        making.rename(base)
    shutil.rmtree(making, ignore_errors=True)
    return base


def read_examples(rows: Path) -> list[Example]:
    """All rows of train.jsonl, with labels and without."""
    return make_examples(list(read_rows(rows / "train.jsonl", load().images)))


def write_preparations(examples: Sequence[Example], folder: Path) -> None:
    """Tokenizer and image processor, into the checkpoint's folder."""
    texts = [*(render_fields(guard_input(e.triple)) for e in examples), *map(completion_text, examples)]
    vocabulary = train_tokenizer([*texts, *[read_system_prompt("")] * PROMPT_REPEATS], VOCAB_SIZE)
    save_tokenizer(vocabulary, folder)
    seen = tiny_config(vocabulary).vision_config
    factor = seen.patch_size * seen.spatial_merge_size
    vision = VisionLimits(factor, 4 * factor**2, MAX_IMAGE_TOKENS * factor**2)
    Qwen2VLImageProcessor(
        patch_size=seen.patch_size,
        temporal_patch_size=seen.temporal_patch_size,
        merge_size=seen.spatial_merge_size,
        min_pixels=vision.min_pixels,
        max_pixels=vision.max_pixels,
    ).save_pretrained(folder)


def train_base(rank: int, n_processes: int, rows: Path, work: Path) -> None:
    """One of the processes that train the base; the first one writes it."""
    torch.set_num_threads(1)
    fuse_norms()
    distributed.init_process_group("gloo", f"file://{(work / 'meet').resolve()}", rank=rank, world_size=n_processes)
    folder = work / MAKING
    trainer = load_trainer(folder)
    trainer.run(read_examples(rows), work, SEED)
    if rank == 0:
        save(trainer.model, folder)
    distributed.destroy_process_group()


def load_trainer(folder: Path) -> BaseTrainer:
    """Random weights, the same in every process, with what was prepared in `folder`."""
    torch.manual_seed(SEED)
    model = Qwen2_5_VLForConditionalGeneration(tiny_config(Tokenizer.from_file(str(folder / "tokenizer.json"))))
    model.generation_config.max_new_tokens = MAX_NEW_TOKENS
    prompts = PromptBuilder.load(load().auditor, folder, {Protocol.QTA: read_system_prompt("")})
    return BaseTrainer(model, Qwen2VLImageProcessor.from_pretrained(folder), prompts, BaseRecipe())


def save(model: Qwen2_5_VLForConditionalGeneration, folder: Path) -> None:
    """The weights as bfloat16 safetensors: half the size, and what is measured."""
    tied = "lm_head.weight"  # the embedding once more
    state = {name: weight.to(torch.bfloat16) for name, weight in model.state_dict().items() if name != tied}
    model.save_pretrained(folder, state_dict=state)
