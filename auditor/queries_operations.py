"""What whoever runs the service asks of the database beside the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

LETTERS = """
    SELECT reason, stage, count(*) FILTER (replayed_at IS NULL), count(*) FILTER (replayed_at IS NOT NULL),
        min(stored_at), max(stored_at)
    FROM dead_letters GROUP BY reason, stage ORDER BY 3 DESC, 4 DESC, reason, stage
"""


@dataclass(frozen=True, slots=True)
class LetterCount:
    """Dead letters of one reason; nothing of what is in them.

    Attributes:
        stage: where they could not go on.
        open: not settled yet.
        settled: read again since.
        first_at, last_at: when the first and the last came, UTC.
    """

    reason: str
    stage: str
    open: int
    settled: int
    first_at: datetime
    last_at: datetime


def letter_counts(connection: duckdb.DuckDBPyConnection) -> list[LetterCount]:
    """Those with most open letters first."""
    return [
        LetterCount(reason, stage, n_open, n_settled, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for reason, stage, n_open, n_settled, first, last in connection.execute(LETTERS).fetchall()
    ]
