"""What takes long is made once, and anew when the data have changed."""

from datetime import UTC, datetime
from threading import Event

import pytest

from reports.web.kept import MOST_KEPT, PAUSE, QUICK_S, Keeper, Shelf

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SOON_S = 10.0  # what is waited for comes at once


class Making:
    """Counts how often it is made; waits where a test says so, and fails where it says so."""

    def __init__(self) -> None:
        self.times = 0
        self.takes_s = 0.0
        self.seconds = 0.0
        self.may_end = Event()
        self.may_end.set()
        self.failure: Exception | None = None

    def __call__(self) -> int:
        self.times += 1
        times = self.times
        assert self.may_end.wait(SOON_S)
        self.seconds += self.takes_s
        if self.failure:
            raise self.failure
        return times


@pytest.fixture
def making() -> Making:
    return Making()


@pytest.fixture
def keeper(making: Making) -> Keeper[int]:
    return Keeper(making, lambda: NOW, lambda: making.seconds)


def value(keeper: Keeper[int], mark: str, wait_s: float = SOON_S) -> int | None:
    kept = keeper.get(mark, wait_s)
    return None if kept is None else kept.value


def test_the_same_data_are_made_once(keeper: Keeper[int], making: Making) -> None:
    assert [value(keeper, "a") for _ in range(3)] == [1, 1, 1]
    kept = keeper.get("a", 0)
    assert kept
    assert (kept.made_at, making.times) == (NOW, 1)


def test_nobody_waits_longer_than_they_want_for_the_first(keeper: Keeper[int], making: Making) -> None:
    making.may_end.clear()
    assert value(keeper, "a", 0.01) is None
    assert value(keeper, "a", 0.01) is None
    making.may_end.set()
    assert value(keeper, "a") == 1
    assert making.times == 1  # who asked meanwhile did not begin another


def test_other_data_are_made_anew_and_what_there_was_is_shown_meanwhile(keeper: Keeper[int], making: Making) -> None:
    assert value(keeper, "a") == 1
    making.may_end.clear()
    assert value(keeper, "b", 0.01) == 1
    making.may_end.set()
    assert value(keeper, "b") == 2


def test_what_took_long_is_not_made_again_at_once(keeper: Keeper[int], making: Making) -> None:
    making.takes_s = 0.5
    assert [value(keeper, mark) for mark in "abc"] == [1, 1, 1]
    making.seconds += PAUSE * making.takes_s
    assert value(keeper, "d") == 2


def test_nobody_waits_for_a_newer_one_that_takes_long(keeper: Keeper[int], making: Making) -> None:
    making.takes_s = QUICK_S
    assert value(keeper, "a") == 1
    making.seconds += PAUSE * making.takes_s
    making.may_end.clear()
    assert value(keeper, "b") == 1
    making.may_end.set()


def test_a_failure_is_told_and_tried_again(keeper: Keeper[int], making: Making) -> None:
    making.failure = ValueError("broken")
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            keeper.get("a", SOON_S)
    making.failure = None
    assert value(keeper, "a") == 3


def test_a_failure_leaves_what_there_was(keeper: Keeper[int], making: Making) -> None:
    assert value(keeper, "a") == 1
    making.failure = ValueError("broken")
    assert [value(keeper, "b"), value(keeper, "b")] == [1, 1]
    assert making.times == 2
    making.failure = None
    assert value(keeper, "c") == 3


def test_a_shelf_forgets_what_nobody_asked_for_lately() -> None:
    shelf, made = Shelf(lambda: NOW), list[int]()

    def get(name: int) -> None:
        shelf.get(name, lambda: made.append(name), "a", SOON_S)

    for name in [*range(MOST_KEPT), 0, MOST_KEPT, 0, 1]:
        get(name)
    assert made == [*range(MOST_KEPT + 1), 1]
