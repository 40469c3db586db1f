"""The lock that writers of one file share."""

import time
from collections.abc import Callable
from threading import Thread

from auditor.turns import Turns


def started(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_it_is_given_in_the_order_in_which_it_is_asked_for() -> None:
    turns, order = Turns(), list[int]()

    def take(number: int) -> None:
        with turns:
            order.append(number)

    with turns:
        threads = []
        for number in range(5):
            threads.append(started(lambda number=number: take(number)))  # type: ignore[misc]
            until(lambda: turns.waiting == number + 1)  # noqa: B023
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
    assert not turns.is_held


def test_who_asks_again_at_once_stands_behind_those_who_wait() -> None:
    turns, order = Turns(), list[str]()

    def other() -> None:
        with turns:
            order.append("other")

    with turns:
        thread = started(other)
        until(lambda: turns.waiting == 1)
    with turns:
        order.append("again")
    thread.join()
    assert order == ["other", "again"]


def test_only_one_at_a_time_has_it() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work() -> None:
        for _ in range(200):
            with turns:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0)
                inside[0] -= 1

    for thread in [started(work) for _ in range(8)]:
        thread.join()
    assert most == [1]
    assert not turns.is_held


def test_who_gives_up_waiting_is_passed_over() -> None:
    turns, order = Turns(), list[str]()

    def other() -> None:
        with turns:
            order.append("other")

    with turns:
        thread = started(other)
        until(lambda: turns.waiting == 1)
        given_up = turns.queue[0]
        turns.leave(given_up)
        assert turns.waiting == 0
        given_up.release()  # lets the thread of this test end
    thread.join()
    assert order == ["other"]
