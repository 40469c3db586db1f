from collections.abc import Callable, Sequence

import pytest

from auditor.bisect import LONGEST_WAIT_S, Bisection, Patience
from auditor.errors import BackendFailed


class Machine:
    """Work on numbers that fails on some of them, or `passing` times on anything."""

    def __init__(self, bad: Sequence[int] = (), passing: int = 0, most: int = 1000, *, broken: bool = False) -> None:
        self.bad = bad
        self.passing = passing
        self.most = most
        self.broken = broken
        self.calls: list[int] = []
        self.done: set[int] = set()

    def work(self, items: Sequence[int]) -> None:
        self.calls.append(len(items))
        self.passing -= 1
        if len(items) > self.most:
            raise MemoryError
        if self.broken or self.passing >= 0 or set(items) & set(self.bad):
            raise BackendFailed
        self.done |= set(items)

    def check(self) -> None:
        if self.broken:
            raise BackendFailed


def failing(
    machine: Machine, n_items: int, retries: int = 0, wait: Callable[[float], None] = lambda _: None
) -> list[int]:
    return Bisection(machine.work, machine.check, Patience(retries, wait, lambda: 1.0)).failing(range(n_items))


@pytest.mark.parametrize(
    ("n_items", "bad"), [(1, []), (8, [5]), (9, [0, 8]), (7, range(7)), (1, [0]), (64, [3, 4, 60])]
)
def test_the_items_at_fault_are_found_and_the_work_is_done_on_all_others(n_items: int, bad: Sequence[int]) -> None:
    machine = Machine(bad)
    assert failing(machine, n_items) == list(bad)
    assert machine.done == set(range(n_items)) - set(bad)


def test_one_item_at_fault_costs_two_calls_for_each_halving() -> None:
    machine = Machine([100])
    failing(machine, 256)
    assert len(machine.calls) <= 2 * 8 + 2


def test_a_failure_that_passes_is_waited_out_ever_longer() -> None:
    machine, waits = Machine(passing=7), list[float]()
    assert failing(machine, 4, retries=8, wait=waits.append) == []
    assert machine.calls == [4] * 8
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_more_than_memory_holds_is_done_in_parts_without_waiting() -> None:
    machine, waits = Machine(most=3), list[float]()
    assert failing(machine, 10, retries=5, wait=waits.append) == []
    assert (machine.done, waits) == (set(range(10)), [])


def test_a_broken_machine_is_no_items_fault() -> None:
    with pytest.raises(BackendFailed):
        failing(Machine(broken=True), 5)


def test_an_item_that_fails_once_only_is_not_set_aside() -> None:
    machine = Machine(passing=2)
    assert failing(machine, 2) == []
    assert machine.done == {0, 1}
