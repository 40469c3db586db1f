"""The decoding process as its parent sees it: spoken to over pipes, and never waited for beyond a deadline."""

import fcntl
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from ingest.errors import DecoderUnusable
from ingest.images.wire import READY

START_S = 30.0  # a machine that is busy may take seconds; no image is judged by this
PIPE_BYTES = 2**20  # what Linux lets anybody ask for; its default of 64 kB costs a switch of processes each time

# glibc gives memory of this size back to the kernel after each image, and half of the time goes into getting it again.
KEEP_PAGES = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20)}

ROOT = Path(__file__).parents[2]


class Child:
    """A running worker.

    Attributes:
        owner: the process that started it; a fork of that one must not speak to it.
    """

    def __init__(self, memory_bytes: int) -> None:
        """Start it, and wait until it is ready.

        Raises:
            DecoderUnusable: it does not start.
        """
        self.owner = os.getpid()
        self.process = subprocess.Popen(  # noqa: S603 - our own module under this interpreter
            [sys.executable, "-S", "-m", "ingest.images.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(map(str, [ROOT, *filter(None, sys.path)])), **KEEP_PAGES},
            start_new_session=True,  # Ctrl-C is ours to handle
            bufsize=0,
        )
        self.ask, self.answer = (widened(pipe.fileno()) for pipe in (self.process.stdin, self.process.stdout) if pipe)
        try:
            is_ready = self.receive(len(READY), time.monotonic() + START_S) == READY
        except (OSError, EOFError):
            is_ready = False
        if not is_ready:
            self.stop()
            raise DecoderUnusable(f"the image decoder does not start: {sys.executable} -m ingest.images.worker")

    @property
    def usable(self) -> bool:
        """Whether it lives, and is ours."""
        return self.owner == os.getpid() and self.process.poll() is None

    def send(self, data: bytes, until: float) -> None:
        """Write all of `data`.

        Raises:
            TimeoutError: it was not taken by then.
            OSError: the child is gone.
        """
        rest = memoryview(data)
        while rest:
            wait(self.ask, select.POLLOUT, until)
            rest = rest[os.write(self.ask, rest) :]

    def receive(self, n_bytes: int, until: float) -> bytearray:
        """Read just so many bytes.

        Raises:
            TimeoutError: they did not come by then.
            EOFError: the child is gone.
        """
        data = bytearray(n_bytes)
        rest = memoryview(data)
        while rest:
            wait(self.answer, select.POLLIN, until)
            n_read = os.readv(self.answer, [rest])
            if n_read == 0:
                raise EOFError
            rest = rest[n_read:]
        return data

    def stop(self) -> None:
        """End it, whatever it is doing; a fork only closes its ends of the pipes."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def widened(handle: int) -> int:
    """The pipe, with room for a picture, and never blocking."""
    os.set_blocking(handle, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:  # the user has too many wide pipes already: it works with narrow ones, slower
            return handle
    return handle


def wait(handle: int, event: int, until: float) -> None:
    """Until the pipe is ready.

    Raises:
        TimeoutError: it was not by then.
    """
    poll = select.poll()
    poll.register(handle, event)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError
