"""Makes the demo auditor: labelled rows in, checkpoint folder with model card out.

Run: make demo-auditor ROWS=DIR, where DIR holds train.jsonl and dev.jsonl (dev.jsonl is only measured on).
"""

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path

import torch
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol, guard_input, render_fields
from auditor.models import DEMO_FOLDER
from auditor.prompt import read_system_prompt
from auditor.rows import read_rows
from auditor.vision import VisionLimits
from conf.schema import load
from training.demo.architecture import tiny_config
from training.demo.batches import by_length, encode
from training.demo.card import write_card
from training.demo.examples import Example, augment, completion_text, find_donors, make_examples
from training.demo.tokenizer import save_tokenizer, train_tokenizer
from training.demo.train import Recipe, Trainer

VOCAB_SIZE = 6144
PROMPT_REPEATS = 400  # how often the tokenizer's trainer sees the system prompt, so that each of its words is a token
MAX_IMAGE_TOKENS = 100
MAX_NEW_TOKENS = 120  # three times its longest analysis; a completion that rambles on is unreadable, and ends here
SEED = 7


def main() -> None:
    """Train, save after each epoch, measure, and write the model card."""
    args = parse()
    began = time.monotonic()
    torch.manual_seed(SEED)
    examples = make_examples(list(read_rows(args.rows / "train.jsonl", load().images)))
    trainer, prompts = prepare(examples, args.out, replace(Recipe(), epochs=args.epochs))
    train(trainer, prompts, examples, args.out)
    write_card(args.out, args.rows, trainer.recipe, time.monotonic() - began)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.demo", description="Make the demo auditor.")
    parser.add_argument("--rows", type=Path, required=True, help="folder with train.jsonl and dev.jsonl")
    parser.add_argument("--out", type=Path, default=DEMO_FOLDER, help="checkpoint folder to write")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs, help="passes over the rows")
    return parser.parse_args()


def prepare(examples: list[Example], out: Path, recipe: Recipe) -> tuple[Trainer, PromptBuilder]:
    """Tokenizer, image processor and random weights; the first two are written to `out`."""
    system_prompt = read_system_prompt("")
    texts = [*(render_fields(guard_input(e.triple)) for e in examples), *map(completion_text, examples)]
    vocabulary = train_tokenizer([*texts, *[system_prompt] * PROMPT_REPEATS], VOCAB_SIZE)
    out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(vocabulary, out)
    config = tiny_config(vocabulary)
    seen = config.vision_config
    factor = seen.patch_size * seen.spatial_merge_size
    vision = VisionLimits(factor, 4 * factor**2, MAX_IMAGE_TOKENS * factor**2)
    processor = Qwen2VLImageProcessor(
        patch_size=seen.patch_size,
        temporal_patch_size=seen.temporal_patch_size,
        merge_size=seen.spatial_merge_size,
        min_pixels=vision.min_pixels,
        max_pixels=vision.max_pixels,
    )
    processor.save_pretrained(out)
    prompts = PromptBuilder.load(load().auditor, out, {Protocol.QTA: system_prompt})
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.max_new_tokens = MAX_NEW_TOKENS
    return Trainer(model, processor, prompts.prefixes[Protocol.QTA], recipe), prompts


def train(trainer: Trainer, prompts: PromptBuilder, examples: list[Example], out: Path) -> None:
    """All epochs, with a checkpoint after each; what was written last is what ships."""
    rng = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    recipe, donors, done, total = trainer.recipe, find_donors(examples), 0, 0
    for number in range(recipe.epochs):
        began = time.monotonic()
        encoded = [encode(augment(example, donors, rng), prompts) for example in examples]
        batches = by_length([row for row in encoded if len(row.ids) <= recipe.longest], recipe.batch_tokens, rng)
        total = total or len(batches) * recipe.epochs
        losses = trainer.epoch(batches, done, total)
        done += len(batches)
        save(trainer.model, out)
        print(f"epoch {number + 1}/{recipe.epochs} {losses} {time.monotonic() - began:.0f} s", flush=True)


def save(model: Qwen2_5_VLForConditionalGeneration, out: Path) -> None:
    """The weights as bfloat16 safetensors: half the size, and what the card's figures are measured on."""
    tied = "lm_head.weight"  # the embedding once more
    state = {name: weight.to(torch.bfloat16) for name, weight in model.state_dict().items() if name != tied}
    model.save_pretrained(out, state_dict=state)


if __name__ == "__main__":
    main()
