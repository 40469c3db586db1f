"""Which verdicts and records a report is about: UTC days, and one tenant or all."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from auditor.queries import period

Row = dict[str, Any]
"""A row of a query, by the names of its columns."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at.

    Attributes:
        first, last: UTC days of the period, both included.
        window: the first day of the trend, which ends with `last`.
        tenant: only what is this one's; None for all.
    """

    first: date
    last: date
    window: date
    tenant: str | None = None

    @property
    def start(self) -> datetime:
        """The first instant of the period, UTC."""
        return datetime.combine(self.first, time())

    @property
    def end(self) -> datetime:
        """The first instant after the period, UTC."""
        return datetime.combine(self.last + timedelta(days=1), time())

    @property
    def days(self) -> list[date]:
        """The days of the window, in order."""
        return [self.window + timedelta(days=at) for at in range((self.last - self.window).days + 1)]

    def rows(self, cursor: duckdb.DuckDBPyConnection, query: str, **more: Any) -> list[Row]:
        """The rows of a query; `values` has what it can name."""
        found = cursor.execute(query, self.values(query, **more))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(self, cursor: duckdb.DuckDBPyConnection, query: str, **more: Any) -> Row:
        """The only row of a query."""
        return self.rows(cursor, query, **more)[0]

    def values(self, query: str, **more: Any) -> dict[str, Any]:
        """Those of the parameters that a query names.

        There are $start and $end (instants, the end not included), $first, $last and $window (days), $window_start,
        $tenant, and what is given besides.
        """
        known = {
            **period(self.first, self.last),
            "first": self.first,
            "last": self.last,
            "window": self.window,
            "window_start": period(self.window, self.window)["start"],
            "tenant": self.tenant,
            **more,
        }
        return {name: value for name, value in known.items() if names(query, name)}


def names(query: str, parameter: str) -> bool:
    """Whether a query has the parameter."""
    at = query.find(f"${parameter}")
    while at >= 0:
        after = query[at + len(parameter) + 1 : at + len(parameter) + 2]
        if not (after.isalnum() or after == "_"):
            return True
        at = query.find(f"${parameter}", at + 1)
    return False
