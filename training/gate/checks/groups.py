"""Whether the candidate loses nowhere: each category of risk and each language by itself.

A group with few cases cannot show that nothing was lost; there the candidate is refused where a loss is shown. Since
several groups are looked at, each is asked at a higher level (Bonferroni), so that not one in many fails by chance.
"""

from collections.abc import Callable, Iterator

import numpy as np

from auditor.registry.results import Check
from training.gate.cases import GateCase
from training.gate.paired import LEVEL, Sides, difference, right_share
from training.gate.rulings import Asked, not_asked, ruled
from training.gate.trial import Trial

KINDS: dict[str, Callable[[GateCase], str]] = {
    "category": lambda case: case.category,
    "language": lambda case: case.language,
}
MEASURE = "share judged rightly"
LEAST = 8  # cases without which a group has no figure


def checks(trial: Trial) -> list[Check]:
    """A line for each category, then for each language, that the gold set has."""
    sides = trial.gold.flags()
    return [check for kind in KINDS for check in kind_checks(trial, kind, sides)]


def kind_checks(trial: Trial, kind: str, sides: Sides) -> Iterator[Check]:
    """A line for each group of a kind."""
    named = np.array([KINDS[kind](case) for case in trial.gold.cases])
    names, sizes = np.unique(named[named != ""], return_counts=True)
    level = 1 - (1 - LEVEL) / max(1, int((sizes >= LEAST).sum()))
    for name, size in zip(names, sizes, strict=True):
        if size < LEAST:
            yield not_asked(f"{kind}:{name}", MEASURE, f"{size} cases; a figure takes {LEAST}", n=int(size))
            continue
        few = bool(size < trial.config.gate.min_cases)
        asked = Asked(f"{kind}:{name}", MEASURE, trial.config.gate.max_group_loss, few=few)
        yield ruled(asked, difference(sides.where(named == name), right_share, level=level))
