"""How far reviewers agreed with each other and with the guard, in the weeks up to the end of the period."""

from datetime import timedelta

import duckdb

from auditor.agreement.comparison import Bootstrap, Both, compare
from auditor.agreement.queries import Chosen, standing_votes
from auditor.scope import Scope
from reports.sections import Agreement, AgreementLine

DAYS = 28  # up to the end of the period, at least: a night's votes are too few to tell
REPLICATES = 1000


def read_agreement(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Agreement:
    """Of the cases whose last vote is of these weeks, by what the database had by the end of the period."""
    first = min(scope.first, scope.last - timedelta(days=DAYS - 1))
    votes = standing_votes(cursor, Chosen(first, scope.tenant, scope.end))
    told = compare("", votes.counts(), votes.by_guard(), Bootstrap(REPLICATES))
    return Agreement(first, scope.last, len(votes.cases), line(told.people), line(told.guard), told.apart)


def line(both: Both) -> AgreementLine:
    """Its main figures."""
    figures = both.harmful.figures
    return AgreementLine(both.harmful.cases, figures["observed"], figures["both_harmful"], figures["ac1"])
