"""A command in a process of its own: what it may take, what is known of its end, and that it outlives nobody."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from auditor.child import Caps, Ended, own_bytes, run_capped, session, watched
from auditor.errors import ChildFailed, ChildStopped

BEHAVE = "from auditor.child import behave; behave();"


def python(script: str, caps: Caps) -> Ended:
    return watched([sys.executable, "-c", script], caps, Event())


def gone(pid: int) -> bool:
    """Whether a process is no more, soon."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_what_a_command_says_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    script = "import sys; print('a'); print('b'); print('traceaudit: too few', file=sys.stderr); sys.exit(3)"
    assert python(script, Caps(30)) == Ended(3, ("a", "b"), "too few")
    assert "too few" in capfd.readouterr().err


def test_a_command_that_takes_too_long_is_ended_with_all_its_processes(tmp_path: Path) -> None:
    script = f"""
import subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "pid")!r}, "w").write(str(other.pid))
time.sleep(60)"""
    began = time.monotonic()
    ended = python(script, Caps(1.5))
    assert (ended.over, ended.code) == ("time", -signal.SIGTERM)
    assert time.monotonic() - began < 10
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_command_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.child.GRACE_S", 0.5)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert python(script, Caps(1)) == Ended(-signal.SIGKILL, over="time")


def test_a_command_is_told_to_end() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(ChildStopped, match="was told to end"):
        run_capped(["schedule", "list"], Caps(60), stop=stop)


def test_memory_is_counted_over_all_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.child.TREE_S", 0.2)
    hold = "import time; held = bytearray(b'x' * 60_000_000); time.sleep(60)"
    script = f"import subprocess, sys; [subprocess.Popen([sys.executable, '-c', {hold!r}]) for _ in range(3)]; {hold}"
    began = time.monotonic()
    assert python(script, Caps(60, 150_000_000)) == Ended(-signal.SIGKILL, over="memory")
    assert time.monotonic() - began < 30


def test_a_child_gives_way_and_is_the_first_to_go() -> None:
    script = f"""{BEHAVE}
import os, resource
print(os.nice(0), open("/proc/self/oom_score_adj").read().strip(), resource.getrlimit(resource.RLIMIT_CORE))
print("TRACEAUDIT_CHILD" in os.environ)"""
    nice = os.nice(0)
    assert python(script, Caps(30, nice=7)).lines == (f"{min(19, nice + 7)} 1000 (0, 0)", "False")


def test_a_child_ends_with_its_parent_however_that_ended(tmp_path: Path) -> None:
    """The parent is killed; the child, and what it started, are gone as soon."""
    child = f"""{BEHAVE}
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{other.pid}}")
time.sleep(60)"""
    script = f"import sys; from auditor.child import *; watched([sys.executable, '-c', {child!r}], Caps(60), Event())"
    parent = subprocess.Popen([sys.executable, "-c", script])
    while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text():
        time.sleep(0.05)
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert set(session(pids[0])) >= set(pids)
    assert own_bytes(pids[0]) > 1_000_000
    parent.kill()
    parent.wait()
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize(
    ("words", "caps", "reason"),
    [
        (["report", "--db", "nowhere.duckdb"], Caps(60), "failed: nowhere.duckdb: no such database"),
        (["schedule", "nothing"], Caps(60), "ended with code 2; see the log"),
        (["schedule", "list"], Caps(0.01), "was stopped: it took longer than 2.78e-06 hours"),
        (["schedule", "list"], Caps(60, 1), "was stopped: it took more than 9.31e-10 GiB of memory"),
    ],
)
def test_a_failure_says_why(words: list[str], caps: Caps, reason: str) -> None:
    with pytest.raises(ChildFailed, match="traceaudit") as caught:
        run_capped(words, caps)
    assert str(caught.value).startswith(f"traceaudit {words[0]} {reason}")


def test_a_cap_of_its_own_is_taken_from_the_machine() -> None:
    assert 0 < Caps(1).most_bytes < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert Caps(1, 5).most_bytes == 5
