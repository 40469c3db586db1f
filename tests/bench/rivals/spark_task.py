"""The mapping in a Python process of Spark; a module, so that the process imports it once."""

from collections.abc import Iterator
from functools import cache

import pandas as pd

from tests.bench.rivals.mapping import Mapped


@cache
def mapped() -> Mapped:
    """One for each Python process."""
    return Mapped()


def triples(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """What each frame of records gives: triples, and the sum of their ids."""
    for frame in frames:
        counter = mapped()
        counter.triples = counter.checksum = 0
        for value in frame["value"]:
            counter.value(bytes(value))
        yield pd.DataFrame([{"triples": counter.triples, "checksum": counter.checksum}])
