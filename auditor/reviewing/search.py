"""Finds cases: judged triples by what is known of them, the newest first. Read queries; they write nothing.

They run on a connection that is narrowed to what the person may see (auditor/access/sight.py). Where the guard's
verdict on a case is hidden from the person, it is not told, and no filter on it finds the case. A case is found by the
latest verdict on it, backfills left out.

A search looks at the newest triples first, and at all only where these do not fill a page. Words are looked for in one
slice of the triples: the newest, or those before where the last one ended; so it takes as long among many millions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from auditor.access.person import Person, Right
from auditor.policies.policy import ReviewPlan
from auditor.reviewing.blind import ALL
from auditor.reviewing.filters import CONDITIONS, Filters, where

PAGE = 50
NEWEST = 20_000  # triples that are looked at first
SLICE = 50_000  # triples that words are looked for in at a time
BEGINNING = 160  # characters of a question that a list shows
START, END = datetime(1, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone

LIVE = "run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'live')"
OLDEST_OF_SLICE = """
    SELECT stored_at FROM triples WHERE stored_at <= $before_at ORDER BY stored_at DESC LIMIT 1 OFFSET $slice
"""
# What is known of a case by votes and draws: how far it is, and whether the guard's verdict is hidden from this person.
STATES = """
    drawn AS (
        SELECT triple_id, bool_or($hide_all OR list_contains($hide, reason)) AS hides FROM put_cases GROUP BY triple_id
    ), mine AS (
        SELECT triple_id, arg_max(vote, ("at", id)) AS my_vote FROM standing
        WHERE kind IS NULL AND lower(reviewer) = lower($name) GROUP BY triple_id
    ), known AS (
        SELECT l.*, m.my_vote,
            coalesce(c.outcome, CASE WHEN d.triple_id IS NULL THEN 'not drawn' ELSE 'open' END) AS state,
            coalesce(d.hides, $hide_all) AND m.my_vote IS NULL
                AND (($votes AND coalesce(c.outcome, 'open') = 'open') OR ($decides AND c.outcome = 'split')) AS hidden
        FROM looked_at l LEFT JOIN drawn d USING (triple_id) LEFT JOIN decisions($wanted) c USING (triple_id)
        LEFT JOIN mine m USING (triple_id)
    )"""
# The database skips what lies outside of a span of stored_at.
LOOKED_AT = f"""
    WITH looked_at AS (
        SELECT t.triple_id, t.tenant, t.stored_at, v.scored_at, v.category, v.stage, v.risk FROM (
            SELECT id AS triple_id, tenant, stored_at FROM triples
            WHERE stored_at >= $oldest AND stored_at <= $before_at AND (stored_at, id) < ($before_at, $before_id)
            AND {{texts}}) t
        JOIN verdicts v USING (triple_id) WHERE {LIVE}
    )"""  # noqa: S608 - our own words
FOUND = "SELECT triple_id, stored_at, scored_at FROM {known} WHERE {conditions} ORDER BY 2 DESC, 1 DESC LIMIT $most"
TEXTS = """(contains(lower(question), lower($text)) OR contains(lower(thinking), lower($text))
    OR contains(lower(answer), lower($text)))"""
SHOWN = f"""
    WITH latest AS (
        SELECT triple_id, scored_at, scored_at::DATE AS "day", category, stage, judgment,
            CASE WHEN NOT isnan(risk) THEN risk END AS risk
        FROM verdicts WHERE triple_id IN (SELECT unnest($ids::VARCHAR[])) AND {LIVE}
        QUALIFY row_number() OVER (PARTITION BY triple_id
            ORDER BY scored_at DESC, run_id DESC, model_revision, prompt_hash, decoding) = 1
    ), looked_at AS (
        SELECT t.id AS triple_id, t.tenant, t.application, t.thinking_kind, t.stored_at,
            left(t.question, $chars) AS question, latest.* EXCLUDE (triple_id)
        FROM triples t JOIN latest ON latest.triple_id = t.id WHERE t.stored_at >= $first AND t.stored_at <= $last
    ), {STATES}
    SELECT triple_id, tenant, application, thinking_kind, stored_at, "day", state, my_vote, hidden,
        CASE WHEN NOT hidden THEN category END AS category, CASE WHEN NOT hidden THEN stage END AS stage,
        CASE WHEN NOT hidden THEN judgment END AS judgment, CASE WHEN NOT hidden THEN risk END AS risk,
        question, scored_at
    FROM known
