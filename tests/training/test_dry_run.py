"""A dry run of the 3B recipe on the real vocabulary, without weights: counts, labels, memory, and what is wrong."""

from pathlib import Path

import pytest
import torch

from auditor.errors import ModelUnusable
from auditor.models import DEMO_FOLDER
from conf.schema import DEFAULT_FILE
from tests.factories import make_triple
from tests.qwen import N_WEIGHTS_3B, write_3b
from tests.training.stages.made import make_item, quick
from tests.training.stages.test_context import PICTURES
from training.dry_run import DryRun, StageLooks, dry_run, look_at_batch
from training.memory import Load, Shape, Way, in_gib, needed
from training.recipe import Recipe
from training.stages.batches import make_collator
from training.stages.encoding import encode_pairs, load_prompts

RECIPE = Recipe.read(DEFAULT_FILE.with_name("train") / "guardtrace-3b.toml")
ITEMS = [
    *(make_item(n) for n in range(20)),
    make_item(21, triple=make_triple(id="seen", images=(PICTURES[0],))),
    make_item(22, triple=make_triple(id="long", thinking="so on " * 9000)),
    make_item(23, rejected=None),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_3b(tmp_path_factory.mktemp("3b"))


@pytest.fixture(scope="module")
def dried(folder: Path) -> DryRun:
    return dry_run(RECIPE, {"sft": ITEMS, "dpo": ITEMS, "ogdpo": []}, folder)


def test_every_batch_is_built_and_its_labels_are_where_they_should_be(dried: DryRun) -> None:
    sft, dpo, ogdpo = dried.stages
    assert dried.wrong == []
    assert (sft.rows, sft.left_out) == (22, {"too_long": 1})
    assert (dpo.rows, dpo.left_out) == (21, {"too_long": 1, "no_rejected": 1})
    assert (ogdpo.rows, ogdpo.batches) == (0, 0)
    assert sft.updates == -(-sft.batches // RECIPE.batches.accumulation)
    assert dpo.learned_tokens > 21 * 2 * 20
    assert dpo.load.preference
    assert dpo.load.patches > 0


def test_the_weights_are_counted_without_any_and_the_memory_fits_the_device_that_the_recipe_names(
    dried: DryRun,
) -> None:
    """An adapter of rank 16: 16 * (in + out) for each matrix.

    Queries and output 2 * (2048 + 2048), keys and values 2 * (2048 + 256), the rest 3 * (2048 + 11008), in 36 layers.
    """
    assert dried.shape.n_weights == N_WEIGHTS_3B
    assert dried.shape.n_adapter == 16 * (2 * 4096 + 2 * 2304 + 3 * 13056) * 36 == 29_933_568
    assert in_gib(dried.needs) < 0.9 * 48
    told = "\n".join(dried.lines())
    assert "3,754,622,976" in told
    assert "labels are where they should be" in told
    assert "GiB  in all: a device of" in told


def test_what_a_device_needs_is_a_sum_of_bytes_by_weight_and_by_token() -> None:
    """100 weights of which an adapter trains 10; 2 layers of width 4, mlp 8, keys 2; a vocabulary of 6; no images.

    One token keeps (10 * 4 + 2 * 2 + 4 * 8) * 2 = 152 bytes a layer in bfloat16; 8 with checkpointing, and one layer.
    """
    shape = Shape(100, 10, 2, 4, 8, 2, 6, 4, 8)
    load = Load(tokens=3, learned=1, patches=0, preference=True)
    assert list(needed(shape, load, Way(full=False, half=True, checkpointing=False)).values()) == [
        200, 160, 0, 3 * 152 * 2, 0, 48,
    ]  # fmt: skip
    checkpointed = needed(shape, load, Way(full=False, half=True, checkpointing=True))
    assert checkpointed["activations of the language model"] == 3 * (4 * 2 * 2 + 152)
    full = needed(shape, load, Way(full=True, half=False, checkpointing=False))
    assert list(full.values())[:3] == [0, 1600, 400]


def test_labels_in_another_place_are_found() -> None:
    recipe = quick()
    prompts = load_prompts(DEMO_FOLDER, recipe.auditor)
    rows = encode_pairs([make_item(1)], prompts, recipe).rows
    batch = make_collator(DEMO_FOLDER, rows, prompts, preference=True)([{"rows": [0]}])
    batch["completion_mask"] = torch.roll(batch["completion_mask"], -1, 1)
    looks = StageLooks("dpo", 1, {})
    look_at_batch(looks, rows, batch, prompts)
    assert "made-1: what is learned is not the completion" in looks.wrong
    assert "made-1: does not end with a label and the end of the turn" in looks.wrong


def test_a_folder_that_is_no_model_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelUnusable, match=r"config\.json"):
        dry_run(RECIPE, {}, tmp_path)
