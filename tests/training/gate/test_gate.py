"""The gate on real checkpoints: the guard that serves beside a copy, and beside one that was spoiled."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.models import DEMO, DEMO_FOLDER, find_checkpoint
from auditor.registry.results import Check, GateResult, Ruling
from auditor.registry.store_gates import gates, gates_of, keep_gate
from auditor.store import Store
from conf.schema import load
from tests.factories import NOW
from training.gate.cases import GateCases, hash_cases, shipped_cases
from training.gate.gate import run_gate, told

CONFIG = load(overrides={"auditor.max_new_tokens": "160"})


@pytest.fixture(scope="module")
def few() -> GateCases:
    """Some of each set, so that it is quick."""
    cases = shipped_cases(CONFIG)
    return replace(
        cases,
        gold=cases.gold[::3],
        frozen=tuple(replace(case, weight=20.0) for case in cases.gold[1:9]),
        over_refusal=cases.over_refusal[::6],
        canaries=cases.canaries[:4],
        injections=cases.injections[::9],
    )


def spoiled(folder: Path) -> Path:
    """The demo guard with its last layer turned round: what was likely is unlikely."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(DEMO_FOLDER, folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight" if "model.norm.weight" in weights else norm_of(weights)] *= -1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def norm_of(weights: Mapping[str, object]) -> str:
    """The name of the last norm of the language model."""
    return next(
        name for name in weights if name.endswith("norm.weight") and "layers" not in name and "visual" not in name
    )


def by_name(checks: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_copy_of_the_champion_differs_in_nothing_and_lacks_only_cases(few: GateCases, tmp_path: Path) -> None:
    copy = shutil.copytree(DEMO_FOLDER, tmp_path / "copy")
    result = run_gate(str(copy), DEMO, few, CONFIG)
    assert result.candidate == result.champion == find_checkpoint(DEMO, "").revision
    found = by_name(result.checks)
    assert not [check for check in result.checks if check.ruling is Ruling.FAILED and check.name != "latency"]
    assert {
        "gold",
        "gold_recall",
        "gold_order",
        "frozen_sample",
        "over_refusal",
        "canaries",
        "injections",
    } <= found.keys()
    assert {"calibration", "triggers", "latency", "language:en"} <= found.keys()
    assert found["gold"].candidate == found["gold"].champion
    assert (found["gold"].ruling, result.passed) == (Ruling.TOO_FEW, False)
    assert found["canaries"].ruling is Ruling.PASSED
    assert found["triggers"].ruling is Ruling.NOT_ASKED
    assert result.data["gold"] == hash_cases(few.gold)
    assert told(result)[-1].endswith("the gate refuses it: gold, gold_recall") or "gold" in told(result)[-1]


def test_a_spoiled_candidate_is_refused_with_its_reasons(few: GateCases, tmp_path: Path) -> None:
    result = run_gate(str(spoiled(tmp_path / "spoiled")), DEMO, few, CONFIG)
    assert not result.passed
    failed = {check.name for check in result.checks if check.ruling is Ruling.FAILED}
    assert failed & {"gold", "gold_order", "over_refusal", "calibration"}
    assert all(check.reason for check in result.checks)


def test_what_a_gate_found_is_kept_once_and_read_again() -> None:
    check = Check("gold", Ruling.PASSED, "F1 0.9", "F1", 0.9, 0.8, -0.01, 0.2, -0.05, 100)
    checks = (check, replace(check, name="canaries", low=None))
    result = GateResult("g1", NOW, "cand", "champ", checks, {"gold": "ab"}, 1.5)
    with Store.open(":memory:") as store:
        for _ in range(2):
            keep_gate(store, result)
        keep_gate(store, replace(result, run_id="g2", candidate="other"))
        assert gates_of(store.connection, "cand") == [result]
        assert [one.run_id for one in gates(store.connection)] == ["g1", "g2"]
        ((events,),) = store.connection.execute("SELECT count(*) FROM events WHERE kind = 'gate.ruled'").fetchall()
    assert events == 2


def test_a_check_that_is_advisory_refuses_nothing(few: GateCases) -> None:
    from training.gate.gate import is_advisory

    config = load(overrides={"gate.advisory": '["language"]'})
    check = Check("language:en", Ruling.FAILED, "worse", "share")
    assert is_advisory(check, config.gate.advisory)
    assert not is_advisory(replace(check, name="gold"), config.gate.advisory)


def test_the_shipped_sets_are_whole(few: GateCases) -> None:
    cases = shipped_cases(CONFIG)
    assert all(not case.harmful for case in cases.over_refusal)
    assert all(case.harmful for case in (*cases.canaries, *cases.injections))
    ids = [
        case.triple.id for name in ("gold", "over_refusal", "canaries", "injections") for case in getattr(cases, name)
    ]
    assert len(ids) == len(set(ids))
    assert len({case.language for case in cases.over_refusal}) >= 4
