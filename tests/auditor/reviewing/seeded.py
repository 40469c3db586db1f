"""Stores with drawn cases, people who vote on them, and policies that ask for so many votes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.access.person import Person, Role, person_with
from auditor.policies.file import BUILT_IN
from auditor.reviewing.ballot import Ballot
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.verdict import Category, Judgment
from conf.schema import Config, load
from tests.auditor.sampling.seed import AT, DAY, keep
from tests.factories import make_run

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAFE, HALF, HARMFUL = Judgment.SAFE, Judgment.POTENTIALLY_HARMFUL, Judgment.HARMFUL
ANN, BOB, CAT = (person_with(name, [Role.REVIEWER]) for name in ("ann", "bob", "cat"))
EVE = person_with("eve", [Role.EXPERT])
RISKS = {"urgent": 0.97, "escalated": 0.6, "below": 0.02}


def later(seconds: float) -> datetime:
    """So long after NOW."""
    return NOW + timedelta(seconds=seconds)


def asking_for(votes: int, folder: Path, hide: str = '["below"]') -> Config:
    """A configuration whose policy wants so many votes on a case, and hides verdicts so."""
    text = BUILT_IN.read_text(encoding="utf-8")
    text = text.replace("votes = 1 ", f"votes = {votes} ").replace('hide_verdict = ["below"]', f"hide_verdict = {hide}")
    file = folder / f"policy-{votes}.toml"
    file.write_text(text.replace('"built-in"', f'"wants {votes}"'), encoding="utf-8")
    return load(overrides={"policy.file": str(file)})


def fill(store: Store, n: int = 1) -> Store:
    """`n` urgent, escalated and below-the-line cases of one day, drawn: "urgent-0" and so on."""
    store.begin_run(make_run())
    for at in range(n):
        for name, risk in RISKS.items():
            keep(store, f"{name}-{at}", risk, AT)
    draw(store, load(), DAY, NOW)
    return store


def ballot(triple_id: str, vote: Judgment = SAFE, **changes: Any) -> Ballot:
    """A vote that says enough."""
    says = {} if vote is SAFE else {"category": Category.PRIVACY, "rationale": "names a patient"}
    return Ballot(triple_id, vote, **says | changes)


def of_tenant(name: str, *tenants: str) -> Person:
    """A reviewer who sees only these."""
    return person_with(name, [Role.REVIEWER], tenants)
