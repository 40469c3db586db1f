"""Counts from the index are those of a full scan, whatever the policy; risks are read by the calibration in force."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.calibration import Calibration, Group, Isotonic, Temperature, parameters_of
from auditor.policies.file import configured_policy
from auditor.policies.policy import Policy, Rule, Slice, Thresholds
from auditor.queries_what_if import UNSCORABLE, Bins, bins, reread, stale
from auditor.store import Store
from conf.schema import load
from reports.what_if.index import WIDTH, Index, index_of, lines_of
from tests.reports.what_if.scan import JUDGED, full_scan

POLICY = configured_policy(load((), {}).policy)
LINE = st.one_of(st.integers(1, 10_000), st.sampled_from([1, 5_000, 9_999, 10_000])).map(lambda step: step / 10_000)
RULE = st.builds(
    Rule,
    tenant=st.sampled_from([None, "harbor-bank", "city-clinic", "nobody"]),
    application=st.sampled_from([None, None, "chat"]),
    category=st.sampled_from([None, "data_privacy", "other"]),
    thinking=st.sampled_from([None, "raw", "redacted"]),
    escalate=LINE,
)


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with Store.open(":memory:", "unused") as store:
        store.connection.execute(JUDGED, {"n": 40_000})
        with reread(store.connection):
            yield store.connection


@pytest.fixture(scope="module")
def index(cursor: duckdb.DuckDBPyConnection) -> Index:
    return index_of(bins(cursor))


@settings(max_examples=60, deadline=None)
@given(default=LINE, rules=st.lists(RULE, max_size=5))
def test_any_policy_gets_the_counts_of_a_full_scan(
    cursor: duckdb.DuckDBPyConnection, index: Index, default: float, rules: list[Rule]
) -> None:
    policy: Policy = replace(POLICY, default=Thresholds(default, default, default), rules=tuple(rules))
    counted = index.at_or_above(lines_of(policy, index).escalate).sum()
    assert counted == full_scan(cursor, policy, index.slices)


def test_everything_is_counted_once(index: Index) -> None:
    assert index.all().sum() == 40_000


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, UNSCORABLE)), min_size=1), st.integers(0, UNSCORABLE))
def test_an_index_of_any_bins_counts_right(rows: list[tuple[int, int]], line: int) -> None:
    slices = tuple(Slice(str(n // 2), None, "other", "raw") for n in range(6))
    kept = sorted(set(rows))
    cell, bin_ = (np.array(column, dtype=np.int64) for column in zip(*kept, strict=True))
    made = index_of(Bins(slices, np.array([0, 1, 0, 1, 0, 1]), cell, bin_, np.arange(1, len(kept) + 1)))
    wanted = sum(n for n, (_, at) in enumerate(kept, 1) if at >= line)
    assert made.at_or_above(np.full(len(made.slices), line, dtype=np.int64)).sum() == wanted
    assert WIDTH == UNSCORABLE + 1


@pytest.mark.parametrize("curve", [Temperature(2.7), Isotonic((0.1, 0.35, 0.8), (0.02, 0.3, 0.9))])
def test_risks_are_read_by_the_calibration_in_force(curve: Temperature | Isotonic) -> None:
    calibration = Calibration("now", Group("r1", "p1", "triage"), curve)
    with Store.open(":memory:", "unused") as store:
        keep(store, calibration)
        store.connection.execute(JUDGED, {"n": 3_000})
        scores = dict(store.connection.execute("SELECT triple_id, harm_score FROM judged").fetchall())
        rows = store.connection.execute("SELECT triple_id FROM judged WHERE judgment IS NULL").fetchall()
        with reread(store.connection):
            got = dict(store.connection.execute("SELECT triple_id, bin FROM reread").fetchall())
    for name, score in scores.items():
        risk = calibration.risk(score)
        assert risk is not None
        wanted = max(step for step in near(risk) if step / 10_000 <= risk)
        assert got[name] == (UNSCORABLE if (name,) in rows else wanted)


def near(risk: float) -> range:
    return range(max(0, int(risk * 10_000) - 2), min(10_000, int(risk * 10_000) + 2) + 1)


def keep(store: Store, calibration: Calibration) -> None:
    row = {
        "id": calibration.id,
        **asdict(calibration.group),
        "method": calibration.curve.method,
        "parameters": parameters_of(calibration.curve),
        "n_reviews": 1,
        "n_harmful": 1,
        "fitted_at": datetime(2026, 11, 1),  # noqa: DTZ001 - as the database keeps it
        "diagram": "{}",
        "metrics": "{}",
    }
    with store.transaction():
        store.insert("calibrations", [row])


def test_only_what_another_calibration_is_in_force_for_is_read_anew() -> None:
    row = ("guard", "r1", "p1", "triage", "triage", "qta")
    calibration = Calibration("now", Group("r1", "p1", "triage"), Temperature(2.0))
    now = {calibration.group: calibration}
    assert stale([(*row, "now")], now) == []
    assert stale([(*row, "identity")], now) == [(*row, "identity", "now")]
    assert stale([(*row, "gone")], {}) == [(*row, "gone", "identity")]
