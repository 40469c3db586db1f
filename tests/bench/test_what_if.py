"""Moving a threshold at one and at ten million verdicts: from the index, beside reading every risk.

make bench, or: python -m pytest -s tests/bench/test_what_if.py
"""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from auditor.policies.file import configured_policy
from auditor.policies.policy import Policy, Rule, Thresholds
from auditor.queries_what_if import bins, reread
from auditor.store import Store
from conf.schema import load
from reports.what_if.index import Index, index_of, lines_of
from reports.what_if.outcome import Material, Sample, outcome, sides_of
from tests.reports.what_if.scan import JUDGED, full_scan

REVIEWS = 5_000
MOVES = 20
MOST_MS = 50.0


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("n", [1_000_000, 10_000_000])
def test_a_threshold_moves_in_time_and_counts_exactly(n: int) -> None:
    policy = configured_policy(load((), {}).policy)
    rules = tuple(Rule(tenant=tenant, category="other", escalate=0.3) for tenant in ("harbor-bank", "city-clinic"))
    moved = [
        replace(policy, default=Thresholds(t, t, t), rules=rules) for t in np.round(np.linspace(0.05, 0.95, MOVES), 4)
    ]
    with Store.open(":memory:", "unused") as store:
        store.connection.execute(JUDGED, {"n": n})
        started = time.perf_counter()
        with reread(store.connection):
            index = index_of(bins(store.connection))
            built = time.perf_counter() - started
            material = Material(index, sample(index), 28, 28, REVIEWS)
            everything = np.ones(len(index.slices), dtype=bool)

            def move(one: Policy) -> float:
                return outcome(material, sides_of(material, lines_of(one, index)), everything, one).alerts * 28

            move(moved[0])  # imports what it needs
            each, waited, counted = timed(move, moved)
            _, scan, scanned = timed(lambda one: full_scan(store.connection, one, index.slices), moved)
    assert np.round(counted).astype(int).tolist() == scanned
    print(
        f"\n{n:,} verdicts, {len(index.slices)} combinations, {platform.processor() or platform.machine()}: index in "
        f"{built:.1f} s ({index.keys.nbytes * 2 / 1e6:.0f} MB); a move with all its intervals {each:.1f} ms of one "
        f"processor, {waited:.1f} ms on the clock; a full scan {scan:.0f} ms, {scan / waited:.0f} times as long"
    )
    assert each < MOST_MS  # of the processor, so that other work on the machine does not fail it


def sample(index: Index) -> Sample:
    """Reviewed exchanges, spread over everything."""
    random = np.random.default_rng(1)
    stage = random.integers(0, 3, REVIEWS)
    return Sample(
        random.integers(0, len(index.slices), REVIEWS),
        stage,
        random.integers(0, 10_001, REVIEWS),
        random.uniform(1, 200, REVIEWS),
        random.random(REVIEWS) < 0.1,
        stage,
    )


def timed(do: Callable[[Policy], float], policies: Sequence[Policy]) -> tuple[float, float, list[float]]:
    """Medians of the milliseconds that each takes of the processor and on the clock, and what came of them."""
    worked, took, results = [], [], []
    for policy in policies:
        started, began = time.perf_counter(), time.thread_time()
        results.append(do(policy))
        worked.append(1000 * (time.thread_time() - began))
        took.append(1000 * (time.perf_counter() - started))
    return statistics.median(worked), statistics.median(took), results
