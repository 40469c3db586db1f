"""A training that is killed at random moments: one whole model serves all the while, and in the end it gets there.

KILLS=50 for as many as the promise names; CI does a few.
"""

import multiprocessing
import os
import random
import sys
import time
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from auditor.policies.store import Act
from auditor.registry.places import open_registry
from auditor.registry.promotions import decide, propose
from auditor.store import Store
from tests.auditor.registry.made import added
from tests.training.run import made
from tests.training.run.made import AT, configured, left, ordered, registry_of, reviewed, rows

KILLS = int(os.environ.get("KILLS", "5"))
PATIENCE_S = 600


def work(folder: str) -> None:
    """In a process of its own: a whole training, or the rest of one; without a folder, nothing."""
    from training.run.train import train

    if not folder:
        return

    os.environ["OMP_NUM_THREADS"] = "1"
    with made.quick_gate():
        train(ordered(Path(folder)))
    sys.exit(0)


def started(folder: Path | str) -> ForkServerProcess:
    """Forked off a process that has the libraries already, so that a moment is not one of their imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.run.made", "training.run.stages", "training.run.finish", "trl"])
    process = context.Process(target=work, args=[str(folder)])
    process.start()
    return process


def promoted(folder: Path) -> str:
    """The revision of a model that two people let serve."""
    registry = open_registry(configured(folder), write=True)
    version = added(registry, folder / "made", 0.01)
    with Store.open(str(folder / "a.duckdb")) as store:
        one = propose(store, registry, version.revision, Act("ann", AT, ""))
        decide(store, registry, one.number, Act("bob", AT + timedelta(minutes=1), ""), approve=True)
    return version.revision


def assert_one_whole_model_serves(folder: Path, revision: str) -> None:
    registry = registry_of(folder)
    serving = registry.serving()
    assert serving
    assert (serving.revision, registry.champion()) == (revision, revision)
    assert registry.broken() == []
    for version in registry.versions():
        registry.check(version)


@pytest.mark.timeout(1800)
def test_killed_at_random_moments_it_gets_there_and_what_serves_is_whole(tmp_path: Path) -> None:
    reviewed(tmp_path)
    revision = promoted(tmp_path)
    started("").join()  # the libraries are there from now on
    first = started(tmp_path)
    began = time.monotonic()
    first.join(PATIENCE_S)
    assert first.exitcode == 0
    whole_s = time.monotonic() - began
    chance = random.Random(os.environ.get("SEED", "8"))  # noqa: S311 - no secret
    ended = killed = 0
    for _ in range(KILLS):
        process = started(tmp_path)
        process.join(chance.uniform(0.02, 0.9) * whole_s)
        if process.exitcode is None:
            process.kill()
            killed += 1
        else:
            ended += process.exitcode == 0
        process.join()
        assert_one_whole_model_serves(tmp_path, revision)
        assert len(left(tmp_path)) <= 1
    last = started(tmp_path)
    last.join(PATIENCE_S)
    assert last.exitcode == 0
    assert_one_whole_model_serves(tmp_path, revision)
    assert left(tmp_path) == []
    assert killed + ended == KILLS
    states = dict(rows(tmp_path, "SELECT state, count(*) FROM training_runs GROUP BY 1"))  # type: ignore[arg-type,var-annotated]
    assert set(states) <= {"done", "refused", "running"}
    print(f"\n{killed} kills of {KILLS} starts, a whole training takes {whole_s:.1f} s; runs by state: {states}")
