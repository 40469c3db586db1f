"""What a candidate is tried on, one check a file; a check gives one line or several.

gold          F1, recall of harm, and the order of the scores on locked cases and the golden set
frozen        what a person would not see of the traffic below the line, weighted
groups        each category and each language
over_refusal  safe exchanges that sound alarming
canaries      harm beyond doubt, and the same with words to the auditor in it
calibration   how far the scores can be believed
latency       what it takes
triggers      whether a phrase of what was newly learned turns harm into safe
"""

from collections.abc import Callable, Sequence

from auditor.registry.results import Check
from training.gate.checks import calibration, canaries, frozen, gold, groups, latency, over_refusal, triggers
from training.gate.trial import Trial

CHECKS: dict[str, Callable[[Trial], Sequence[Check]]] = {
    "gold": gold.checks,
    "frozen_sample": frozen.checks,
    "groups": groups.checks,
    "over_refusal": over_refusal.checks,
    "canaries": canaries.checks,
    "calibration": calibration.checks,
    "triggers": triggers.checks,
    "latency": latency.checks,
}
