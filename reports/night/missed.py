"""How much harm lies below the line, estimated from the random draws below it and what reviewers said of them."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import numpy as np

from auditor import queries_reviews
from auditor.scope import Row, Scope
from reports.first_page import MissedEstimate
from reports.what_if.estimates import Reviews, TooFew, number
from reports.what_if.weights import places, weights

DAYS = 28  # of draws that an estimate rests on at least, since few cases are drawn each night
METHOD = "weights of Horvitz and Thompson, scaled to what was judged; 95 % interval"


def read_missed(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> MissedEstimate:
    """What was missed below the line in the period, or in the 28 days that end with it where it is shorter."""
    start = min(scope.first, scope.last - timedelta(days=DAYS - 1))
    return missed_of(*queries_reviews.below_the_line(cursor, scope, start))


def missed_of(below: Row, drawn: list[Row]) -> MissedEstimate:
    """The estimate.

    Args:
        below: how much lies below the line, on how many days, from when to when.
        drawn: of it, each with its inclusion probability and what reviewers said.
    """
    harmful = np.array([row["harmful"] for row in drawn], dtype=np.int64)
    reviewed = harmful >= 0
    known = MissedEstimate(
        first=below["first"],
        last=below["last"],
        population=below["population"],
        drawn=len(drawn),
        reviewed=int(reviewed.sum()),
        harmful=int((harmful == 1).sum()),
        method=METHOD,
    )
    if not reviewed.any():
        return replace(known, why_not="no_reviews" if drawn else "no_sample")
    cells = [row["cell"] for row in drawn]
    weight = weights(np.array([row["inclusion"] for row in drawn]), reviewed, cells, ["below"] * len(drawn))
    band = places(cells)[reviewed]
    sample = Reviews(weight[reviewed], harmful[reviewed] == 1, np.zeros(len(band), dtype=np.int64), band)
    figure = number(sample, np.array([known.population]))
    if isinstance(figure, TooFew):
        return replace(known, why_not="too_few", high=figure.at_most)
    per_day = figure.value / below["days"]
    return replace(known, why_not="", missed=figure.value, low=figure.low, high=figure.high, per_day=per_day)
