"""The run of a gate: both guards over all cases, then each check; what it found is kept with the candidate."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from auditor.policies.file import configured_policy
from auditor.registry.results import Check, GateResult, Ruling
from conf.schema import Config
from training.gate.cases import GateCases
from training.gate.checks import CHECKS
from training.gate.trial import Trial, load_guards, tried
from training.items import Item


def run_gate(
    candidate: str,
    champion: str,
    cases: GateCases,
    config: Config,
    learned: Sequence[Item] = (),
) -> GateResult:
    """What the gate finds of a candidate.

    Args:
        candidate: a folder with a checkpoint, or any other name of a model.
        champion: the same of the guard that serves.
        cases: see `gate_cases`.
        config: how guards are run, and what is borne.
        learned: what the candidate was trained on, base rows included; empty: the check for triggers is not made.

    Raises:
        ModelNotFound, ModelUnusable: one of the two cannot be loaded.
        BackendFailed: one of them broke.
    """
    began, at = time.monotonic(), datetime.now(UTC)
    guards = load_guards(candidate, champion, config)
    policy = configured_policy(config.policy)
    found = checked(tried(guards, cases, config, policy, learned))
    return GateResult(
        uuid.uuid4().hex,
        at,
        guards.candidate.key.model_revision,
        guards.champion.key.model_revision,
        found,
        cases.hashes(),
        time.monotonic() - began,
    )


def checked(trial: Trial) -> tuple[Check, ...]:
    """All checks; those that the configuration calls advisory refuse nothing."""
    return tuple(
        replace(check, required=check.required and not is_advisory(check, trial.config.gate.advisory))
        for check in (one for make in CHECKS.values() for one in make(trial))
    )


def is_advisory(check: Check, names: Sequence[str]) -> bool:
    """Whether it is named, or its kind is, as in "language"."""
    return check.name in names or check.name.partition(":")[0] in names


def told(result: GateResult) -> list[str]:
    """Lines for a person: each check with its reason, those that could not be asked together, then what came of all."""
    unasked = [check.name for check in result.checks if check.ruling is Ruling.NOT_ASKED]
    lines = [
        f"{check.ruling.upper():9} {check.name}: {check.reason}" + ("" if check.required else " (not required)")
        for check in result.checks
        if check.ruling is not Ruling.NOT_ASKED
    ]
    if unasked:
        lines.append(f"NOT_ASKED {len(unasked)} checks that take what is not there yet: {', '.join(unasked)}")
    refused = [check.name for check in result.checks if check.refuses]
    said = (
        "the gate lets it pass"
        if result.passed
        else f"the gate refuses it: {', '.join(refused) or 'nothing was checked'}"
    )
    return [*lines, f"{result.candidate[:12]} beside {result.champion[:12]}: {said}"]
