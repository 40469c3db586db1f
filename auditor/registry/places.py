"""Where the registry of a configuration is, whose signatures count there, and what "registry" means as a model."""

from dataclasses import replace
from pathlib import Path

from auditor.errors import ModelUnusable
from auditor.evidence.keys import by_id, public_file, read_public_keys, signing_key
from auditor.evidence.store_checkpoints import key_path
from auditor.models import Checkpoint, find_checkpoint, read_max_new_tokens
from auditor.registry.folder import Registry, Version
from conf.schema import Auditor, Config

REGISTRY = "registry"
AT = f"{REGISTRY}:"


def open_registry(config: Config, *, write: bool = False) -> Registry:
    """The registry of a configuration; to write to it takes the key that signs, which is made if there is none.

    Raises:
        KeyUnusable: a key cannot be read.
    """
    key = signing_key(key_path(config)) if write else None
    if key and not (public := public_file(key_path(config))).exists():  # who made the key was killed before this
        public.write_text(key.public.pem, encoding="ascii")
    found = registry_of(placed(config))
    return replace(found, key=key, keys={**found.keys, **(by_id([key.public]) if key else {})})


def registry_of(section: Auditor) -> Registry:
    """The registry of a section whose places are filled in, to be read.

    A key that lies in the registry counts for nothing: who can write there could have put it there.

    Raises:
        KeyUnusable: the public keys cannot be read.
    """
    keys = Path(section.registry_keys)
    known = read_public_keys(keys) if keys.exists() else {}
    return Registry(Path(section.registry_dir), known, base=lambda: base_of(section).revision)


def placed(config: Config) -> Auditor:
    """The section `auditor` with the places that are empty there."""
    section = config.auditor
    folder = section.registry_dir or f"{config.store.path}.models"
    keys = section.registry_keys or str(public_file(key_path(config)))
    return section.model_copy(update={"registry_dir": folder, "registry_keys": keys})


def is_registered(model: str) -> bool:
    """Whether a model is one of the registry: what serves, or one that is named."""
    return model == REGISTRY or model.startswith(AT)


def find_configured(section: Auditor) -> Checkpoint:
    """The checkpoint that a section names, in the registry or elsewhere; its places are filled in (`placed`).

    Raises:
        ModelNotFound, ModelUnusable, MissingExtra: see `find_registered` and `find_checkpoint`.
    """
    if is_registered(section.model):
        return find_registered(section, registry_of(section))
    return find_checkpoint(section.model, section.revision, section.models_dir)


def find_registered(section: Auditor, registry: Registry) -> Checkpoint:
    """The checkpoint that "registry" or "registry:REVISION" means; all its files are hashed.

    Before anything was promoted, and after all of it was rolled back, "registry" is `registry_base`.

    Raises:
        ModelNotFound: the revision, or the base, is not there.
        ModelUnusable: it is not what was added, or the pointer is not signed.
    """
    revision = section.model.removeprefix(AT)
    if section.model == REGISTRY:
        serving = registry.serving()
        revision = serving.revision if serving else ""
        if not revision:
            return base_of(section)
    version = registry.version(revision)
    registry.check(version)
    return checkpoint_of(version)


def checkpoint_of(version: Version) -> Checkpoint:
    """A version as backends take it."""
    return Checkpoint(version.model_id, version.folder, version.revision, read_max_new_tokens(version.folder))


def base_of(section: Auditor) -> Checkpoint:
    """What serves where nothing is promoted.

    Raises:
        ModelNotFound, ModelUnusable: see `find_checkpoint`.
    """
    if is_registered(section.registry_base):
        raise ModelUnusable('auditor.registry_base = "registry" names itself; name a model, such as builtin:demo')
    return find_checkpoint(section.registry_base, section.revision, section.models_dir)
