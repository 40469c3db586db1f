"""What is shared is computed once, and nothing but time depends on that: same losses, same gradients, images too."""

import io
from typing import Any

import pytest
import torch
from PIL import Image

from auditor.models import DEMO_FOLDER
from tests.factories import make_image, make_triple
from tests.training.stages.made import make_item, quick
from training.stages.batches import IGNORE, make_collator
from training.stages.encoding import encode_pairs, encode_sft, load_prompts
from training.stages.loading import load_weights

RECIPE = quick(arithmetic="float32")


def png(color: str, width: int, height: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), color).save(data, "PNG")
    return data.getvalue()


PICTURES = [make_image(png("red", 60, 90), width=60, height=90), make_image(png("blue", 200, 40), width=200, height=40)]
ITEMS = [
    make_item(0),
    make_item(1, triple=make_triple(id="seen", images=(PICTURES[0],))),
    make_item(5),
    make_item(7, triple=make_triple(id="seen-too", images=(PICTURES[1],))),
]


def loss_and_gradients(batch: dict[str, Any], *, whole: bool) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model = load_weights(DEMO_FOLDER, RECIPE)
    model.model.whole_rows = whole
    mask = batch["completion_mask"] if "completion_mask" in batch else (batch["labels"] != IGNORE)
    inputs = {key: value for key, value in batch.items() if key not in {"labels", "completion_mask"}}
    logits = model(**inputs).logits[:, :-1]
    logs = logits.log_softmax(-1).gather(2, batch["input_ids"][:, 1:].unsqueeze(2)).squeeze(2)
    loss = -(logs * mask[:, 1:]).sum(1)
    loss.sum().backward()
    return loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("preference", [False, True])
def test_shared_prompts_give_the_losses_and_gradients_of_whole_rows(preference: bool) -> None:
    prompts = load_prompts(DEMO_FOLDER, RECIPE.auditor)
    encoded = encode_pairs(ITEMS, prompts, RECIPE) if preference else encode_sft(ITEMS, prompts, RECIPE, frozenset({2}))
    collate = make_collator(DEMO_FOLDER, encoded.rows, prompts, preference=preference)
    batch = collate([{"rows": [0, 1, 2, 3]}])
    assert len(batch["input_ids"]) == (8 if preference else 4)
    (shared, gradients), (whole, others) = (loss_and_gradients(batch, whole=whole) for whole in (False, True))
    assert torch.allclose(shared, whole, rtol=1e-5, atol=1e-5)
    assert gradients.keys() == others.keys()
    assert all(torch.allclose(gradients[name], others[name], rtol=1e-3, atol=1e-4) for name in others)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    prompts = load_prompts(DEMO_FOLDER, RECIPE.auditor)
    collate = make_collator(DEMO_FOLDER, encode_pairs(ITEMS, prompts, RECIPE).rows, prompts, preference=True)
    together, _ = loss_and_gradients(collate([{"rows": [0, 1, 2, 3]}]), whole=False)
    alone = [loss_and_gradients(collate([{"rows": [n]}]), whole=False)[0] for n in range(4)]
    assert torch.allclose(together, torch.cat([a[:1] for a in alone] + [a[1:] for a in alone]), rtol=1e-4, atol=1e-4)
