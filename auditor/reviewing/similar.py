"""Earlier cases like one that is to be decided, with what was decided of them. Read queries; they write nothing.

First those with identical content, as the guard was shown it (`verdicts.content_hash`). Then those of the cases
reviewed last whose question and answer read much like this one's, whatever the order of the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from auditor.reviewing.outcome import Outcome

CANDIDATES = 1_000  # cases reviewed last that texts are compared with
COMPARED = 800  # characters of question and of answer that are compared
MOST = 5
LIKE = 60.0  # of 100: texts that are less alike are not told

SAME = """
    SELECT DISTINCT triple_id FROM verdicts WHERE triple_id <> $id AND content_hash IN (
        SELECT content_hash FROM verdicts WHERE triple_id = $id AND content_hash IS NOT NULL)
    ORDER BY triple_id LIMIT 200
"""
REVIEWED = """
    SELECT triple_id FROM standing WHERE triple_id <> $id GROUP BY triple_id ORDER BY max(stored_at) DESC LIMIT $most
"""
SPAN = "SELECT min(stored_at), max(stored_at) FROM triples WHERE id IN (SELECT unnest(?::VARCHAR[]))"
TEXTS = """
    SELECT id, left(question, $chars), left(answer, $chars) FROM triples
    WHERE stored_at >= $first AND stored_at <= $last AND id IN (SELECT unnest($ids::VARCHAR[]))
"""
DECIDED = """
    WITH told AS (
        SELECT triple_id, list({'vote': vote, 'category': category} ORDER BY "at") FILTER (kind IS NULL) AS votes,
            arg_max(vote, "at") FILTER (kind IS NOT NULL) AS adjudicated, max("at") AS last_at
        FROM standing WHERE triple_id IN (SELECT unnest($ids::VARCHAR[])) GROUP BY triple_id
    )
    SELECT t.id, t.tenant, t.stored_at, left(t.question, $chars), coalesce(d.outcome, 'not drawn'), w.adjudicated,
        list_transform(coalesce(w.votes, []), lambda one: one.vote), w.last_at
    FROM triples t LEFT JOIN decisions($wanted) d ON d.triple_id = t.id LEFT JOIN told w ON w.triple_id = t.id
    WHERE t.id IN (SELECT unnest($ids::VARCHAR[])) AND t.stored_at >= $first AND t.stored_at <= $last
"""
BEGINNING = 160


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case like another.

    Attributes:
        same: its content is identical.
        likeness: in (0, 1] how much alike question and answer read; 1 where the content is identical.
        stored_at: UTC.
        question: its beginning.
        outcome: what the votes came to; "not drawn" where there are none.
        votes: that stand, and that this person may see, the oldest first.
        adjudicated: what an expert decided, None where none did.
        decided_at: when the last of these was given.
    """

    triple_id: str
    same: bool
    likeness: float
    tenant: str
    stored_at: datetime
    question: str | None
    outcome: str
    adjudicated: float | None
    votes: Sequence[float]
    decided_at: datetime | None

    @property
    def is_decided(self) -> bool:
        """Whether there is a decision to learn from."""
        return self.outcome in {Outcome.UNANIMOUS, Outcome.MAJORITY, Outcome.ADJUDICATED}


def similar_cases(connection: duckdb.DuckDBPyConnection, triple_id: str, wanted: int) -> list[SimilarCase]:
    """The most similar cases: identical ones first, those with decisions before others, then the most alike.

    Args:
        connection: narrowed to what the person may see.
        triple_id: of the case that they are to be like.
        wanted: people who are to vote on a case.
    """
    same = [name for (name,) in connection.execute(SAME, {"id": triple_id}).fetchall()]
    reviewed = [name for (name,) in connection.execute(REVIEWED, {"id": triple_id, "most": CANDIDATES}).fetchall()]
    alike = most_alike(connection, triple_id, [name for name in reviewed if name not in set(same)])
    order = {name: at for at, name in enumerate(reviewed)}
    nearest = sorted(same, key=lambda name: order.get(name, len(order)))[:MOST]
    likeness = dict.fromkeys(nearest, 1.0) | alike
    found = decided(connection, [*likeness], wanted)
    cases = [SimilarCase(name, name in nearest, likeness[name], *found[name]) for name in likeness if name in found]
    return sorted(cases, key=lambda one: (not one.same, not one.is_decided, -one.likeness, one.triple_id))[:MOST]


def most_alike(connection: duckdb.DuckDBPyConnection, triple_id: str, candidates: Sequence[str]) -> dict[str, float]:
    """The candidates whose texts are most like this one's, with how much, in (0, 1]."""
    from rapidfuzz.fuzz import token_sort_ratio  # of the extra `serve`
    from rapidfuzz.process import extract

    found = texts(connection, [triple_id, *candidates])
    mine = found.pop(triple_id, "")
    if not mine.strip() or not found:
        return {}
    told = extract(mine, found, scorer=token_sort_ratio, limit=MOST, score_cutoff=LIKE)
    return {name: round(score / 100, 4) for _, score, name in told}


def texts(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, str]:
    """What is compared of triples, in small letters."""
    rows = connection.execute(TEXTS, span(connection, ids) | {"chars": COMPARED}).fetchall()
    return {name: f"{question or ''}\n{answer or ''}".casefold() for name, question, answer in rows}


def decided(connection: duckdb.DuckDBPyConnection, ids: Sequence[str], wanted: int) -> dict[str, tuple[Any, ...]]:
    """What is told of triples behind likeness, by id."""
    if not ids:
        return {}
    values = span(connection, ids) | {"chars": BEGINNING, "wanted": wanted}
    rows = connection.execute(DECIDED, values).fetchall()
    return {name: tuple(map(in_utc, told)) for name, *told in rows}


def in_utc(value: Any) -> Any:
    """A time of the tables with its zone; all else as it is."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def span(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, Any]:
    """Ids, and when the first and the last of these triples was stored: what lies outside need not be read."""
    ((first, last),) = connection.execute(SPAN, [list(ids)]).fetchall()
    return {"ids": list(ids), "first": first, "last": last}
