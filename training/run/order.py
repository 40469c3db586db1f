"""What is to be trained, from which model, by which recipe."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.models import Checkpoint, find_checkpoint
from auditor.registry.places import REGISTRY, base_of, find_registered, open_registry, placed
from conf.errors import ConfigError
from conf.schema import Config
from training.choosing.snapshot import Ask
from training.recipe import DEFAULT, Recipe
from training.run.told import Say

SHIPPED = DEFAULT.parent


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained.

    Attributes:
        ask: whoever owns the database.
        config: its sections training, hygiene, gate and auditor.
        recipe: how.
        by: who wants it: a person, or "traceaudit" for the schedule.
        now: the clock on the wall, in UTC.
        say: told, for people, how it goes.
    """

    ask: Ask
    config: Config
    recipe: Recipe
    by: str
    now: Callable[[], datetime]
    say: Say

    @property
    def stages(self) -> Sequence[str]:
        """Which stages, in their order."""
        return self.config.training.stages

    def settings(self, base: Checkpoint) -> str:
        """Hex sha256 over all that a run began with: one that began otherwise is not gone on with."""
        training = self.config.training.model_dump(exclude={"min_new", "every_days", "folder"}, mode="json")
        parts = [training, self.config.hygiene.model_dump(mode="json"), json.loads(self.recipe.model_dump_json())]
        parts += [self.recipe.auditor.model_dump(mode="json"), base.revision]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def recipe_of(config: Config) -> Recipe:
    """The recipe that the configuration names.

    Raises:
        ConfigError: there is none of that name, or the file is no recipe.
    """
    name = config.training.recipe
    shipped = SHIPPED / f"{name}.toml"
    path = shipped if "/" not in name and shipped.is_file() else Path(name)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise ConfigError(
            f"training.recipe = {name!r}: no such file, and no recipe that ships with traceaudit ({known})"
        )
    return Recipe.read(path, config.auditor)


def base_folder(config: Config) -> Path:
    """The folder of that model, be it without weights: a tokenizer and a configuration are enough for some looks.

    Raises:
        ModelNotFound, ModelUnusable: see `base_checkpoint`.
    """
    named = Path(config.training.base)
    return named if config.training.base and named.is_dir() else base_checkpoint(config).folder


def base_checkpoint(config: Config) -> Checkpoint:
    """The model that training begins from.

    Raises:
        ModelNotFound, ModelUnusable: it is not there, or is no guard model, and what to do.
    """
    section, base = placed(config), config.training.base
    if base == REGISTRY:
        return find_registered(section.model_copy(update={"model": REGISTRY}), open_registry(config))
    if base:
        return find_checkpoint(base, "", section.models_dir)
    return base_of(section)
