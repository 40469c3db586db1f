"""Versions and promotions as commands and the API tell them; pure."""

from datetime import datetime
from typing import Any

from auditor.registry.folder import Version
from auditor.registry.manifest import MANIFEST
from auditor.registry.promotions import Kind, Promotion
from auditor.registry.results import GateResult
from ingest.visible import visible

SHORT = 12  # digits of a revision, for people


def short(revision: str) -> str:
    """A revision for people; the base is called so."""
    return revision[:SHORT] or "the base"


def instant(at: datetime | None) -> str | None:
    """A moment, UTC."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def ruling_of(gate: GateResult | None) -> str:
    """What a gate found, in a word."""
    return ("passed" if gate.passed else "refused") if gate else "not tried"


def version_json(version: Version, *, serving: bool) -> dict[str, Any]:
    """A version in a line."""
    told = version.manifest
    return {
        "model": version.model_id,
        "revision": version.revision,
        "serving": serving,
        "gate": ruling_of(told.gate),
        "made_at": instant(told.made_at),
        "base_model": told.base_model,
        "base_revision": told.base_revision,
        "data_hash": told.data_hash,
        "n_items": told.n_items,
        "run_id": told.run_id,
        "stages": [stage.name for stage in told.stages],
        "metrics": dict(told.metrics),
        "code_version": told.code_version,
        "folder": str(version.folder),
    }


def manifest_json(version: Version, *, serving: bool) -> dict[str, Any]:
    """A version with all that its manifest says, and what came of it in the gate."""
    told: dict[str, Any] = MANIFEST.dump_python(version.manifest, mode="json")
    gate = version.manifest.gate
    passed = {"passed": gate.passed} if gate else None
    return version_json(version, serving=serving) | told | {"gate": gate and {**told["gate"], **(passed or {})}}


def promotion_json(one: Promotion) -> dict[str, Any]:
    """A promotion or rollback."""
    return {
        "number": one.number,
        "kind": one.kind.value,
        "revision": one.revision,
        "previous": one.previous,
        "gate_run": one.gate_run,
        "proposed_by": one.proposed_by,
        "proposed_at": instant(one.proposed_at),
        "note": one.note,
        "decision": one.decision,
        "decided_by": one.decided_by,
        "decided_at": instant(one.decided_at),
        "decision_note": one.decision_note,
        "serving": one.serving,
    }


def promotion_line(one: Promotion) -> str:
    """The same, for people."""
    what = f"{one.kind}: {short(one.previous)} -> {short(one.revision)}"
    who = f"proposed by {one.proposed_by} on {one.proposed_at:%Y-%m-%d}"
    if one.decided_at is None:
        decided = "not decided"
    elif one.kind is Kind.ROLLBACK and one.decided_by == one.proposed_by:
        who, decided = f"rolled back by {one.decided_by} on {one.decided_at:%Y-%m-%d}", "at once"
    else:
        decided = f"{one.decision} by {one.decided_by} on {one.decided_at:%Y-%m-%d}"
    note = f' ("{one.note}")' if one.note else ""
    return visible(f"{one.number:>3}  {what}, {who}: {decided}{note}")


def gate_lines(gate: GateResult) -> list[str]:
    """What a gate found, a check a line."""
    head = f"gate {gate.run_id}: {ruling_of(gate)}, against {short(gate.champion)}"
    return [head, *(f"  {one.ruling:<9} {one.name}: {one.reason}" for one in gate.checks)]
