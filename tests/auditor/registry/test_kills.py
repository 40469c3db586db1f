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
LONGEST_S = 0.6


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


def kill_one(nursery: "subprocess.Popen[str]", after_s: float) -> None:
    """Let one begin, and kill it after a while."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    assert nursery.stdout.readline() == "gone\n"


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
    numbers = [0]
    for _ in range(KILLS):
        kill_one(nursery, luck.uniform(0.0, LONGEST_S))
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
    assert numbers[-1] > KILLS / 4  # they got somewhere
    with registry.writing():
        assert not list(registry.folder.rglob(".new-*"))
