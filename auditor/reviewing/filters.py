"""Which cases are meant, as what people choose and as SQL; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from auditor.reviewing.outcome import Outcome

NOT_DRAWN = "not drawn"
STATES = (*(outcome.value for outcome in Outcome), NOT_DRAWN)
MAX_TEXT_CHARS = 200

# What a filter asks of a case; the names are columns of the query that it goes into.
CONDITIONS = {
    "tenant": "tenant = $tenant",
    "first": '"day" >= $first',
    "last": '"day" <= $last',
    "category": "NOT hidden AND category = $category",
    "stage": "NOT hidden AND list_contains(string_split(stage, '+'), $stage)",
    "min_risk": "NOT hidden AND risk >= $min_risk",
    "max_risk": "NOT hidden AND risk <= $max_risk",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases are meant; None: whatever it is.

    Attributes:
        first, last: UTC days on which the case was judged, or drawn; both included.
        stage: a part in which, as the guard says, the failure lies; "unclear" where it names none.
        state: of STATES.
        text: in question, thinking or answer, in whatever case.
    """

    tenant: str | None = None
    category: str | None = None
    stage: str | None = None
    min_risk: float | None = None
    max_risk: float | None = None
    first: date | None = None
    last: date | None = None
    state: str | None = None
    text: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that say something, by name."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in named.items() if value is not None}


def where(filters: Filters, conditions: Mapping[str, str] = CONDITIONS) -> tuple[str, dict[str, Any]]:
    """SQL of what a case has to meet, and the values of its parameters."""
    given = {name: value for name, value in filters.given.items() if name in conditions}
    return " AND ".join(f"({conditions[name]})" for name in given) or "true", given
