"""Host work ahead of the model: while it judges some cases, threads prepare the next, so that it never waits."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tokenizing and scaling let go of the interpreter; more threads than this would only wait for each other.
THREADS = min(8, os.cpu_count() or 1)


def ahead(work: Callable[[Item], Result], items: Iterable[Item], depth: int) -> Iterator[Result]:
    """`work` of each item, in order, up to `depth` of them done before they are asked for.

    Raises:
        Exception: whatever `work` raises, where its result would have come.
    """
    with ThreadPoolExecutor(THREADS, "host") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
