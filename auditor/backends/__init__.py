"""What runs the guard model: one backend per file, imported only when chosen.

To add one: write auditor/backends/<name>.py with a class that has `load` and keeps the promises of `base.Backend`,
and add its line here; the contract suite runs it.
"""

import importlib
import os
from typing import TYPE_CHECKING

from ingest.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.backends.base import Backend
    from auditor.guard_input import Protocol
    from auditor.models import Checkpoint
    from conf.schema import Auditor

# name -> ("module:Class", extra that brings its libraries)
BACKENDS = {
    "transformers": ("auditor.backends.transformers:TransformersBackend", "transformers"),
    "vllm": ("auditor.backends.vllm:VllmBackend", "vllm"),
    "server": ("auditor.backends.server:ServerBackend", "server"),
    "scripted": ("auditor.backends.scripted:ScriptedBackend", ""),
}


def find_model(config: "Auditor") -> "Checkpoint | None":
    """The checkpoint that the configured backend runs; None where it runs none.

    Raises:
        ModelNotFound, ModelUnusable: it is not there, or not one we can run.
        BackendFailed: the server that should say so does not answer.
        MissingExtra: the libraries that look for it are not installed.
    """
    if config.backend == "scripted":
        return None
    if config.backend == "server":
        return find_served(config)
    from auditor.registry.places import find_configured

    return find_configured(config)


def find_served(config: "Auditor") -> "Checkpoint":
    """The checkpoint that the configured server says it serves."""
    try:
        from auditor.backends.served import served_checkpoint
    except ModuleNotFoundError as error:
        raise MissingExtra(f"backend 'server' (no module {error.name!r})", "server") from None
    return served_checkpoint(config)


def load_backend(
    config: "Auditor", checkpoint: "Checkpoint | None", system_prompts: "Mapping[Protocol, str]"
) -> "Backend":
    """The configured backend, ready to score.

    Args:
        config: names it, and says how it runs.
        checkpoint: the model; None for a backend that has none.
        system_prompts: of the protocols that cases may come with.

    Raises:
        MissingExtra: its libraries are not installed.
        ModelUnusable: the checkpoint is not one that it can run.
    """
    # Read when torch is loaded: threads that wait for each other by spinning starve a broker on the same machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    target, extra = BACKENDS[config.backend]
    module, _, name = target.partition(":")
    try:
        backend: Backend = getattr(importlib.import_module(module), name).load(config, checkpoint, system_prompts)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"backend {config.backend!r} (no module {error.name!r})", extra) from None
    return backend
