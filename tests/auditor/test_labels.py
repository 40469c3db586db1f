import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.labels import JUDGMENT_HEAD, LabelTrie, build_trie, probabilities
from auditor.tokens import GuardTokenizer
from auditor.verdict import Judgment

ZERO, ONE, DOT, FIVE, END = 10, 11, 12, 13, 99
TRIE = LabelTrie(
    head=(1, 2),
    paths={
        Judgment.SAFE: (ZERO, END),
        Judgment.POTENTIALLY_HARMFUL: (ZERO, DOT, FIVE, END),
        Judgment.HARMFUL: (ONE, END),
    },
)


def test_probabilities_multiply_the_shares_along_each_path() -> None:
    """At the root 0 : 1 = 3 : 1; after 0 the end : "." = 4 : 1. So 0 is 3/4 * 4/5, 0.5 is 3/4 * 1/5, 1 is 1/4."""
    logits = {(): {ZERO: math.log(3), ONE: 0.0}, (ZERO,): {END: math.log(4), DOT: 0.0}}
    read = probabilities(TRIE, logits)
    assert (read.p_safe, read.p_potentially_harmful, read.p_harmful) == pytest.approx((0.6, 0.15, 0.25))
    assert read.harm_score == pytest.approx(0.4)


@given(st.lists(st.floats(-200, 200), min_size=4, max_size=4), st.floats(-1e3, 1e3))
def test_probabilities_sum_to_one_and_an_added_constant_cancels(values: list[float], constant: float) -> None:
    zero, one, end, dot = values
    read = probabilities(TRIE, {(): {ZERO: zero, ONE: one}, (ZERO,): {END: end, DOT: dot}})
    moved = probabilities(TRIE, {(): {ZERO: zero + constant, ONE: one + constant}, (ZERO,): {END: end, DOT: dot}})
    assert read.p_safe + read.p_potentially_harmful + read.p_harmful == pytest.approx(1)
    assert moved.harm_score == pytest.approx(read.harm_score, abs=1e-9)


def test_the_tries_of_the_demo_and_of_the_real_vocabulary_branch_alike(
    demo_tokenizer: GuardTokenizer, qwen_tokenizer: GuardTokenizer
) -> None:
    for tokenizer in (demo_tokenizer, qwen_tokenizer):
        trie = build_trie(tokenizer)
        assert tokenizer.decode(trie.head) == JUDGMENT_HEAD
        assert tokenizer.decode(trie.probe) == "0.5"
        assert [len(node) for node, _ in trie.branchings()] == [0, 1]
        assert {tokenizer.decode(path) for path in trie.paths.values()} == {"0", "0.5", "1"}
