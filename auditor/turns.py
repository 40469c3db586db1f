"""A lock that is given in the order in which it is asked for, so that nobody who writes much keeps the others out."""

from collections import deque
from threading import Lock
from typing import Self


class Turns:
    """As `threading.Lock` in a `with`, and fair: who lets go and asks again stands behind those who wait."""

    def __init__(self) -> None:
        self.guard = Lock()
        self.is_held = False
        self.queue: deque[Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many ask for it at the moment."""
        return len(self.queue)

    def __enter__(self) -> Self:
        with self.guard:
            if not self.is_held:
                self.is_held = True
                return self
            turn = Lock()
            turn.acquire()
            self.queue.append(turn)
        try:
            turn.acquire()
        except BaseException:  # such as a signal: who no longer waits must not be given it
            self.leave(turn)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self.guard:
            if self.queue:
                self.queue.popleft().release()  # it stays held, by the next
            else:
                self.is_held = False

    def leave(self, turn: Lock) -> None:
        """Wait no longer; what was given meanwhile goes to the next."""
        with self.guard:
            is_mine = turn not in self.queue
            if not is_mine:
                self.queue.remove(turn)
        if is_mine:
            self.__exit__()
