"""A function in a thread of its own, while something else is done now and then."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue

END_S = 1.0


class Aside:
    """One thread, started when first needed, for all the calls: libraries keep state by thread.

    It is a daemon: a process that is told to end at once does not wait for it.
    """

    def __init__(self) -> None:
        self.calls: SimpleQueue[tuple[Callable[[], None], Future[None]] | None] = SimpleQueue()
        self.thread: threading.Thread | None = None

    def run(self, function: Callable[[], None], meanwhile: Callable[[], None], every_s: float) -> None:
        """Call `function` there and wait for it; call `meanwhile` here, every `every_s` seconds.

        Raises:
            Exception: whatever either of the two raises.
        """
        if self.thread is None:
            self.thread = threading.Thread(target=self.work, name="aside", daemon=True)
            self.thread.start()
        done: Future[None] = Future()
        self.calls.put((function, done))
        while not wait([done], every_s).done:
            meanwhile()
        done.result()

    def end(self) -> None:
        """Let the thread go, with all that it holds; one that is in the middle of a call stays until that returns."""
        self.calls.put(None)
        if self.thread is not None:
            self.thread.join(END_S)

    def work(self) -> None:
        """Make the calls, one after another, until `end`."""
        while call := self.calls.get():
            function, done = call
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised where the call was made
                done.set_exception(error)
            else:
                done.set_result(None)
