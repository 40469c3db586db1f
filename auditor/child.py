"""Heavy work in a process of its own, with caps: a `traceaudit` command that cannot hold up or outlive who started it.

Who starts one watches its time and its memory, all its processes together, and kills it when it goes over. The child
itself gives way on the processor, is the first to go when the machine runs out of memory, leaves no core dump (logs
would be in it), and ends when its parent is gone, however that ended.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import IO

from auditor.errors import ChildFailed, ChildStopped

MARK = "TRACEAUDIT_CHILD"  # in the environment of a child: how it is to behave
LOOK_S = 0.1
TREE_S = 1.0  # how often is looked for further processes of the child
GRACE_S = 5.0  # to end by itself, once its time is over
KEPT_LINES = 100
WORDS = "traceaudit: "  # how a command begins that tells why it failed
SHARE = 0.75  # of the machine's memory, where no cap is set
FIRST_TO_GO = "1000"
PROC = Path("/proc")
ADDED = ("RssAnon:", "RssShmem:")  # what is this process's own; pages of files can be had back


@dataclass(frozen=True, slots=True)
class Caps:
    """What a child may take.

    Attributes:
        seconds: from its start to its end.
        memory_bytes: of it and all its processes; 0: three quarters of what the machine has.
        nice: how far it gives way on the processor, 0 to 19.
    """

    seconds: float
    memory_bytes: int = 0
    nice: int = 10

    @property
    def most_bytes(self) -> int:
        """The cap on memory in effect."""
        return self.memory_bytes or int(machine_bytes() * SHARE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Attributes:
        code: its exit code; negative: the signal that ended it.
        lines: the last ones on its standard output.
        words: what it said of why it failed; empty where it said nothing.
        over: the cap that it went over, "time" or "memory", or "stop" where it was told to end; empty otherwise.
    """

    code: int
    lines: tuple[str, ...] = ()
    words: str = ""
    over: str = ""


def run_capped(words: Sequence[str], caps: Caps, codes: Sequence[int] = (0,), stop: Event | None = None) -> Ended:
    """Run `traceaudit` with these words, and wait for it.

    Args:
        words: command and options.
        caps: what it may take.
        codes: exit codes that are no failure.
        stop: it is ended when this is set.

    Raises:
        ChildStopped: `stop` was set.
        ChildFailed: it failed, was killed, or went over a cap; its words say which.
    """
    ended = watched([sys.executable, "-m", "auditor", *words], caps, stop or Event())
    if ended.over == "stop":
        raise ChildStopped(words[0], "was told to end")
    if ended.over or ended.code not in codes:
        raise ChildFailed(words[0], reason_of(ended, caps))
    return ended


def reason_of(ended: Ended, caps: Caps) -> str:
    """Why it failed, for people."""
    if ended.over == "time":
        return f"was stopped: it took longer than {caps.seconds / 3600:.3g} hours"
    if ended.over == "memory":
        return f"was stopped: it took more than {caps.most_bytes / 2**30:.3g} GiB of memory"
    if ended.words:
        return f"failed: {ended.words}"
    if ended.code < 0:
        return f"was killed by signal {-ended.code}"
    return f"ended with code {ended.code}; see the log"


def watched(command: Sequence[str], caps: Caps, stop: Event) -> Ended:
    """Run a command, and kill it with all its processes once it goes over a cap, or `stop` is set."""
    said: deque[str] = deque(maxlen=KEPT_LINES)
    told: deque[str] = deque(maxlen=1)
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdin=subprocess.PIPE,  # nothing comes through it; it ends when this process does
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, MARK: json.dumps({"nice": caps.nice})},
        start_new_session=True,
    )
    assert process.stdout  # noqa: S101 - for the type checker
    assert process.stderr  # noqa: S101 - as above
    readers = [
        Thread(target=keep_lines, args=[process.stdout, said], daemon=True),
        Thread(target=pass_on, args=[process.stderr, told], daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        over = watch(process, caps, stop)
    finally:
        end_all(process)
        for reader in readers:
            reader.join(GRACE_S)
        process.stdin.close()  # type: ignore[union-attr]
    return Ended(process.returncode, tuple(said), "".join(told), over)


def watch(process: "subprocess.Popen[bytes]", caps: Caps, stop: Event) -> str:
    """Wait for its end; gives why it is to be killed, if it is."""
    began = looked = time.monotonic()
    tree, most = [process.pid], caps.most_bytes
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_S)
            return ""
        now = time.monotonic()
        if stop.is_set() or now - began > caps.seconds:
            ask_to_end(process)
            return "stop" if stop.is_set() else "time"
        if now - looked > TREE_S:
            looked, tree = now, list(session(process.pid))
        if sum(map(own_bytes, tree)) > most:
            return "memory"


def ask_to_end(process: "subprocess.Popen[bytes]") -> None:
    """Let it end by itself, for a while."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)


def end_all(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of its processes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def keep_lines(pipe: IO[bytes], lines: deque[str]) -> None:
    """Keep the last lines of an output."""
    with pipe:
        for line in pipe:
            lines.append(line.decode(errors="replace").rstrip("\n"))


def pass_on(pipe: IO[bytes], told: deque[str]) -> None:
    """Pass on what a command logs, and keep why it failed."""
    with pipe:
        for line in pipe:
            text = line.decode(errors="replace")
            with suppress(OSError, ValueError):
                sys.stderr.write(text)
            if text.startswith(WORDS):
                told.append(text.removeprefix(WORDS).rstrip("\n"))


def session(leader: int) -> Iterator[int]:
    """The processes of the session that a child leads; itself alone where the machine does not tell."""
    yield leader
    for folder in PROC.glob("[0-9]*"):
        pid = int(folder.name)
        with suppress(OSError):
            if pid != leader and os.getsid(pid) == leader:
                yield pid


def own_bytes(pid: int) -> int:
    """The memory that a process has to itself; 0 where it is gone, or the machine does not tell."""
    try:
        lines = (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(ADDED))


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this runs in."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            found.append(int(Path(limit).read_text(encoding="ascii")))
    return min(found)


def behave() -> None:
    """In the child, before it does anything: see above. In any other process: nothing."""
    told = os.environ.pop(MARK, "")
    if not told:
        return
    os.nice(int(json.loads(told)["nice"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        (PROC / "self" / "oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    Thread(target=end_with_parent, name="parent", daemon=True).start()


def end_with_parent() -> None:
    """Wait until the other end of standard input is gone, and end at once, with all of this session."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    with suppress(ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)  # it was started by others than us, and leads no group