"""  # noqa: S608
DAYS = {"first": "scored_at >= $first", "last": "scored_at < $last::DATE + INTERVAL 1 DAY"}
MEANT = CONDITIONS | DAYS | {"state": "state = $state"}
PLAIN = {"tenant", "first", "last"}  # filters that ask nothing of votes and draws


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind the case with this id that was stored then; without an id behind all of then."""

    stored_at: datetime
    triple_id: str

    def __str__(self) -> str:
        return f"{self.stored_at.isoformat()}_{self.triple_id}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that a text names; None where it names none."""
        moment, _, triple_id = text.partition("_")
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        return None if at.tzinfo else cls(at, triple_id)


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case in a list.

    Attributes:
        stored_at: UTC.
        day: on which it was judged.
        state: an outcome of the votes, or "not drawn".
        my_vote: of the person who asks; None where there is none.
        hidden: the guard's verdict is hidden from this person; then the four fields behind it are None.
        stage: where the guard says that the failure lies.
        judgment: 0, 0.5 or 1; None also where the guard could not judge.
        question: its beginning.
    """

    triple_id: str
    tenant: str
    application: str | None
    thinking_kind: str
    stored_at: datetime
    day: date
    state: str
    my_vote: float | None
    hidden: bool
    category: str | None
    stage: str | None
    judgment: float | None
    risk: float | None
    question: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """Cases that a search found.

    Attributes:
        cases: the newest first.
        further: where to go on; None where nothing older is left.
        back_to: words were looked for in what was stored since then only; None: everywhere.
    """

    cases: Sequence[FoundCase]
    further: Place | None
    back_to: datetime | None


@dataclass(frozen=True, slots=True)
class Searcher:
    """Who searches, and by which rules.

    Attributes:
        connection: narrowed to this person.
        review: what the policy in force says of reviews.
    """

    connection: duckdb.DuckDBPyConnection
    person: Person
    review: ReviewPlan

    def find(self, filters: Filters, before: Place | None = None, most: int = PAGE) -> Found:
        """The newest cases that are meant, or those behind a place."""
        start = before or Place(END, "")
        if filters.text:
            oldest = self.slice_start(start, SLICE)
            cases = self.cases(filters, start, oldest, most)
            back_to = oldest and oldest.replace(tzinfo=UTC)
            further = Place(oldest, "") if oldest and len(cases) < most else place_of(cases, most)
            return Found(cases, further, back_to)
        newest = self.slice_start(start, NEWEST)
        cases = self.cases(filters, start, newest, most)
        if newest and len(cases) < most:
            cases = self.cases(filters, start, None, most)
        return Found(cases, place_of(cases, most), None)

    def slice_start(self, before: Place, n: int) -> datetime | None:
        """When the oldest of n triples behind a place was stored; None where fewer are left."""
        values = {"before_at": before.stored_at, "slice": n}
        found = self.connection.execute(OLDEST_OF_SLICE, values).fetchone()
        return found[0] if found else None

    def cases(self, filters: Filters, before: Place, oldest: datetime | None, most: int) -> Sequence[FoundCase]:
        """At most so many cases behind a place that were stored since `oldest`."""
        found: list[FoundCase] = []
        for rows in self.runs(filters, before, oldest, most):
            judged_at = {triple_id: scored_at for triple_id, _, scored_at in rows}
            found += [case for case, latest in self.shown([*judged_at]) if judged_at[case.triple_id] == latest]
            if len(found) >= most:
                break
        return found[:most]

    def runs(self, filters: Filters, before: Place, oldest: datetime | None, most: int) -> Iterator[Sequence[Any]]:
        """Triples with a verdict that is meant, the newest first; of some there is a later verdict that is not."""
        while rows := self.rows(filters, before, oldest, most):
            yield rows
            if len(rows) < most:
                return
            before = Place(rows[-1][1], rows[-1][0])

    def rows(self, filters: Filters, before: Place, oldest: datetime | None, most: int) -> Sequence[Any]:
        """The next of these: id, when it was stored, when the verdict was made."""
        conditions, given = where(filters, MEANT)
        plain = given.keys() <= PLAIN
        query = LOOKED_AT.format(texts=TEXTS if filters.text else "true") + ("" if plain else f", {STATES}")
        query += FOUND.format(known="looked_at" if plain else "known", conditions=conditions)
        values = {
            "before_at": before.stored_at,
            "before_id": before.triple_id,
            "oldest": oldest or START,
            "most": most,
        }
        values |= given | ({} if plain else self.rules()) | ({"text": filters.text} if filters.text else {})
        return self.connection.execute(query, values).fetchall()

    def shown(self, ids: Sequence[str]) -> list[tuple[FoundCase, datetime]]:
        """What a list shows of these triples, and when the latest verdict on each was made; the newest first."""
        span = "SELECT min(stored_at), max(stored_at) FROM triples WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        ((first, last),) = self.connection.execute(span, [list(ids)]).fetchall()
        values = {"ids": list(ids), "chars": BEGINNING, "first": first, "last": last}
        rows = self.connection.execute(SHOWN, values | self.rules()).fetchall()
        told = [(found_of(row[:-1]), row[-1]) for row in rows]
        return sorted(told, key=lambda one: (one[0].stored_at, one[0].triple_id), reverse=True)

    def rules(self) -> dict[str, Any]:
        """The parameters of STATES."""
        return {
            "hide": list(self.review.hide_verdict),
            "hide_all": ALL in self.review.hide_verdict,
            "votes": self.person.may(Right.VOTE),
            "decides": self.person.may(Right.ADJUDICATE),
            "wanted": self.review.votes,
            "name": self.person.name.strip(),
        }


def found_of(row: Sequence[Any]) -> FoundCase:
    """A row of SHOWN."""
    case = FoundCase(*row)
    return replace(case, stored_at=case.stored_at.replace(tzinfo=UTC))


def place_of(cases: Sequence[FoundCase], most: int) -> Place | None:
    """Where a full page goes on."""
    return Place(cases[-1].stored_at.replace(tzinfo=None), cases[-1].triple_id) if len(cases) >= most else None
