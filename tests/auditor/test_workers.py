"""Local workers are started, started again with a pause, and end with the service."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from auditor import workers
from auditor.workers import FIRST_PAUSE_S, LIVED_S, LONGEST_PAUSE_S, Workers

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
ENDS_WITH_PARENT = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_workers_run_side_by_side_and_end_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Workers(SLEEPS, 2, CollectorRegistry())
    with mine.running():
        until(lambda: all(worker.process for worker in mine.workers))
        processes = [worker.process for worker in mine.workers if worker.process]
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [-signal.SIGTERM] * 2


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE_S", 0.3)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    mine = Workers([sys.executable, "-c", deaf], 1, CollectorRegistry())
    with mine.running():
        until(lambda: mine.workers[0].process)
        time.sleep(1.0)  # for it to become deaf
        process = mine.workers[0].process
    assert process
    assert process.returncode == -signal.SIGKILL


def test_one_that_ends_is_started_again_after_a_pause_that_doubles() -> None:
    registry = CollectorRegistry()
    mine = Workers([sys.executable, "-c", "raise SystemExit(7)"], 1, registry)
    (worker,) = mine.workers
    now = 0.0
    pauses: list[float] = []
    for _ in range(9):
        mine.look_after(worker, now)
        assert worker.process
        worker.process.wait()
        mine.look_after(worker, now)
        assert worker.process is None
        pauses.append(worker.next_at - now)
        mine.look_after(worker, worker.next_at - 0.01)
        assert worker.process is None  # not yet
        now = worker.next_at
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert registry.get_sample_value("traceaudit_worker_restarts_total") == 9


def test_one_that_lived_long_begins_with_a_short_pause_again() -> None:
    mine = Workers([sys.executable, "-c", ""], 1, CollectorRegistry())
    (worker,) = mine.workers
    worker.pause_s = LONGEST_PAUSE_S
    mine.look_after(worker, 0.0)
    assert worker.process
    worker.process.wait()
    mine.look_after(worker, LIVED_S)
    assert worker.next_at == LIVED_S + FIRST_PAUSE_S


def test_several_get_a_gpu_each_and_one_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, env, **__: seen.append(env.get("CUDA_VISIBLE_DEVICES")))
    for count in (2, 1):
        mine = Workers([], count, CollectorRegistry())
        for worker in mine.workers:
            mine.start(worker, 0.0)
    assert seen == ["4", "6", "4,6"]


def test_workers_end_with_a_service_that_is_killed() -> None:
    code = (
        "import os, signal, sys\nfrom prometheus_client import CollectorRegistry\nfrom auditor.workers import Workers\n"
        f"mine = Workers({ENDS_WITH_PARENT!r}, 1, CollectorRegistry())\nmine.look_after(mine.workers[0], 1.0)\n"
        "print(mine.workers[0].process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    until(lambda: not is_running(int(done.stdout)))


def is_running(pid: int) -> bool:
    """Whether a process is there and not only waits to be collected."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - read as one line
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
