import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import OutOfMemory
from auditor.microbatch import Room, padded_share, plan


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


class Memory:
    """Work that has room for so many tokens at once, padding included."""

    def __init__(self, lengths: list[int], room: int) -> None:
        self.lengths, self.room, self.refused = lengths, room, 0

    def __call__(self, batch: list[int]) -> list[str]:
        if max(self.lengths[i] for i in batch) * len(batch) > self.room:
            self.refused += 1
            raise OutOfMemory
        return [f"{i}" for i in batch]


@given(st.lists(st.integers(1, 100), max_size=60), st.integers(100, 700))
def test_when_memory_runs_out_smaller_micro_batches_finish_the_work(lengths: list[int], limit: int) -> None:
    assert Room(16, 5000).run(lengths, Memory(lengths, limit)) == [f"{i}" for i in range(len(lengths))]


def test_a_room_stays_as_small_as_it_had_to_become() -> None:
    lengths, room = [50] * 64, Room(16, 5000)
    first, second = Memory(lengths, 200), Memory(lengths, 200)
    room.run(lengths, first)
    room.run(lengths, second)
    assert (first.refused, second.refused) == (2, 0)


def test_a_single_prompt_without_room_is_said() -> None:
    with pytest.raises(OutOfMemory):
        Room(16, 5000).run([10, 300], Memory([10, 300], 200))
