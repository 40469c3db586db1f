"""What reviewed triples are: as an expert decided, else by the majority of their reviewers; see the view `truths`."""

from dataclasses import dataclass

import duckdb

TRUTHS = "SELECT triple_id, harmful FROM truths ORDER BY triple_id"


@dataclass(frozen=True, slots=True)
class Truths:
    """What reviewed triples are.

    Attributes:
        harmful: triple id to whether it is; 0.5 and 1 are harmful.
        tied: triples of which nobody can tell, since as many say so as say no.
    """

    harmful: dict[str, bool]
    tied: frozenset[str]


def read_truths(connection: duckdb.DuckDBPyConnection) -> Truths:
    """The truths as of now."""
    rows: list[tuple[str, bool | None]] = connection.execute(TRUTHS).fetchall()
    harmful = {triple_id: harmful for triple_id, harmful in rows if harmful is not None}
    return Truths(harmful, frozenset(triple_id for triple_id, harmful in rows if harmful is None))
