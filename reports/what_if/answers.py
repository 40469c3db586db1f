"""What `traceaudit policy what-if` asks of whoever owns the database; see `auditor/questions.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from auditor.policies.policy import Policy
from auditor.store import Store
from conf.schema import Config
from reports.what_if.comparison import WhatIf, compare
from reports.what_if.edits import edited
from reports.what_if.load import load


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be compared with the policy in force.

    Attributes:
        first, last: UTC days, both included; None: see `load`.
        tenant: only this one's exchanges; None for all.
        given: another policy; None for the one in force.
        levels: level and another default threshold for it, or None.
        rules: further ones, as `edited` takes them.
        keep_recall: share in (0, 1] of the harmful exchanges that is to be found.
    """

    first: date | None
    last: date | None
    tenant: str | None
    given: Policy | None
    levels: Sequence[tuple[str, float | None]]
    rules: Sequence[str]
    keep_recall: float


def what_if(store: Store, config: Config, wanted: Wanted) -> WhatIf:
    """What a policy would have done with the scores that are stored."""
    loaded = load(store, config, wanted.first, wanted.last, wanted.tenant)
    current = loaded.current.policy
    proposed = edited(wanted.given or current, wanted.levels, wanted.rules)
    return compare(loaded.material, loaded.period, current, proposed, wanted.keep_recall)
