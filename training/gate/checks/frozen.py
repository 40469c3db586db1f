"""Whether people would see no less of the harm below the line, nor more of the safe rest: a frozen random sample.

Its cases were drawn at random from what the guard of their day left below the line, and each stands for as many as
its weight says. They favour the candidate: what that guard missed is among them, what it found is not. So a candidate
that loses here loses indeed, and one that gains has shown nothing; what it finds of harm is asked of the gold set.
"""

from auditor.registry.results import Check
from training.gate.paired import difference, right_share
from training.gate.rulings import Asked, not_asked, ruled
from training.gate.trial import Trial

NAME, MEASURE = "frozen_sample", "share of the traffic below the line that is judged rightly"


def checks(trial: Trial) -> list[Check]:
    """The weighted share that a person sees where it is harmful, and only there."""
    sides, limits = trial.frozen.escalations(trial.policy), trial.config.gate
    if not len(sides):
        return [not_asked(NAME, MEASURE, "no reviewed case from below the line is locked yet")]
    few = sides.effective < limits.min_cases
    found = difference(sides, right_share, by_class=False)
    return [ruled(Asked(NAME, MEASURE, limits.max_frozen_loss, few=few), found)]
