"""The policies of the four weeks: one that two people agreed on, and one that waits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from auditor.policies.policy import Policy
from auditor.policies.store import Act, decide, propose
from auditor.store import Store
from reports.demo_store.people import APPROVER, PROPOSER

FOLDER = Path(__file__).parent / "policies"
PROPOSED, APPROVED, EFFECTIVE = 22, 23, 24  # days, counted from 0, on which the first of them moves on
LEFT_AT_SECOND = 1  # the second is proposed so many days before the last one


@dataclass(frozen=True, slots=True)
class Day:
    """One of the days: its number from 0, and how many follow it."""

    number: int
    date: date
    left: int

    def at(self, hour: int) -> datetime:
        """A time of it, UTC."""
        return datetime.combine(self.date, time(hour), UTC)


def govern(store: Store, day: Day, configured: Policy) -> None:
    """Do what people do about policies on that day."""
    if day.number == PROPOSED:
        why = "after the calibration of the week before, harm lies below the old line: canaries were missed"
        start = day.date + timedelta(days=EFFECTIVE - PROPOSED)
        propose(store, text_of("after-calibration"), "after-calibration.toml", start, Act(PROPOSER, day.at(16), why))
    if day.number == APPROVED:
        decide(
            store,
            1,
            Act(APPROVER, day.at(17), "seen in what-if: fewer misses, within capacity"),
            configured,
            approve=True,
        )
    if day.left == LEFT_AT_SECOND and day.number > EFFECTIVE:
        why = "to be decided: more of the clinic's cases to a person, fewer of the coding agent's"
        start = day.date + timedelta(days=LEFT_AT_SECOND + 3)
        propose(store, text_of("december"), "december.toml", start, Act(PROPOSER, day.at(16), why))


def text_of(name: str) -> str:
    """A policy file of ours."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
