"""Promotions killed at random moments: always exactly one whole serving model, and the pointer says what was decided.

KILLS says how many; 50 were run before a release, fewer run each time.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.registry.folder import Registry
from auditor.registry.places import open_registry
from auditor.registry.promotions import history, reconcile, standing
from auditor.registry.serving import Serving
from auditor.store import Store
from conf.schema import load

KILLS = int(os.environ.get("KILLS", "8"))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "a.duckdb"
    Store.open(str(path)).close()
    return path


@pytest.fixture
def nursery(db: Path) -> Iterator["subprocess.Popen[str]"]:
    """What forks those who promote."""
    words = [sys.executable, "-m", "tests.auditor.registry.promoting", str(db)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def begun(nursery: "subprocess.Popen[str]") -> int:
    """One that promotes."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def killed(nursery: "subprocess.Popen[str]", child: int) -> int:
    """Kill it; gives how many promotions it said it had done."""
    os.kill(child, signal.SIGKILL)
    assert nursery.stdout
    return sum(1 for _ in iter(nursery.stdout.readline, "gone\n"))


def time_of(nursery: "subprocess.Popen[str]", n_promotions: int) -> float:
    """Seconds that one takes for its first promotions on this machine."""
    child, began = begun(nursery), time.monotonic()
    assert nursery.stdout
    for _ in range(n_promotions):
        assert nursery.stdout.readline() == "promoted\n"
    took = time.monotonic() - began
    killed(nursery, child)
    return took


def one_whole_model(registry: Registry) -> Serving | None:
    """What serves, right after the kill, before anybody mended anything."""
    serving = registry.serving()
    if serving and serving.revision:
        registry.check(registry.version(serving.revision))
    assert registry.broken() == []
    for version in registry.versions():
        registry.check(version)
    return serving


@pytest.mark.timeout(60 + 20 * KILLS)
def test_whenever_a_promotion_is_killed_one_whole_model_serves(db: Path, nursery: "subprocess.Popen[str]") -> None:
    registry = open_registry(load(overrides={"store.path": str(db)}), write=True)
    luck = random.Random(8)  # noqa: S311 - no secret; a seed, so that a failure can be seen again
    numbers, longest_s = [0], time_of(nursery, 3)
    for _ in range(KILLS):
        child = begun(nursery)
        time.sleep(luck.uniform(0.0, longest_s))
        killed(nursery, child)
        before = one_whole_model(registry)
        with Store.open(str(db)) as store:
            decided = standing(history(store.connection))
            mended = reconcile(store, registry, datetime.now(UTC))
            assert (mended is not None) == (decided is not None and before != decided)
            assert registry.serving() == decided
            numbers.append(decided.number if decided else 0)
        # One decision at most was not followed by its pointer.
        assert (decided.number if decided else 0) - (before.number if before else 0) in {0, 1}
    assert numbers == sorted(numbers)
    assert numbers[-1] >= KILLS / 5  # they got somewhere
    with registry.writing():
        assert not list(registry.folder.rglob(".new-*"))
