"""What the gate tries a candidate on: the sets that ship, and the cases of reviewers that are locked for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from auditor.learning.answers import MAX_CASES
from auditor.learning.cases import Ground, LockedPage, LockedTriple, Purpose
from auditor.verdict import Judgment
from conf.schema import Config
from training.choosing.prepare import Bring, bringer
from training.choosing.snapshot import Ask
from training.gate.cases import GateCase, GateCases, shipped_cases, with_locked


def gate_cases(ask: Ask, config: Config) -> GateCases:
    """All of them, images included."""
    ground: Ground = ask("training.ground", datetime.now(UTC))
    bring = bringer(ground.blobs, config)
    locked = [(one.case.purpose, case_of(one, bring)) for one in locked_cases(ask)]
    gold = [case for purpose, case in locked if purpose is Purpose.GOLD]
    frozen = [case for purpose, case in locked if purpose is Purpose.FROZEN]
    return with_locked(shipped_cases(config), gold, frozen)


def locked_cases(ask: Ask) -> Iterator[LockedTriple]:
    """The locked cases, page by page."""
    after: str | None = ""
    while after is not None:
        page: LockedPage = ask("training.locked", after, MAX_CASES)
        yield from page.cases
        after = page.after


def case_of(locked: LockedTriple, bring: Bring) -> GateCase:
    """A locked case as the gate takes it."""
    case = locked.case
    harmful = case.label is not Judgment.SAFE
    return GateCase(bring(locked.triple), harmful, case.weight, case.category, case.language, case.source)
