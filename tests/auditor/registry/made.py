"""Registries for tests: whole checkpoints that differ from the shipped one, and what a gate says of them."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.evidence.keys import by_id, signing_key
from auditor.models import DEMO, DEMO_FOLDER, find_checkpoint
from auditor.registry.folder import Registry, Version
from auditor.registry.manifest import Manifest, StageDone
from auditor.registry.results import Check, GateResult, Ruling

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE_REVISION = find_checkpoint(DEMO, "").revision
MANIFEST = Manifest(
    made_at=NOW,
    base_model=DEMO,
    base_revision=BASE_REVISION,
    data_hash="d" * 64,
    recipe={"method": "lora", "rank": 8},
    code_version="0.0.test",
    stages=(StageDone("sft", 1.5, 20, {"loss": 0.25}),),
    metrics={"f1": 0.9},
    n_items=12,
    run_id="r1",
)


def checkpoint(folder: Path, shift: float) -> Path:
    """The shipped demo with one weight shifted a little: another revision that judges almost alike."""
    made = Path(shutil.copytree(DEMO_FOLDER, folder))
    weights = bytearray((made / "model.safetensors").read_bytes())
    weights[8 + int.from_bytes(weights[:8], "little")] ^= round(1000 * shift) & 0x7F  # bits of the first one's fraction
    (made / "model.safetensors").write_bytes(weights)
    return made


def registry_in(folder: Path) -> Registry:
    """An empty registry that signs."""
    key = signing_key(folder / "key")
    return Registry(folder / "models", by_id([key.public]), key, lambda: BASE_REVISION)


@contextmanager
def at_most(n_bytes: int) -> Iterator[None]:
    """No file may become longer, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def gate(candidate: str, champion: str, ruling: Ruling = Ruling.PASSED) -> GateResult:
    """What a gate with one check found."""
    check = Check("gold", ruling, "F1 0.91 against 0.90", "F1", candidate=0.91, champion=0.9, n=200)
    return GateResult("g1", NOW, candidate, champion, (check,))


def added(registry: Registry, folder: Path, shift: float, *, champion: str = BASE_REVISION) -> Version:
    """A version that a gate let pass."""
    found = registry.add(checkpoint(folder, shift), replace(MANIFEST, run_id=f"r{shift}"))
    return registry.attach_gate(found.revision, gate(found.revision, champion))
