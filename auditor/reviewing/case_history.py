"""What happened to a case: verdicts, draws, votes as far as they may be told, and who read it; one line each.

Verdicts, and why a case was drawn, tell what the guard thought; so they are left out while its verdict is hidden from
who asks. Reads are of the audit trail, which a connection that is narrowed to some tenants does not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb

from auditor.reviewing.reads import READ
from auditor.reviewing.whole_case import WholeCase
from auditor.reviews import Review

MOST_READS = 50

READS = """
    SELECT actor, max("at"), count(*) FROM (
        SELECT actor, "at", seq - row_number() OVER (PARTITION BY actor ORDER BY seq) AS run
        FROM (SELECT actor, "at", row_number() OVER (ORDER BY events.seq) AS seq FROM events
            WHERE kind = $kind AND subject = $id))
    GROUP BY actor, run ORDER BY max("at") DESC LIMIT $most
"""
DRAWS = 'SELECT reason, drawn_at FROM put_cases WHERE triple_id = ? ORDER BY "day"'


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    Attributes:
        at: UTC.
        kind: "judged", "drawn", "voted", "taken back", "decided", "read" or "stored".
        by: who did it: a person, or the guard by its name.
        words: what of it, in codes that a page has words for; "" for nothing.
        times: how often one after another.
        text: what a reviewer wrote; None for nothing.
    """

    at: datetime
    kind: str
    by: str
    words: str = ""
    times: int = 1
    text: str | None = None


def trail_of(connection: duckdb.DuckDBPyConnection, triple_id: str) -> list[Happening]:
    """Draws and reads of a case, on a connection that is not narrowed: for who may see the case."""
    draws = connection.execute(DRAWS, [triple_id]).fetchall()
    found = [Happening(at(drawn), "drawn", "traceaudit", reason) for reason, drawn in draws]
    values = {"kind": READ, "id": triple_id, "most": MOST_READS}
    reads = connection.execute(READS, values).fetchall()
    return found + [Happening(at(last), "read", actor, times=times) for actor, last, times in reads]


def history(whole: WholeCase, told: Sequence[Review], trail: Sequence[Happening]) -> list[Happening]:
    """All that happened, the oldest first.

    Args:
        whole: the case as the person sees it.
        told: votes and decisions that the person may see, also those taken back.
        trail: of `trail_of`.
    """
    found = [Happening(at(whole.triple["stored_at"]), "stored", "traceaudit"), *map(happening_of, told)]
    if whole.hidden:
        found += [replace(one, words="") for one in trail]
    else:
        verdicts = [one for one in (whole.verdict, *whole.earlier) if one]
        found += [Happening(at(one.scored_at), "judged", one.model_id, words_of(one.judgment)) for one in verdicts]
        found += trail
    return sorted(found, key=lambda one: one.at)


def happening_of(review: Review) -> Happening:
    """A vote or a decision."""
    kind = "taken back" if review.withdrawn else "decided" if review.decides else "voted"
    said = f"{words_of(review.vote.value)} {review.category or ''}".strip()
    return Happening(review.at, kind, review.reviewer, said, text=review.rationale)


def words_of(judgment: float | None) -> str:
    """A judgment as it is written."""
    return "unscorable" if judgment is None else f"{judgment:g}"


def at(moment: datetime) -> datetime:
    """A time of the tables, in UTC."""
    return moment.replace(tzinfo=UTC)
