"""The losses of the stages are the ones that the papers write down: values derived by hand, on two tokens."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoTokenizer, Qwen2VLImageProcessor
from trl import DPOConfig, SFTConfig

from auditor.guard_input import Protocol
from auditor.models import DEMO_FOLDER
from auditor.vision import Fitter, VisionLimits
from tests.training.stages.made import quick
from tests.training.stages.table_model import Table, table_model
from training.stages.batches import Collator
from training.stages.encoding import Completion, Row
from training.stages.trainers import Dpo, Sft, arguments, losses

PROMPT = (1, 2, 3)  # 1 is the shared start
CHOSEN, REJECTED, OWN = (4, 5), (6, 7), (8, 9)

POLICY: Table = {
    3: {4: 1 / 2, 6: 1 / 4, 8: 1 / 4},
    4: {5: 1 / 4, 1: 3 / 4},
    6: {7: 1 / 2, 1: 1 / 2},
    8: {9: 1 / 2, 1: 1 / 2},
}
REFERENCE: Table = {
    3: {4: 1 / 4, 6: 1 / 2, 8: 1 / 4},
    4: {5: 1 / 4, 1: 3 / 4},
    6: {7: 1 / 2, 1: 1 / 2},
    8: {9: 1 / 2, 1: 1 / 2},
}


def collator(*completions: Sequence[int], label_weight: float = 1.0) -> Collator:
    row = Row(PROMPT, (), tuple(Completion(tuple(ids), 1) for ids in completions), Protocol.QTA, "t1")
    fit = Fitter(VisionLimits(28, 28 * 28, 28 * 28))
    return Collator([row], {Protocol.QTA: 1}, fit, Qwen2VLImageProcessor(), 0, len(completions) > 1, label_weight)


def preference_loss(rejected: Sequence[int], beta: float, work: Path, chosen_weight: float = 0.0) -> float:
    recipe = quick(arithmetic="float32")
    stage = recipe.dpo.model_copy(update={"beta": beta, "chosen_weight": chosen_weight})
    made = collator(CHOSEN, rejected)
    trainer = Dpo(
        table_model(POLICY),
        ref_model=table_model(REFERENCE),
        args=DPOConfig(**arguments(recipe, stage, 1, work), beta=beta, **losses(stage)),
        train_dataset=Dataset.from_dict({"rows": [[0]]}),
        data_collator=made,
        processing_class=AutoTokenizer.from_pretrained(DEMO_FOLDER),
    )
    return float(trainer.compute_loss(trainer.model, made([{"rows": [0]}])))


def test_the_loss_of_dpo_is_the_papers(tmp_path: Path) -> None:
    """The model gives the chosen 1/2 * 1/4 = 1/8 and the rejected 1/4 * 1/2 = 1/8; the reference 1/16 and 1/4.

    The log ratios are log 2 and -log 2, their difference 2 log 2; with beta 1/2 that is log 2, whose sigmoid is 2/3.
    """
    assert preference_loss(REJECTED, 0.5, tmp_path) == pytest.approx(math.log(3 / 2), abs=1e-5)


def test_the_loss_of_ogdpo_is_the_same_with_the_models_own_words_rejected(tmp_path: Path) -> None:
    """Its own words have 1/4 * 1/2 = 1/8 in both: their log ratio is 0, the difference log 2.

    With beta 2 that is log 4, whose sigmoid is 4/5.
    """
    assert preference_loss(OWN, 2.0, tmp_path) == pytest.approx(math.log(5 / 4), abs=1e-5)


def test_a_weight_on_the_chosen_adds_its_cross_entropy_by_token(tmp_path: Path) -> None:
    """The chosen has -log(1/2) and -log(1/4): log(8) / 2 for each token, 1/3 of it added."""
    expected = math.log(3 / 2) + math.log(8) / 2 / 3
    assert preference_loss(REJECTED, 0.5, tmp_path, chosen_weight=1 / 3) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("label_weight", "expected"), [(1.0, math.log(8) / 2), (3.0, (math.log(2) + 3 * math.log(4)) / 2)]
)
def test_the_loss_of_sft_is_on_the_completion_alone(label_weight: float, expected: float, tmp_path: Path) -> None:
    """-log(1/2) for the first token and -log(1/4) for the second, which is the label; the prompt has no part in it."""
    recipe = quick(arithmetic="float32")
    made = collator(CHOSEN, label_weight=label_weight)
    config: dict[str, Any] = {"dataset_kwargs": {"skip_prepare_dataset": True}}
    trainer = Sft(
        table_model(POLICY),
        args=SFTConfig(**arguments(recipe, recipe.sft, 1, tmp_path), **config),
        train_dataset=Dataset.from_dict({"rows": [[0]]}),
        data_collator=made,
        processing_class=AutoTokenizer.from_pretrained(DEMO_FOLDER),
    )
    batch = made([{"rows": [0]}])
    count = torch.tensor(2)
    assert float(trainer.compute_loss(trainer.model, batch, num_items_in_batch=count)) == pytest.approx(
        expected, abs=1e-5
    )
