"""Review work due and done, and cases that wait for a person.

A vote counts from when the database has it (`stored_at`); what came after the period is of the next report.
"""

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from auditor.scope import Row, Scope

# Draws up to the end of the period with how many reviewers voted by then, and when the last one came that was needed.
# A vote on a triple counts for every draw of it, also one from before.
MAKE = """
    CREATE TEMP TABLE drawn AS
    WITH first_votes AS (
        SELECT triple_id, lower(reviewer), min(stored_at) AS voted_at FROM standing
        WHERE kind IS NULL AND stored_at < $end GROUP BY ALL
    ), votes AS (
        SELECT triple_id, list_sort(list(voted_at)) AS times FROM first_votes GROUP BY triple_id
    )
    SELECT d.day, d.triple_id, t.tenant, d.reason, d.level, d.risk, coalesce(len(v.times), 0) AS voters,
        v.times[n.needed] AS done_at, date_diff('day', d.day, $last) AS age,
        date_diff('day', d.drawn_at::DATE, $last) + 1 > o.days AS late
    FROM draws d JOIN triples t ON t.id = d.triple_id JOIN needed n ON n.day = d.day
    JOIN overdue o ON o.reason = d.reason
    LEFT JOIN votes v ON v.triple_id = d.triple_id
    WHERE d.day <= $last AND ($tenant IS NULL OR t.tenant = $tenant)
"""

FIRST_DRAW = "SELECT min(day) AS day FROM draws WHERE day <= $last"

TOTALS = """
    SELECT count(*) FILTER (day >= $first) AS drawn, count(*) FILTER (done_at IS NULL) AS due,
        count(*) FILTER (done_at IS NULL AND late) AS overdue,
        count(*) FILTER (done_at >= $start) AS done
    FROM drawn
"""

NIGHTS = """
    SELECT day, count(*) FILTER (reason = 'urgent') AS urgent, count(*) FILTER (reason = 'escalated') AS escalated,
        count(*) FILTER (reason = 'below') AS below, count(*) FILTER (voters > 0) AS voted,
        count(done_at) AS done, count(*) FILTER (done_at IS NULL AND late) AS overdue
    FROM drawn WHERE day >= $window GROUP BY day ORDER BY day DESC
"""

VOTES = """
    FROM standing r SEMI JOIN (SELECT id FROM triples WHERE $tenant IS NULL OR tenant = $tenant) t ON t.id = r.triple_id
    WHERE r.stored_at >= $start AND r.stored_at < $end
"""

REVIEWERS = f"""
    SELECT reviewer, count(*) AS votes, count(DISTINCT triple_id) AS cases, min("at") AS first, max("at") AS last
    {VOTES} GROUP BY reviewer ORDER BY votes DESC, reviewer LIMIT $most
"""

OUTCOMES = f"""
    SELECT CASE vote WHEN 0 THEN 'safe' WHEN 0.5 THEN 'potentially_harmful' ELSE 'harmful' END AS vote,
        count(*) AS votes
    {VOTES} GROUP BY ALL ORDER BY votes DESC, vote
"""

# Of each triple the latest verdict of the window says whether it escalates still.
NOT_DRAWN = """
    WITH newest AS (
        SELECT triple_id, arg_max(escalated, scored_at) AS escalated, max(day) AS day FROM daily GROUP BY triple_id
    )
    SELECT date_diff('day', s.day, $last) AS age, count(*) AS n FROM newest s
    ANTI JOIN (SELECT triple_id FROM draws WHERE day <= $last) d ON d.triple_id = s.triple_id
    ANTI JOIN (SELECT triple_id FROM standing WHERE stored_at < $end) r ON r.triple_id = s.triple_id
    WHERE s.escalated GROUP BY age ORDER BY age
"""

OPEN = "SELECT age, count(*) AS n FROM drawn WHERE voters = 0 GROUP BY age ORDER BY age"

OLDEST = """
    SELECT triple_id, tenant, day, age, reason, level, risk FROM drawn WHERE voters = 0
    ORDER BY day, level = 'urgent' DESC, risk DESC NULLS LAST, triple_id LIMIT $most
"""


BELOW = """
    SELECT count(*) AS population, count(DISTINCT day) AS days, min(day) AS first, max(day) AS last
    FROM daily SEMI JOIN (SELECT day FROM strata WHERE day >= $from_day AND day <= $last) USING (day)
    WHERE NOT escalated
"""

BELOW_DRAWN = """
    SELECT coalesce(s.band, '') || '/' || coalesce(s.tenant, '') AS cell, d.inclusion,
        coalesce(t.harmful::INTEGER, -1) AS harmful
    FROM draws d JOIN daily j ON j.day = d.day AND j.triple_id = d.triple_id AND NOT j.escalated
    LEFT JOIN strata s ON s.day = d.day AND s.stratum = d.stratum
    LEFT JOIN truths_by($end) t ON t.triple_id = d.triple_id
    WHERE d.reason = 'below' AND d.day >= $from_day AND d.day <= $last ORDER BY d.day, d.triple_id
"""


def first_draw(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> date | None:
    """The first night that drew anything; None where none did by then."""
    day = scope.row(cursor, FIRST_DRAW)["day"]
    return day if isinstance(day, date) else None


def make_drawn(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, votes: Mapping[date, int], overdue: Mapping[str, int]
) -> None:
    """Make the table `drawn`, which the queries below ask.

    Args:
        cursor: in a transaction that is rolled back.
        scope: the period.
        votes: how many reviewers the policy of each day wants, of every day with a draw.
        overdue: reason of a draw -> days after it from which on a case is overdue, seen from the day after the period.
    """
    limits = {"reason": list(overdue), "days": pa.array(overdue.values(), pa.int32())}
    cursor.register("overdue", pa.table(limits))
    needed = {"day": pa.array(votes.keys(), pa.date32()), "needed": pa.array(votes.values(), pa.int32())}
    cursor.register("needed", pa.table(needed))
    try:
        cursor.execute(MAKE, scope.values(MAKE))
    finally:
        cursor.unregister("needed")
        cursor.unregister("overdue")


def totals(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Row:
    """Cases drawn in the period, due, overdue, and done in the period."""
    return scope.row(cursor, TOTALS)


def nights(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What each night of the window drew, and what became of it."""
    return scope.rows(cursor, NIGHTS)


def reviewers(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> list[Row]:
    """Who voted in the period."""
    return scope.rows(cursor, REVIEWERS, most=most)


def outcomes(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """What was voted in the period."""
    return scope.rows(cursor, OUTCOMES)


def open_ages(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> tuple[list[Row], list[Row]]:
    """Days of age -> cases: of those drawn and without a vote, and of those escalated that nobody drew or voted on."""
    return scope.rows(cursor, OPEN), scope.rows(cursor, NOT_DRAWN)


def oldest(cursor: duckdb.DuckDBPyConnection, scope: Scope, most: int) -> list[Row]:
    """The drawn cases without a vote that wait longest."""
    return scope.rows(cursor, OLDEST, most=most)


def below_the_line(cursor: duckdb.DuckDBPyConnection, scope: Scope, start: date) -> tuple[Row, list[Row]]:
    """What lies below the line on days with a draw, from `start` to the end of the period; and the cases drawn of it.

    The cases come with `cell` (what they were drawn from, without the day), `inclusion`, and `harmful`: 1, 0, or -1
    where no majority of reviewers says yet.
    """
    return scope.row(cursor, BELOW, from_day=start), scope.rows(cursor, BELOW_DRAWN, from_day=start)
