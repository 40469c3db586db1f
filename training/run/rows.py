"""Labelled rows that are mixed in so that nothing is forgotten."""

from pathlib import Path

from conf.schema import Config
from training.rows_items import BaseRows, read_base


def base_rows(config: Config) -> BaseRows:
    """The rows that the configuration names; none where it names none.

    Raises:
        InputUnreadable, BadRow: they cannot be read.
    """
    return read_base(Path(config.training.rows), config.images) if config.training.rows else BaseRows()
