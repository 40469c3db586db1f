"""A training without the training: every batch is built and looked at, and what it would need is added up.

Needs no weights and no GPU: a folder with config.json, tokenizer.json and preprocessor_config.json is enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from auditor.backends.prompts import PromptBuilder
from auditor.completion import Reading, read_completion
from auditor.errors import ModelUnusable
from auditor.labels import JUDGMENT_HEAD
from auditor.tokens import IMAGE_PAD
from training.items import Item
from training.memory import Load, Shape, Way, in_gib, needed
from training.recipe import Recipe
from training.stages.batches import IGNORE, make_collator, plan
from training.stages.encoding import Encoded, Row, draw_judgment_first, encode_pairs, encode_sft, load_prompts

DEVICES_GIB = (24, 48, 80, 141)


@dataclass(slots=True)
class StageLooks:
    """What one stage would train on.

    Attributes:
        rows: of token ids.
        left_out: items by reason.
        batches, updates: forward passes and updates of the weights.
        prompt_tokens, learned_tokens, padding: over all batches; a prompt counts once for both completions.
        longest: tokens of the longest sequence.
        wrong: what is not where it should be, one sentence each.
        load: the most of each that a batch has.
    """

    stage: str
    rows: int
    left_out: Mapping[str, int]
    batches: int = 0
    updates: int = 0
    prompt_tokens: int = 0
    learned_tokens: int = 0
    padding: int = 0
    longest: int = 0
    wrong: list[str] = field(default_factory=list)
    load: Load = field(default_factory=lambda: Load(0, 0, 0, preference=False))


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would do.

    Attributes:
        needs: bytes by what they are for, of the stage that needs most.
    """

    stages: tuple[StageLooks, ...]
    shape: Shape
    needs: Mapping[str, int]

    @property
    def wrong(self) -> list[str]:
        """Everything that is not where it should be."""
        return [f"{looks.stage}: {what}" for looks in self.stages for what in looks.wrong]

    def lines(self) -> Iterator[str]:
        """The whole, for a person."""
        for looks in self.stages:
            left = ", ".join(f"{n} {reason}" for reason, n in looks.left_out.items()) or "none"
            yield f"{looks.stage}: {looks.rows} rows, left out: {left}"
            if looks.batches:
                yield (
                    f"  {looks.batches} batches, {looks.updates} updates; tokens: {looks.prompt_tokens} of prompts, "
                    f"{looks.learned_tokens} learned, {looks.padding} padding; longest sequence {looks.longest}"
                )
                told = f"labels are where they should be in {looks.batches} of {looks.batches} batches"
                yield f"  {told}" if not looks.wrong else f"  NOT where they should be: {'; '.join(looks.wrong[:5])}"
        yield f"weights: {self.shape.n_weights:,}, of an adapter: {self.shape.n_adapter:,}"
        yield "memory of the heaviest batch, an estimate:"
        yield from (f"  {n / 2**30:7.2f} GiB  {what}" for what, n in self.needs.items() if n)
        total = in_gib(self.needs)
        fits = next((f"a device of {gib} GiB" for gib in DEVICES_GIB if total < 0.9 * gib), "no single device")
        yield f"  {total:7.2f} GiB  in all: {fits}"


def dry_run(recipe: Recipe, items: Mapping[str, Sequence[Item]], folder: Path) -> DryRun:
    """Build every batch of every stage, and check it.

    Args:
        recipe: of the run.
        items: stage ("sft", "dpo", "ogdpo") to what it would learn from. The hard negatives of OGDPO are made by a
            model, so its pairs are looked at as they are.
        folder: of the model; weights are not read.

    Raises:
        ModelUnusable: the folder lacks a usable tokenizer, image processor or config.json.
    """
    prompts = load_prompts(folder, recipe.auditor)
    looked = tuple(look_at_stage(stage, own, recipe, prompts, folder) for stage, own in items.items())
    shape = shape_of(folder, recipe)
    way = Way(recipe.method == "full", recipe.arithmetic == "bfloat16", recipe.gradient_checkpointing)
    needs = [needed(shape, looks.load, way) for looks in looked] or [
        needed(shape, Load(0, 0, 0, preference=False), way)
    ]
    return DryRun(looked, shape, max(needs, key=in_gib))


