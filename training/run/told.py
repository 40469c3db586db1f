"""What people read of a training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.registry.results import GateResult

if TYPE_CHECKING:
    from training.stages.running import StageResult

Say = Callable[[str], None]
"""Tells people one line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to.

    Attributes:
        candidate: the revision in the registry.
        gate: what the gate found of it.
        detail: in one sentence.
    """

    run_id: str
    candidate: str
    gate: GateResult
    detail: str

    @property
    def state(self) -> str:
        """What it came to: "candidate" where it may be promoted, else "refused"."""
        return "candidate" if self.gate.passed else "refused"


def outcome_of(run_id: str, candidate: str, gate: GateResult) -> Outcome:
    """The outcome of a run whose gate has ended."""
    name = candidate[:12]
    if gate.passed:
        detail = f"candidate {name} passes the gate ({len(gate.checks)} checks) and waits to be promoted by two people"
    else:
        reasons = [f"{check.name}: {check.reason}" for check in gate.checks if check.refuses] or ["nothing was checked"]
        detail = f"the gate refuses candidate {name}, and what serves stays: {'; '.join(reasons)}"
    return Outcome(run_id, candidate, gate, detail)


def stage_told(result: "StageResult") -> str:
    """A stage in one line."""
    loss = result.metrics.get("train_loss")
    measured = "" if loss is None else f", loss {loss:.3f}"
    return f"{result.stage}: {result.n_items} items, {result.steps} steps, {result.seconds:.0f} s{measured}"
