"""From the last checkpoint to a candidate in the registry: nothing erased meanwhile, tried by the gate, kept whole."""

import os
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from auditor.learning.cases import Asked, Why
from auditor.registry.folder import CARD, MAY_BE_THERE
from auditor.registry.manifest import Manifest, StageDone
from auditor.registry.places import REGISTRY, open_registry, placed
from auditor.registry.results import GateResult
from training.choosing.snapshot import gone_of
from training.errors import TrainingFailed
from training.gate.gate import run_gate
from training.items import Bucket
from training.run.begin import Run, recipe_told
from training.run.folder import take_away
from training.run.order import Order
from training.run.stages import Trained
from training.run.state import write_state
from training.run.told import Outcome, outcome_of
from training.run.tried_on import gate_cases
from training.run.troubles import in_words
from training.stages.running import RESULT

CANDIDATE = "candidate"
OURS = {RESULT}  # in a stage's folder, and no part of the checkpoint


def finished(order: Order, run: Run, trained: Trained) -> Outcome:
    """Try the candidate, keep it with what was found, and end the run.

    Raises:
        TrainingFailed: cases that it learned from were erased meanwhile, or there is no room; what serves stays.
    """
    with in_words("the candidate", run.home):
        folder = candidate_folder(run, trained)
    refuse_erased(order, run)
    gate = tried(order, run, folder)
    refuse_erased(order, run)  # a gate takes its time
    with in_words("the registry", run.home):
        added = open_registry(order.config, write=True).add(folder, manifest_of(order, run, trained, gate))
    outcome = outcome_of(run.state.run_id, added.revision, gate)
    order.ask("gate.keep", gate)
    now = order.now()
    if wanted := [Asked(name, Why.LABEL_IN_DOUBT) for result in trained.results for name in result.to_experts]:
        order.ask("training.ask_people", wanted, run.state.run_id, now)
    state = "done" if gate.passed else "refused"
    order.ask("training.end", run.state.run_id, state, outcome.detail, added.revision, now)
    take_away(run.home)
    return outcome


def candidate_folder(run: Run, trained: Trained) -> Path:
    """The last checkpoint as the registry takes it, with its data card; whole or not there."""
    folder = run.home / CANDIDATE
    if folder.exists():
        return folder
    beside = run.home / f".{CANDIDATE}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for path in sorted(trained.folder.iterdir()):
        if path.suffix in MAY_BE_THERE and path.name not in OURS:
            os.link(path, beside / path.name)
    (beside / CARD).write_text(run.state.card, encoding="utf-8")
    beside.rename(folder)
    return folder


def refuse_erased(order: Order, run: Run) -> None:
    """End a run that has learned from what was erased meanwhile, and delete all that it made.

    Raises:
        TrainingFailed: it has.
    """
    gone = gone_of(order.ask, [item.triple.id for item in run.items if item.bucket is not Bucket.BASE])
    if not gone:
        return
    reason = f"{len(gone)} of the cases that it learned from were erased, or lost texts or images, meanwhile"
    order.ask("training.end", run.state.run_id, "failed", reason, None, order.now())
    take_away(run.home)
    raise TrainingFailed(f"{reason}; what it made is deleted. Start it again: it begins anew without them")


def tried(order: Order, run: Run, folder: Path) -> GateResult:
    """What the gate finds beside the guard that serves; one that a killed process got to is believed."""
    section = placed(order.config).model_copy(update={"model": REGISTRY, "revision": ""})
    config = order.config.model_copy(update={"auditor": section})
    champion = open_registry(config).champion()
    if run.state.gate and run.state.gate.champion == champion:
        return run.state.gate
    order.say(f"gate: the candidate beside {champion[:12]}, which serves")
    gate = run_gate(str(folder), REGISTRY, gate_cases(order.ask, config), config, run.items)
    with in_words("the gate", run.home):
        write_state(run.home, replace(run.state, gate=gate))
    return gate


def manifest_of(order: Order, run: Run, trained: Trained, gate: GateResult) -> Manifest:
    """What is known of the candidate."""
    stages = tuple(
        StageDone(one.stage, one.seconds, one.steps, {**one.metrics, "items": one.n_items, "seed": one.seed})
        for one in trained.results
    )
    state = run.state
    return Manifest(
        order.now(),
        state.base_model,
        state.base_revision,
        state.data_hash,
        recipe_told(order),
        version("traceaudit"),
        stages,
        n_items=len(run.items),
        run_id=state.run_id,
        gate=gate,
    )