def look_at_stage(
    stage: str, items: Sequence[Item], recipe: Recipe, prompts: PromptBuilder, folder: Path
) -> StageLooks:
    """What one stage would train on."""
    preference = stage != "sft"
    encoded = encoded_for(stage, items, recipe, prompts)
    looks = StageLooks(stage, len(encoded.rows), encoded.left_out)
    if not encoded.rows:
        return looks
    collator = make_collator(folder, encoded.rows, prompts, preference=preference)
    planned = plan(encoded.rows, recipe.batches, getattr(recipe, stage), recipe.seed)
    looks.batches = len(planned)
    looks.updates = -(-len(planned) // recipe.batches.accumulation)
    looks.longest = max(row.n_tokens for row in encoded.rows)
    for numbers in planned:
        look_at_batch(looks, [encoded.rows[n] for n in numbers], collator([{"rows": numbers}]), prompts)
    return looks


def encoded_for(stage: str, items: Sequence[Item], recipe: Recipe, prompts: PromptBuilder) -> Encoded:
    """The rows of a stage."""
    if stage != "sft":
        return encode_pairs(items, prompts, recipe)
    return encode_sft(
        items, prompts, recipe, draw_judgment_first(len(items), recipe.sft.judgment_first_share, recipe.seed)
    )


def look_at_batch(looks: StageLooks, rows: Sequence[Row], batch: Mapping[str, Any], prompts: PromptBuilder) -> None:
    """Add a batch to what was seen, and check it."""
    learned = batch["completion_mask"] == 1 if "completion_mask" in batch else batch["labels"] != IGNORE
    said = [completion for n in range(len(rows[0].completions)) for completion in (row.completions[n] for row in rows)]
    for number, completion in enumerate(said):
        row, ids = rows[number % len(rows)], batch["input_ids"][number][learned[number]]
        if tuple(ids.tolist()) != completion.ids:
            looks.wrong.append(f"{row.triple_id}: what is learned is not the completion")
        looks.wrong += [f"{row.triple_id}: {what}" for what in misplaced(ids.tolist(), row, prompts)]
    looks.wrong += miscounted(rows, batch, prompts)
    n_prompt, n_learned = sum(len(row.prompt) for row in rows), int(learned.sum())
    size = batch["prompt_ids"].numel() + batch["input_ids"].numel()
    looks.prompt_tokens += n_prompt
    looks.learned_tokens += n_learned
    looks.padding += size - int(batch["prompt_mask"].sum()) - int(batch["attention_mask"].sum())
    patches = int(batch["image_grid_thw"].prod(1).sum()) if "image_grid_thw" in batch else 0
    tokens = len(said) * (batch["prompt_ids"].shape[1] + batch["input_ids"].shape[1])
    most = looks.load
    looks.load = Load(
        max(tokens, most.tokens),
        max(n_learned, most.learned),
        max(patches, most.patches),
        preference=len(rows[0].completions) > 1,
    )


def misplaced(ids: Sequence[int], row: Row, prompts: PromptBuilder) -> Iterator[str]:
    """What is not as the guard writes it: one of its labels at the end, read back as a judgment."""
    paths = prompts.tries[row.protocol].paths
    ends = [judgment for judgment, path in paths.items() if tuple(ids[-len(path) :]) == path]
    text = prompts.tokenizer.decode(ids)
    read = read_completion(text)
    alone = text.startswith(JUDGMENT_HEAD)
    if not ends:
        yield "does not end with a label and the end of the turn"
    elif not alone and not (isinstance(read, Reading) and read.judgment in ends):
        yield "does not read back as its judgment"


def miscounted(rows: Sequence[Row], batch: Mapping[str, Any], prompts: PromptBuilder) -> Iterator[str]:
    """Image tokens that are not as many as the vision tower gives."""
    pads = int((batch["prompt_ids"] == prompts.tokenizer.specials[IMAGE_PAD]).sum())
    merged = int(batch["image_grid_thw"].prod(1).sum()) // 4 if "image_grid_thw" in batch else 0
    if pads != merged:
        yield f"{rows[0].triple_id} and its batch: {pads} image tokens for {merged} merged patches"


def shape_of(folder: Path, recipe: Recipe) -> Shape:
    """The model's numbers, counted on a model without memory behind it.

    Raises:
        ModelUnusable: config.json is not a Qwen2.5-VL model's.
    """
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    try:
        config = Qwen2_5_VLConfig.from_pretrained(folder)
        with torch.device("meta"):
            model = Qwen2_5_VLForConditionalGeneration(config)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelUnusable(f"{folder}/config.json: not a Qwen2.5-VL model's ({type(error).__name__})") from None
    text, vision = config.text_config, config.vision_config
    tied = model.lm_head.weight.numel() if config.tie_word_embeddings else 0
    adapted = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and "language_model" in name and name.endswith(recipe.adapter.targets)
    ]
    return Shape(
        n_weights=sum(p.numel() for p in dict(model.named_parameters(remove_duplicate=False)).values()) - tied,
        n_adapter=sum(recipe.adapter.rank * (one.in_features + one.out_features) for one in adapted),
        layers=text.num_hidden_layers,
        width=text.hidden_size,
        mlp=text.intermediate_size,
        kv_width=text.num_key_value_heads * text.hidden_size // text.num_attention_heads,
        vocabulary=text.vocab_size,
        vision_width=vision.hidden_size,
        vision_mlp=vision.intermediate_size,
    )
