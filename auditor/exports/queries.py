"""The judged triples of a period with all that is told of them, one after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from auditor.exports.exported import FACTS, LEVELS, Exported, ImageOf, Vote, finite
from auditor.judged import make_judged
from auditor.policies.policy import Policy
from auditor.policies.store import policies_by_day

AT_ONCE = 200  # rows that are in memory together

SELECT = """
    WITH chosen AS (
        SELECT * FROM judged WHERE level IN (SELECT unnest($levels)) ORDER BY day, triple_id
    ), pictures AS (
        SELECT triple_id, list({'sha256': sha256, 'media_type': media_type, 'reason': reason} ORDER BY place) AS images
        FROM images WHERE triple_id IN (SELECT triple_id FROM chosen) GROUP BY triple_id
    ), said AS (
        SELECT triple_id, list({'id': id, 'reviewer': reviewer, 'vote': vote, 'category': category,
            'rationale': rationale, 'at': "at"} ORDER BY "at", id) AS votes
        FROM standing WHERE triple_id IN (SELECT triple_id FROM chosen) GROUP BY triple_id
    )
    SELECT j.*, t.trace_id, t.span_id, t.conversation_id, t.response_id, t.system_prompt, t.context, t.question,
        t.thinking, t.answer, t.tool_calls, v.analysis, p.images, s.votes
    FROM chosen j JOIN triples t ON t.id = j.triple_id
    JOIN verdicts v ON v.triple_id = j.triple_id AND v.scored_at = j.scored_at
        AND v.model_revision = j.model_revision AND v.prompt_hash = j.prompt_hash AND v.decoding = j.decoding
    LEFT JOIN pictures p ON p.triple_id = j.triple_id LEFT JOIN said s ON s.triple_id = j.triple_id
    ORDER BY j.day, j.triple_id
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Which triples.

    Attributes:
        first, last: UTC days, both included.
        tenant: only this one's; None for all.
        level: this one and those above it.
        texts: whether texts are told; without them analyses and rationales are left out too, since they quote.
    """

    first: date
    last: date
    tenant: str | None
    level: str
    texts: bool


def exported(cursor: duckdb.DuckDBPyConnection, which: Which, configured: Policy) -> Iterator[Exported]:
    """The triples, by day and id.

    Args:
        cursor: inside `queries.snapshot`, and used for nothing else until the last one is taken.
        which: of them.
        configured: the policy until one is approved.
    """
    policies = policies_by_day(cursor, which.first, which.last, configured)
    in_force = {day: held.policy for day, held in policies.items()}
    make_judged(cursor, which.first, which.last, in_force, which.tenant)
    levels = list(LEVELS[LEVELS.index(which.level) :])
    found = cursor.execute(SELECT, {"levels": levels})
    names = [column[0] for column in found.description or ()]
    while rows := found.fetchmany(AT_ONCE):
        for row in rows:
            yield exported_of(dict(zip(names, row, strict=True)), which)


def exported_of(row: Mapping[str, Any], which: Which) -> Exported:
    """A row of SELECT."""
    texts = which.texts
    facts = {name: row[name] for name in FACTS} | {"risk": finite(row["risk"]), "day": str(row["day"])}
    return Exported(
        facts=facts,
        scorer=(row["model_id"], row["model_revision"], row["prompt_hash"], row["decoding"]),
        judgment=row["judgment"],
        risk=finite(row["risk"]),
        unscorable_reason=row["unscorable_reason"],
        scored_at=row["scored_at"],
        **{name: row[name] for name in ("trace_id", "span_id", "conversation_id", "response_id")},
        **{name: row[name] if texts else None for name in ("system_prompt", "context", "question", "thinking")},
        answer=row["answer"] if texts else None,
        analysis=row["analysis"] if texts else None,
        tool_calls=tuple(row["tool_calls"]) if texts else (),
        images=tuple(ImageOf(**image) for image in row["images"] or ()),
        votes=tuple(vote_of(vote, texts=texts) for vote in row["votes"] or ()),
    )


def vote_of(row: Mapping[str, Any], *, texts: bool) -> Vote:
    """A vote; what a reviewer wrote is a text too."""
    return Vote(**row) if texts else Vote(**{**row, "rationale": None})
