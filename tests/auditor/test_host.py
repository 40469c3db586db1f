import threading
from collections.abc import Iterator

import pytest

from auditor.host import ahead


def test_results_keep_their_order() -> None:
    assert list(ahead(lambda n: n * n, range(100), depth=7)) == [n * n for n in range(100)]
    assert list(ahead(str, [], depth=7)) == []


def test_work_is_done_while_an_earlier_result_is_used() -> None:
    """The third item is done although only the first was asked for; the tenth is not even taken."""
    done, taken = threading.Event(), []

    def items() -> Iterator[int]:
        for n in range(20):
            taken.append(n)
            yield n

    def work(n: int) -> int:
        if n == 2:
            done.set()
        return n

    results = ahead(work, items(), depth=3)
    assert next(results) == 0
    assert done.wait(5)
    assert max(taken) < 9
    assert list(results) == list(range(1, 20))


def test_a_failure_comes_where_its_result_would() -> None:
    results = ahead(lambda n: 1 // (n - 2), range(6), depth=2)
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)
