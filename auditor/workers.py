"""Local workers of the service: started, and started again when they end, with a pause that doubles."""

import logging
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from prometheus_client import CollectorRegistry, Counter, Gauge

logger = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
LIVED_S = 60.0  # one that lived for so long begins with a short pause again
LOOK_S = 0.2
PATIENCE_S = 30.0  # for a batch to end, when all are told to stop


@dataclass(slots=True)
class Worker:
    """One of them.

    Attributes:
        number: from 0; its GPU where there are several.
        next_at: when to start it, in seconds that only go up.
        pause_s: before it is started again.
    """

    number: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    next_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S


class Workers:
    """Keeps `count` workers running.

    Each has the reading end of a pipe as its standard input and ends when the other end is gone: no worker outlives
    a service that is killed.

    Args:
        command: what one of them runs.
        count: how many.
        registry: where it is counted how they fare.
    """

    def __init__(self, command: Sequence[str], count: int, registry: CollectorRegistry) -> None:
        self.command = command
        self.workers = [Worker(number) for number in range(count)]
        self.up = Gauge("traceaudit_workers_up", "Local workers that run", registry=registry)
        self.restarts = Counter(
            "traceaudit_worker_restarts", "Local workers that ended by themselves", registry=registry
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep them running while the context lasts."""
        stop = Event()
        thread = Thread(target=self.keep, args=[stop], name="workers")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def keep(self, stop: Event) -> None:
        """Start and restart them until `stop` is set; then end them."""
        while not stop.is_set():
            for worker in self.workers:
                self.look_after(worker, time.monotonic())
            self.up.set(sum(worker.process is not None for worker in self.workers))
            stop.wait(LOOK_S)
        self.end()

    def look_after(self, worker: Worker, now: float) -> None:
        """Start a worker whose time has come, or note that one ended."""
        if worker.process is None:
            if now >= worker.next_at:
                self.start(worker, now)
        elif (code := worker.process.poll()) is not None:
            self.restarts.inc()
            logger.warning("a worker ended", extra={"worker": worker.number, "code": code})
            if now - worker.started_at >= LIVED_S:
                worker.pause_s = FIRST_PAUSE_S
            worker.process, worker.next_at = None, now + worker.pause_s
            worker.pause_s = min(LONGEST_PAUSE_S, worker.pause_s * 2)

    def start(self, worker: Worker, now: float) -> None:
        """Start one; with several, each on a GPU of its own."""
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if len(self.workers) > 1 else []
        names = [name for name in gpus if name] or [str(number) for number in range(len(self.workers))]
        own = {"CUDA_VISIBLE_DEVICES": names[worker.number % len(names)]} if len(self.workers) > 1 else {}
        worker.process = subprocess.Popen(  # noqa: S603 - our own command
            self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, **own}
        )
        worker.started_at = now

    def end(self) -> None:
        """Let each finish its batch; those that take too long are killed, which loses nothing."""
        processes = [worker.process for worker in self.workers if worker.process]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
