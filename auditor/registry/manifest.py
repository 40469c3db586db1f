"""What is known of a model in the registry: where it comes from, what it was made with, what a gate found; signed.

    versions/<revision>/manifest.json    this, as JSON
    versions/<revision>/manifest.sig     signatures of that file's bytes, one a line: id of the key, then hex

One good signature is enough. So a manifest can be replaced without a moment in which it has none: both have signed it
first, then it is there, then the old one's goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from auditor.errors import ModelUnusable
from auditor.evidence.keys import PublicKey, SigningKey, is_signed
from auditor.registry.results import GateResult

PURPOSE = b"traceaudit model manifest 1\n"  # so that a signature of a manifest can stand for nothing else


@dataclass(frozen=True, slots=True)
class StageDone:
    """A stage of training that a model went through.

    Attributes:
        name: such as "sft".
        seconds: that it took.
        steps: of the optimiser.
        metrics: what it measured; None for a figure that is none.
    """

    name: str
    seconds: float
    steps: int
    metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model of the registry is.

    Attributes:
        made_at: UTC.
        base_model: that training began from, as configured or as verdicts name it.
        base_revision: of that.
        data_hash: hex sha256 over the items that it was trained on.
        recipe: all knobs of the training.
        code_version: of traceaudit.
        stages: in the order in which they ran.
        metrics: of the finished model, where any were measured; None for a figure that is none.
        n_items: that it was trained on.
        run_id: of the training run.
        gate: what a gate found of it; None before any looked.
        revision: hex sha256 over the files that decide what the model answers; filled in when it is added.
        files: each file of the checkpoint to its hex sha256; filled in when it is added.
    """

    made_at: datetime
    base_model: str
    base_revision: str
    data_hash: str
    recipe: Mapping[str, Any]
    code_version: str
    stages: tuple[StageDone, ...] = ()
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    n_items: int = 0
    run_id: str = ""
    gate: GateResult | None = None
    revision: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> bytes:
        """The bytes of its file; a figure that is no number is null there."""
        return MANIFEST.dump_json(self, indent=2) + b"\n"


MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def manifest_in(written: bytes, signatures: bytes, keys: Mapping[str, PublicKey]) -> Manifest:
    """The manifest of a file, once one of the keys is known to have signed it.

    Raises:
        ModelUnusable: none has, or it is no manifest.
    """
    if not any(is_signed(keys, key_id, PURPOSE + written, signature) for key_id, signature in signed_by(signatures)):
        whose = (
            ", ".join(sorted(keys)) or "none: auditor.registry_keys is not set, and there is no key beside the store"
        )
        raise ModelUnusable(f"its manifest is not signed by a key that is known here ({whose})")
    try:
        return MANIFEST.validate_json(written)
    except ValidationError:
        raise ModelUnusable("its manifest cannot be read; was it made by another version?") from None


def signed_by(signatures: bytes) -> list[tuple[str, str]]:
    """Id of the key and signature, of each line that has both."""
    words = [line.split() for line in signatures.decode("ascii", errors="replace").splitlines()]
    return [(line[0], line[1]) for line in words if len(line) == 2]


def signature_line(written: bytes, key: SigningKey) -> bytes:
    """The line of a signature file."""
    return f"{key.public.id} {key.sign(PURPOSE + written)}\n".encode()
