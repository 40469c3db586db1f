"""Tokens that are drawn: by their probabilities, the same each time, and never from a number that is none."""

from collections import Counter

import pytest
import torch

from auditor.backends.base import Sampling
from auditor.backends.transformers import Chooser

LOGITS = torch.log(torch.tensor([[0.2, 0.5, 0.3]]))


def chooser(temperature: float, seed: int) -> Chooser:
    made = Chooser(Sampling(0.0), [])
    made.temperature, made.sources = temperature, [torch.Generator().manual_seed(seed)]
    return made


def drawn(temperature: float, n: int) -> Counter[int]:
    choose = chooser(temperature, 1)
    return Counter(int(choose(LOGITS)[0]) for _ in range(n))


def test_tokens_are_drawn_by_their_probabilities() -> None:
    found = drawn(1.0, 3000)
    assert [found[token] / 3000 for token in range(3)] == pytest.approx([0.2, 0.5, 0.3], abs=0.04)


def test_a_low_temperature_draws_the_likeliest() -> None:
    assert drawn(0.01, 200) == {1: 200}


def test_the_same_seed_draws_the_same() -> None:
    assert [int(chooser(1.0, seed)(LOGITS)[0]) for seed in range(20)] == [
        int(chooser(1.0, seed)(LOGITS)[0]) for seed in range(20)
    ]
