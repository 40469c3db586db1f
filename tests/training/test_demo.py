import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol
from auditor.models import DEMO_FOLDER
from auditor.prompt import read_system_prompt
from auditor.verdict import Judgment
from conf.schema import load
from ingest.qta import ThinkingKind
from tests.factories import make_image, make_triple
from training.demo.architecture import tiny_config
from training.demo.base import BaseRecipe, BaseTrainer
from training.demo.batches import IGNORE, Encoded, by_length, encode, targets_of
from training.demo.examples import CHAT_WITH_THINKING, Donors, Example, augment, write_analysis

CHAT = Example(make_triple(thinking=None, thinking_kind=ThinkingKind.ABSENT), "other", Judgment.SAFE, "a")
THOUGHT = replace(CHAT, triple=make_triple(), source=CHAT_WITH_THINKING)
DONORS = Donors(("One. Two. Three.",), (make_image(),))


@pytest.fixture(scope="module")
def prompts() -> PromptBuilder:
    return PromptBuilder.load(load().auditor, DEMO_FOLDER, {Protocol.QTA: read_system_prompt("")})


def test_the_base_sees_the_guards_form_up_to_the_place_of_the_label(prompts: PromptBuilder) -> None:
    row = encode(CHAT, prompts)
    written = prompts.tokenizer.decode(row.ids[row.n_prompt :])
    assert written.rstrip() == f"“Analysis”: {write_analysis(CHAT.triple, 'other')}\n“Judgment”:"


def test_the_base_sees_nothing_of_the_label(prompts: PromptBuilder) -> None:
    labels = (Judgment.SAFE, Judgment.HARMFUL, None)
    assert len({encode(replace(CHAT, label=label), prompts).ids for label in labels}) == 1


def test_each_place_learns_the_token_behind_it_and_padding_learns_nothing() -> None:
    """Prefix 1, prompt 1-2-3, analysis 4-5: place 1 (prompt) and places 2-3 (analysis) learn."""
    rows = [Encoded((1, 2, 3, 4, 5), 3, ()), Encoded((1, 2, 3, 4), 3, ())]
    targets = targets_of(rows, n_prefix=1, prompt_share=1.0, skip=-1)
    assert targets.prompt.tolist() == [[IGNORE, 3, *[IGNORE] * 3], [IGNORE, 3, *[IGNORE] * 3]]
    assert targets.analysis.tolist() == [[IGNORE, IGNORE, 4, 5, IGNORE], [IGNORE, IGNORE, 4, IGNORE, IGNORE]]


def test_a_share_of_the_prompt_is_learned_and_never_the_image_pad() -> None:
    torch.manual_seed(0)
    rows = [Encoded(tuple([1] + [9, 8] * 500 + [2]), 1002, ())]
    learned = targets_of(rows, n_prefix=1, prompt_share=0.5, skip=9).prompt
    assert not (learned == 9).any()
    assert 150 < int((learned == 8).sum()) < 350


def test_batches_hold_every_row_once_and_keep_their_bound() -> None:
    rows = [Encoded(tuple(range(1 + n)), 1, ()) for n in range(60)]
    batches = by_length(rows, 120, random.Random(1))  # noqa: S311 - reproducible, not secret
    assert sorted(len(row.ids) for batch in batches for row in batch) == list(range(1, 61))
    assert all(max(len(row.ids) for row in batch) * len(batch) <= 120 for batch in batches)


def test_thinking_is_dropped_and_lent_and_images_are_lent_in_about_the_shares_that_the_recipe_names() -> None:
    rng = random.Random(1)  # noqa: S311 - reproducible, not secret
    dropped = sum(augment(THOUGHT, DONORS, rng).triple.thinking is None for _ in range(1000))
    seen = [augment(CHAT, DONORS, rng).triple for _ in range(1000)]
    assert 450 < dropped < 550
    assert 150 < sum(triple.thinking is not None for triple in seen) < 250
    assert 50 < sum(bool(triple.images) for triple in seen) < 110


class Stopped(Exception):
    """A kill, in a test."""


def test_a_base_that_was_stopped_goes_on_after_its_last_whole_epoch(prompts: PromptBuilder, tmp_path: Path) -> None:
    """Two epochs with a kill between them leave the weights of two epochs without one."""
    (tmp_path / "once").mkdir()
    (tmp_path / "twice").mkdir()
    through = tiny_trainer(prompts)
    through.run([CHAT, THOUGHT], tmp_path / "once", seed=1)
    killed = tiny_trainer(prompts)
    killed.keep = stop_after(killed.keep)  # type: ignore[method-assign, assignment]
    with pytest.raises(Stopped):
        killed.run([CHAT, THOUGHT], tmp_path / "twice", seed=1)
    again = tiny_trainer(prompts)
    again.run([CHAT, THOUGHT], tmp_path / "twice", seed=1)
    for name, weight in through.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def tiny_trainer(prompts: PromptBuilder) -> BaseTrainer:
    """Two epochs over the shipped vocabulary, from the same random weights."""
    torch.manual_seed(0)
    model = Qwen2_5_VLForConditionalGeneration(tiny_config(Tokenizer.from_file(str(DEMO_FOLDER / "tokenizer.json"))))
    processor = Qwen2VLImageProcessor.from_pretrained(DEMO_FOLDER)
    return BaseTrainer(model, processor, prompts, BaseRecipe(epochs=2))


def stop_after(keep: Callable[[Path, int], None]) -> Callable[[Path, int], None]:
    """`keep`, and then a kill."""

    def kept(work: Path, epochs: int) -> None:
        keep(work, epochs)
        raise Stopped

    return kept
