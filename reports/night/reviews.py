"""Review work due and done, and the cases that wait for a person."""

from collections.abc import Mapping
from datetime import date

import duckdb

from auditor import queries_reviews
from auditor.policies.policy import Policy
from auditor.policies.store import policies_by_day
from auditor.sampling.queries import LIMIT_DAYS
from auditor.sampling.strata import BELOW, ESCALATED, URGENT
from auditor.scope import Row, Scope
from reports.first_page import ReviewDay, ReviewerLine, ReviewWork
from reports.sections import AgeLine, OpenCase, OpenCases

OVERDUE = f"{LIMIT_DAYS[URGENT]} (urgent), {LIMIT_DAYS[ESCALATED]} (escalated) or {LIMIT_DAYS[BELOW]} (below the line)"
MOST_REVIEWERS = 200
MOST_OPEN = 50  # of the oldest open cases
AGES = ((0, 0), (1, 1), (2, 3), (4, 7), (8, 14), (15, 28), (29, None))  # days


def read_reviews(cursor: duckdb.DuckDBPyConnection, scope: Scope, configured: Policy) -> tuple[ReviewWork, OpenCases]:
    """What is due and done by the end of the period.

    Args:
        cursor: in the report's snapshot, with the views.
        scope: the period.
        configured: what holds where no policy was approved.
    """
    queries_reviews.make_drawn(cursor, scope, votes_wanted(cursor, scope, configured), LIMIT_DAYS)
    votes = {row["vote"]: row["votes"] for row in queries_reviews.outcomes(cursor, scope)}
    work = ReviewWork(
        **queries_reviews.totals(cursor, scope),
        days=tuple(ReviewDay(**row) for row in queries_reviews.nights(cursor, scope)),
        reviewers=tuple(ReviewerLine(**row) for row in queries_reviews.reviewers(cursor, scope, MOST_REVIEWERS)),
        overdue_days=OVERDUE,
        votes=sum(votes.values()),
        outcomes=votes,
    )
    drawn, not_drawn = queries_reviews.open_ages(cursor, scope)
    oldest = tuple(OpenCase(**row) for row in queries_reviews.oldest(cursor, scope, MOST_OPEN))
    return work, OpenCases(age_lines(drawn, not_drawn), oldest, len(scope.days))


def votes_wanted(cursor: duckdb.DuckDBPyConnection, scope: Scope, configured: Policy) -> Mapping[date, int]:
    """How many reviewers a case of each day needs, from the first draw on."""
    first = queries_reviews.first_draw(cursor, scope) or scope.last
    held = policies_by_day(cursor, first, scope.last, configured)
    return {day: one.policy.review.votes for day, one in held.items()}


def age_lines(drawn: list[Row], not_drawn: list[Row]) -> tuple[AgeLine, ...]:
    """Open cases by age, in the bands of AGES."""

    def within(rows: list[Row], low: int, high: int | None) -> int:
        return sum(row["n"] for row in rows if low <= row["age"] and (high is None or row["age"] <= high))

    return tuple(AgeLine(low, high, within(drawn, low, high), within(not_drawn, low, high)) for low, high in AGES)
