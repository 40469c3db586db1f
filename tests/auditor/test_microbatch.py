from hypothesis import given
from hypothesis import strategies as st

from auditor.microbatch import padded_share, plan


@given(st.lists(st.integers(1, 900)), st.integers(1, 8), st.integers(1, 2000))
def test_every_prompt_is_in_one_micro_batch_that_keeps_its_bounds(
    lengths: list[int], max_rows: int, max_tokens: int
) -> None:
    batches = plan(lengths, max_rows, max_tokens)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= max_rows
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= max_tokens


def test_prompts_alike_in_length_go_together() -> None:
    assert plan([10, 100, 11, 99], 2, 1000) == [[1, 3], [2, 0]]


def test_padding_is_counted_against_real_tokens() -> None:
    """Rows of 4 and 2 tokens in one batch take 8 places for 6 tokens; apart they take 6."""
    assert padded_share([4, 2], [[0, 1]]) == 8 / 6
    assert padded_share([4, 2], [[0], [1]]) == 1.0
