import random
from dataclasses import replace

import pytest
import torch

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol
from auditor.models import DEMO_FOLDER
from auditor.prompt import read_system_prompt
from auditor.verdict import Judgment
from conf.schema import load
from ingest.qta import ThinkingKind
from tests.factories import make_image, make_triple
from training.demo.batches import IGNORE, Encoded, by_length, encode, targets_of
from training.demo.examples import CHAT_WITH_THINKING, Donors, Example, augment, write_analysis

CHAT = Example(make_triple(thinking=None, thinking_kind=ThinkingKind.ABSENT), "other", Judgment.SAFE, "a")
THOUGHT = replace(CHAT, triple=make_triple(), source=CHAT_WITH_THINKING)
DONORS = Donors(("One. Two. Three.",), (make_image(),))


@pytest.fixture(scope="module")
def prompts() -> PromptBuilder:
    return PromptBuilder.load(load().auditor, DEMO_FOLDER, {Protocol.QTA: read_system_prompt("")})


@pytest.mark.parametrize("label", [*Judgment])
def test_an_example_ends_with_its_label_as_the_guard_writes_it(label: Judgment, prompts: PromptBuilder) -> None:
    row = encode(replace(CHAT, label=label), prompts)
    written = prompts.tokenizer.decode(row.ids[row.n_prompt :])
    assert written == f"“Analysis”: {write_analysis(CHAT.triple, 'other')}\n“Judgment”: {label.label}"
    assert tuple(row.ids[-row.n_label :]) == prompts.tries[Protocol.QTA].paths[label]


def test_the_analysis_says_nothing_of_the_label(prompts: PromptBuilder) -> None:
    rows = [encode(replace(CHAT, label=label), prompts) for label in (Judgment.SAFE, Judgment.HARMFUL, None)]
    assert len({row.ids[: len(row.ids) - row.n_label] for row in rows}) == 1


def test_each_place_learns_the_token_behind_it_and_padding_learns_nothing() -> None:
    """Prefix 1, prompt 1-2-3, analysis 4-5, label 6-7: places 1 (prompt), 2-3 (analysis) and 4-5 (label) learn."""
    rows = [Encoded((1, 2, 3, 4, 5, 6, 7), 3, 2, ()), Encoded((1, 2, 3, 4), 3, 0, ())]
    targets = targets_of(rows, n_prefix=1, prompt_share=1.0, skip=-1)
    assert targets.prompt.tolist() == [[IGNORE, 3, *[IGNORE] * 5], [IGNORE, 3, *[IGNORE] * 5]]
    assert targets.analysis.tolist() == [[IGNORE, IGNORE, 4, 5, *[IGNORE] * 3], [IGNORE, IGNORE, 4, *[IGNORE] * 4]]
    assert targets.label.tolist() == [[*[IGNORE] * 4, 6, 7, IGNORE], [IGNORE] * 7]


def test_a_share_of_the_prompt_is_learned_and_never_the_image_pad() -> None:
    torch.manual_seed(0)
    rows = [Encoded(tuple([1] + [9, 8] * 500 + [2]), 1002, 0, ())]
    learned = targets_of(rows, n_prefix=1, prompt_share=0.5, skip=9).prompt
    assert not (learned == 9).any()
    assert 150 < int((learned == 8).sum()) < 350


def test_batches_hold_every_row_once_and_keep_their_bound() -> None:
    rows = [Encoded(tuple(range(1 + n)), 1, 0, ()) for n in range(60)]
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
