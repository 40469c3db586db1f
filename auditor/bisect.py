"""Finds the items on which work fails, so that one of them does not stop the others.

1. Work that fails on several items is tried again, after a wait: the cause may pass.
2. It is then done on one half of the items, and on the other; so on, down to single items.
3. A single item on which it fails is set aside, if the machinery is sound just then and it fails once more.
4. Where the machinery is not sound, its failure is raised: the items are not at fault.

Pure but for the waiting, which is a function passed in.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from auditor.errors import BackendFailed

Item = TypeVar("Item")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How failed work is tried again.

    Attributes:
        retries: how often, before it is taken apart.
        wait: waits so many seconds.
        chance: a number from 0 to 1; waits are random, so that many who failed together do not come back together.
    """

    retries: int
    wait: Callable[[float], None]
    chance: Callable[[], float] = random.random

    def before_retry(self, number: int) -> None:
        """Wait, longer at each try."""
        self.wait(self.chance() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**number))


@dataclass(frozen=True, slots=True)
class Bisection(Generic[Item]):
    """Work that may fail because of single items.

    Attributes:
        work: does it on some items; raises BackendFailed or MemoryError when it fails on them, and may be called again
            with the same.
        check: does it on an item that is known to be good; raises the same when the machinery is broken.
    """

    work: Callable[[Sequence[Item]], None]
    check: Callable[[], None]
    patience: Patience

    def failing(self, items: Sequence[Item]) -> list[Item]:
        """Do the work on `items`; gives back those on which it fails, with the work done on all others.

        Raises:
            BackendFailed: the machinery is broken.
        """
        return [] if self.succeeds(items, self.patience.retries) else self.apart(items)

    def apart(self, items: Sequence[Item]) -> list[Item]:
        """Those on which the work fails, of some on which it fails together."""
        if len(items) == 1:
            return self.set_aside(items)
        middle = len(items) // 2
        halves = (items[:middle], items[middle:])
        return [item for half in halves if half and not self.succeeds(half) for item in self.apart(half)]

    def set_aside(self, items: Sequence[Item]) -> list[Item]:
        """A single item, unless it was not its fault."""
        try:
            self.check()
        except MemoryError:
            raise BackendFailed("the backend is out of memory") from None
        return [] if self.succeeds(items, self.patience.retries) else list(items)

    def succeeds(self, items: Sequence[Item], retries: int = 0) -> bool:
        """Whether the work is done; where memory is short, the same again is of no use."""
        for number in range(retries + 1):
            try:
                self.work(items)
            except MemoryError:
                return False
            except BackendFailed:
                if number < retries:
                    self.patience.before_retry(number)
            else:
                return True
        return False
