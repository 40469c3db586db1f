"""What takes long to make of the data is made once, kept, and made anew in a thread when the data have changed.

Whoever asks gets what there is, with the moment at which it was made, and never waits for long.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Condition, Thread
from typing import Any, Generic, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

QUICK_S = 1.0  # what was made in less is waited for when it is made anew
PAUSE = 10.0  # times as long as it took, at least, until the same is made anew: so it takes a tenth of the time
MOST_KEPT = 24


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """What was made.

    Attributes:
        mark: of the data that it was made of.
        made_at: by the clock of the service.
        took_s: seconds.
        ended: by the clock that never goes back.
    """

    value: T
    mark: Hashable
    made_at: datetime
    took_s: float
    ended: float


class Keeper(Generic[T]):
    """One such thing.

    Args:
        make: makes it, from any thread.
        now: the clock.
        ticks: seconds, by a clock that never goes back.
    """

    def __init__(
        self, make: Callable[[], T], now: Callable[[], datetime], ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.make = make
        self.now = now
        self.ticks = ticks
        self.kept: Kept[T] | None = None
        self.failure: Exception | None = None
        self.is_making = False
        self.changed = Condition()

    def get(self, mark: Hashable, wait_s: float) -> Kept[T] | None:
        """What there is; None where nothing was made yet, and making it takes longer than `wait_s`.

        Args:
            mark: of the data as they are; where what is kept has another one, it is made anew.
            wait_s: how long to wait for the first one, or for a newer one that is made quickly.

        Raises:
            Exception: whatever kept the first one from being made; it is tried again with the next call.
        """
        with self.changed:
            if not self.is_making and self.is_due(mark):
                self.begin(mark)
            if self.is_making and (self.kept is None or self.kept.took_s < QUICK_S):
                self.changed.wait_for(lambda: not self.is_making, wait_s)
            if self.failure is not None and not self.is_making:
                failure, self.failure = self.failure, None
                raise failure
            return self.kept

    def is_due(self, mark: Hashable) -> bool:
        """Whether it is to be made: it never was, or of other data and some time ago."""
        kept = self.kept
        return kept is None or (kept.mark != mark and self.ticks() - kept.ended >= PAUSE * kept.took_s)

    def begin(self, mark: Hashable) -> None:
        """Make it in a thread; whoever calls holds `changed`."""
        self.is_making, self.failure = True, None
        Thread(target=self.run, args=(mark,), name="making", daemon=True).start()

    def run(self, mark: Hashable) -> None:
        """Make it; what goes wrong is told to whoever asks."""
        began, made_at = self.ticks(), self.now()
        kept, failure = self.kept, None
        try:
            value = self.make()
            ended = self.ticks()
            kept = Kept(value, mark, made_at, ended - began, ended)
        except Exception as error:  # noqa: BLE001 - raised to whoever asks for it, unless there is an older one
            logger.warning("could not be made", extra={"error": type(error).__name__})
            failure = error if kept is None else None
            kept = kept and replace(kept, mark=mark)
        with self.changed:
            self.kept, self.failure, self.is_making = kept, failure, False
            self.changed.notify_all()


class Shelf:
    """Keepers by name; those that nobody asked for lately are forgotten.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.keepers: OrderedDict[Hashable, Keeper[Any]] = OrderedDict()
        self.changed = Condition()

    def get(self, name: Hashable, make: Callable[[], T], mark: Hashable, wait_s: float) -> Kept[T] | None:
        """What is kept under a name, or is made by `make`; see `Keeper.get`."""
        with self.changed:
            keeper: Keeper[T] = self.keepers.setdefault(name, Keeper(make, self.now))
            self.keepers.move_to_end(name)
            while len(self.keepers) > MOST_KEPT:
                self.keepers.popitem(last=False)
        return keeper.get(mark, wait_s)
