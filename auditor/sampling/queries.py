"""The review work that draws make: which cases are due, done and overdue. Read queries; they write nothing.

A case is done when as many people voted on its triple as the policy asks for. It is overdue when it is not done,
and was drawn longer ago than LIMIT_DAYS allows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from auditor.sampling.strata import BELOW, ESCALATED, URGENT

LIMIT_DAYS = {URGENT: 1, ESCALATED: 3, BELOW: 7}
ASKED_DAYS = 7  # for what was not drawn, and a training asked for
MANY = 10_000_000

# A person is the same whatever the case of the name; who votes again on a case has still seen it once.
ORDER = """reason <> 'urgent', "day", reason <> 'escalated', hash(triple_id), triple_id"""
VOTED = "SELECT triple_id, count(DISTINCT lower(reviewer)) AS n FROM standing WHERE kind IS NULL GROUP BY triple_id"
CASES = f"""
    WITH voted AS ({VOTED})
    SELECT "day", triple_id, reason, stratum, inclusion, level, risk, drawn_at, coalesce(n, 0) AS votes,
        [model_revision, prompt_hash, decoding] AS scorer
    FROM put_cases LEFT JOIN voted USING (triple_id)
    WHERE $wanted IS NULL OR votes < $wanted
    ORDER BY {ORDER} LIMIT $most
"""  # noqa: S608 - our own words
COUNTS = f"""
    WITH voted AS ({VOTED})
    SELECT reason, date_diff('day', drawn_at, $now), count(*), count(*) FILTER (coalesce(n, 0) >= $wanted)
    FROM draws LEFT JOIN voted USING (triple_id) WHERE drawn_at <= $now
    GROUP BY ALL ORDER BY ALL
"""  # noqa: S608
CASE = """
    SELECT t.* EXCLUDE (warnings, guards), v.judgment, v.risk, v.category, v.analysis, v.stage, v.unscorable_reason,
        v.model_id, v.coverage
    FROM triples t LEFT JOIN verdicts v ON v.triple_id = t.id
        AND v.model_revision = $model_revision AND v.prompt_hash = $prompt_hash AND v.decoding = $decoding
    WHERE t.id = $triple_id
"""
IMAGES = "SELECT sha256, media_type, width, height, reason FROM images WHERE triple_id = ? ORDER BY place"
NAMED = "SELECT DISTINCT id FROM triples WHERE starts_with(id, ?) ORDER BY id LIMIT 3"
LATE = """
    WITH drawn AS (SELECT "day", max(drawn_at) AS drawn_at FROM strata WHERE "day" >= $first GROUP BY "day")
    SELECT "day", count(DISTINCT v.triple_id) FROM verdicts v JOIN triples t ON t.id = v.triple_id
    JOIN drawn ON drawn."day" = v.scored_at::DATE
    WHERE v.scored_at >= $first AND t.stored_at > drawn.drawn_at
    AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'live')
    GROUP BY "day" ORDER BY "day"
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A drawn case.

    Attributes:
        day: UTC day that it is of.
        reason: "urgent", "escalated" or "below"; "asked" for one that was not drawn, and a training asked for.
        inclusion: in (0, 1].
        drawn_at: UTC, without a zone, as the tables hold it.
        votes: people who voted on it.
        scorer: model revision, prompt hash and decoding of the verdict by which it was drawn.
    """

    day: date
    triple_id: str
    reason: str
    stratum: str
    inclusion: float
    level: str
    risk: float | None
    drawn_at: datetime
    votes: int
    scorer: Sequence[str]

    def age_days(self, now: datetime) -> int:
        """Calendar days since it was drawn."""
        return (now.astimezone(UTC).date() - self.drawn_at.date()).days

    def is_overdue(self, now: datetime, wanted: int) -> bool:
        """Whether it should have been decided before."""
        return self.votes < wanted and self.age_days(now) > LIMIT_DAYS.get(self.reason, ASKED_DAYS)


@dataclass(frozen=True, slots=True)
class Work:
    """Review work of one reason.

    Attributes:
        drawn: cases, of all days.
        done: of them.
        overdue: of those that are not done.
        due_by_age: days since the draw to cases that are not done.
    """

    reason: str
    drawn: int
    done: int
    overdue: int
    due_by_age: dict[int, int]

    @property
    def due(self) -> int:
        """Cases that are not done, overdue ones included."""
        return self.drawn - self.done

    @property
    def oldest_days(self) -> int | None:
        """Age of the oldest case that is due; None where none is."""
        return max(self.due_by_age, default=None)


def cases(connection: duckdb.DuckDBPyConnection, wanted: int | None = None, most: int = MANY) -> list[Due]:
    """The first drawn cases, urgent ones first, then by day; with `wanted` those with fewer votes only."""
    rows = connection.execute(CASES, {"wanted": wanted, "most": most}).fetchall()
    return [Due(*row) for row in rows]


def review_work(connection: duckdb.DuckDBPyConnection, now: datetime, wanted: int) -> list[Work]:
    """What there is to do at `now`, a line for each reason.

    Args:
        connection: of the store, or a cursor of it.
        now: cases that were drawn later are left out; votes are those of the whole table.
        wanted: votes that a case needs.
    """
    values = {"now": now.astimezone(UTC).replace(tzinfo=None), "wanted": wanted}
    rows = connection.execute(COUNTS, values).fetchall()
    return [work_of(reason, [row[1:] for row in rows if row[0] == reason]) for reason in LIMIT_DAYS]


def work_of(reason: str, rows: Iterable[Sequence[Any]]) -> Work:
    """The line of a reason; `rows` hold age in days, cases drawn, and how many of these are done."""
    counts = [(age, drawn, done) for age, drawn, done in rows]
    due = {age: drawn - done for age, drawn, done in counts if drawn > done}
    overdue = sum(n for age, n in due.items() if age > LIMIT_DAYS[reason])
    return Work(reason, sum(drawn for _, drawn, _ in counts), sum(done for *_, done in counts), overdue, due)


def case_rows(
    connection: duckdb.DuckDBPyConnection, triple_id: str, scorer: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of a triple with the verdict of a scorer, and the rows of its images in the order shown."""
    values = dict(zip(("model_revision", "prompt_hash", "decoding"), scorer, strict=True)) | {"triple_id": triple_id}
    return as_dicts(connection.execute(CASE, values))[0], as_dicts(connection.execute(IMAGES, [triple_id]))


def as_dicts(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def ids_named(connection: duckdb.DuckDBPyConnection, prefix: str) -> list[str]:
    """The ids of triples that begin so, the first three."""
    return [name for (name,) in connection.execute(NAMED, [prefix]).fetchall()]


def late_verdicts(connection: duckdb.DuckDBPyConnection, first: date) -> dict[date, int]:
    """Days from `first` on to their triples that were stored after the draw: these had no chance to be drawn."""
    return dict(connection.execute(LATE, {"first": first}).fetchall())
