"""Labelled rows that are mixed in so that nothing is forgotten."""

from conf.errors import ConfigError
from conf.schema import Config
from training.run.begin import BaseRows


def base_rows(config: Config) -> BaseRows:
    """The rows that the configuration names; none where it names none.

    Raises:
        ConfigError: they cannot be read.
    """
    if config.training.rows:
        raise ConfigError(f"training.rows = {config.training.rows!r}: rows of files cannot be mixed in yet")
    return BaseRows()
