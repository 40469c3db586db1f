"""Finds a guard checkpoint and names its revision: builtin:demo, a fetched model, a folder, or a Hugging Face name.

Only safetensors are loaded and no remote code is ever run, whatever a checkpoint asks for (`auditor/refusals.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor.errors import ModelNotFound, ModelUnusable
from auditor.guard_input import Protocol
from auditor.known_models import KNOWN_MODELS, folder_of
from auditor.lock import require_lock
from auditor.refusals import refuse_unsafe
from ingest.errors import MissingExtra

DEMO = "builtin:demo"
DEMO_FOLDER = Path(__file__).with_name("demo")
IDENTITY = (
    "*.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "preprocessor_config.json",
    "processor_config.json",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint folder that is there.

    Attributes:
        model_id: as configured.
        revision: hub commit, or hex sha256 over the files that decide what the model answers.
        max_new_tokens: the longest completion that the model was made for, where its generation_config.json says so.
        prompt_files: the prompts that came with it, by protocol.
    """

    model_id: str
    folder: Path
    revision: str
    max_new_tokens: int | None = None
    prompt_files: Mapping[Protocol, Path] = field(default_factory=dict)


def find_checkpoint(model: str, revision: str, models_dir: str = "") -> Checkpoint:
    """The checkpoint that `model` names.

    Args:
        model: builtin:demo, a known model that was fetched, a folder, or a Hugging Face name.
        revision: of a known model, empty takes that which was fetched first; of a Hugging Face name, empty takes what
            the local cache has as its main branch.
        models_dir: where fetched models are; empty: the usual place.

    Raises:
        ModelNotFound: it is not there, and what to do.
        ModelUnusable: it has no safetensors weights, brings code, or is not what was fetched.
        MissingExtra: a Hugging Face name without huggingface_hub.
    """
    if model == DEMO:
        return from_folder(model, DEMO_FOLDER)
    if model in KNOWN_MODELS:
        return from_lock(model, revision, models_dir)
    if Path(model).is_dir():
        return from_folder(model, Path(model))
    return from_cache(model, revision)


def from_folder(model: str, folder: Path) -> Checkpoint:
    """A checkpoint folder, its revision computed from its files."""
    refuse_unsafe(folder)
    return Checkpoint(model, folder, hash_files(folder), read_max_new_tokens(folder))


def from_lock(model: str, revision: str, models_dir: str) -> Checkpoint:
    """A known model as it was fetched; its weights are hashed only when their time of change is another."""
    lock = require_lock(folder_of(model, models_dir), model, revision)
    lock.check()
    refuse_unsafe(lock.folder)
    return Checkpoint(model, lock.folder, lock.commit, read_max_new_tokens(lock.folder), lock.prompt_files())


def from_cache(model: str, revision: str) -> Checkpoint:
    """A Hugging Face name, from the local cache only: an audit never downloads by itself."""
    folder = cached_folder(model, revision)
    refuse_unsafe(folder)
    return Checkpoint(model, folder, folder.name, read_max_new_tokens(folder))


def cached_folder(model: str, revision: str) -> Path:
    """What the local cache has of a Hugging Face name.

    Raises:
        ModelNotFound: nothing, and what to do; or it is no such name, but a folder that is not there.
        MissingExtra: huggingface_hub is not installed.
    """
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ModelNotFound(f"auditor.model = {model!r}: no such folder")
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ModuleNotFoundError:
        raise MissingExtra(f"model {model!r}", "transformers") from None
    try:
        return Path(snapshot_download(model, revision=revision or None, local_files_only=True))
    except LocalEntryNotFoundError:
        at = f" --revision {revision}" if revision else ""
        name = next((name for name, known in KNOWN_MODELS.items() if known.repository == model), None)
        how = f"traceaudit models fetch {name}{at}, then --model {name}" if name else f"hf download {model}{at}"
        raise ModelNotFound(f"{model} is not in the local cache; bring it with: {how}") from None


def read_max_new_tokens(folder: Path) -> int | None:
    """`max_new_tokens` of the folder's generation_config.json; None where there is none."""
    path = folder / "generation_config.json"
    try:
        limit = json.loads(path.read_text(encoding="utf-8")).get("max_new_tokens") if path.exists() else None
    except (OSError, ValueError, AttributeError):
        raise ModelUnusable(f"{path}: not readable as JSON") from None
    return limit if isinstance(limit, int) else None


def hash_files(folder: Path) -> str:
    """Hex sha256 over names and contents of the files that decide what the model answers."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in IDENTITY for path in folder.glob(pattern)}):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
