"""What training costs: memory of the reference with the adapter off against a frozen copy, time of shared prompts."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from auditor.models import DEMO_FOLDER
from tests.bench.measure import compare, machine
from tests.training.stages.made import make_item, quick
from training.stages.batches import IGNORE, make_collator, one_pass
from training.stages.encoding import encode_pairs, encode_sft, load_prompts
from training.stages.loading import load_weights

MAX_MEMORY = 0.65
WAYS = Path(__file__).with_name("dpo_memory.py")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of 190 million random weights, so that weights outweigh everything else as they do in a real one."""
    folder = tmp_path_factory.mktemp("large")
    described = Qwen2_5_VLConfig.from_pretrained(DEMO_FOLDER).to_dict()
    text = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 11, "num_attention_heads": 32}
    described["text_config"] |= {**text, "num_key_value_heads": 8, "layer_types": ["full_attention"] * 11}
    described["vision_config"] |= {"out_hidden_size": 1024}
    Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**described)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        (folder / name).write_bytes((DEMO_FOLDER / name).read_bytes())
    return folder


def peak_kb(folder: Path, way: str) -> int:
    """Peak memory in kB of two updates beyond what the libraries hold, in a process of its own."""
    # What is freed goes back to the machine at once: else the C heap keeps as much again as the weights are.
    heap = {"MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}
    environment = {**os.environ, **heap, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, str(WAYS), str(folder), way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def test_the_adapter_switched_off_needs_less_memory_than_a_frozen_copy(large: Path) -> None:
    off, copy = (peak_kb(large, way) for way in ("off", "copy"))
    print(f"\nreference: {off >> 10} MiB with the adapter off, {copy >> 10} MiB with a frozen copy: {off / copy:.2f}")
    print(f"  on {machine()}")
    assert off / copy <= MAX_MEMORY


@pytest.mark.parametrize("preference", [False, True])
def test_shared_prompts_take_less_time_than_whole_rows(preference: bool) -> None:
    recipe = quick(arithmetic="float32", batches=quick().batches.model_copy(update={"rows": 8}))
    prompts = load_prompts(DEMO_FOLDER, recipe.auditor)
    items = [make_item(n % 40) for n in range(16)]
    encoded = encode_pairs(items, prompts, recipe) if preference else encode_sft(items, prompts, recipe, frozenset())
    collate = make_collator(DEMO_FOLDER, encoded.rows, prompts, preference=preference)
    planned = one_pass(encoded.rows, recipe.batches, random.Random(1))  # noqa: S311
    batches = [collate([{"rows": numbers}]) for numbers in planned]

    def work(whole: bool) -> Callable[[], None]:
        model = load_weights(DEMO_FOLDER, recipe)
        model.model.whole_rows = whole
        return partial(forth_and_back, model, batches)

    tokens = sum(len(row.prompt) + len(said.ids) for row in encoded.rows for said in row.completions)
    ratio = compare("shared prompts beside whole rows", "tokens", tokens, work(whole=False), work(whole=True))
    assert sorted(a / b for a, b in zip(ratio.ours_s, ratio.bare_s, strict=True))[2] < 0.9


def forth_and_back(model: Any, batches: Sequence[dict[str, Any]]) -> None:
    """One forward and one backward pass of each batch."""
    for batch in batches:
        learned = batch["completion_mask"] if "completion_mask" in batch else (batch["labels"] != IGNORE)
        inputs = {key: value for key, value in batch.items() if key not in {"labels", "completion_mask"}}
        logs = model(**inputs).logits[:, :-1].log_softmax(-1)
        said = logs.gather(2, batch["input_ids"][:, 1:].unsqueeze(2)).squeeze(2)
        (-(said * learned[:, 1:]).sum()).backward()
