"""Whether the candidate's harm scores can be believed no less than the champion's, both as they are read.

A calibration belongs to one revision: the candidate has none yet, so both are taken without. What decides is the Brier
score, whose difference has an interval that holds; log loss and calibration error are told beside it.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.registry.results import Check
from auditor.reliability import Point, Reliability, measure_reliability
from training.gate.paired import Sides, brier, difference
from training.gate.rulings import Asked, ruled, too_few
from training.gate.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME, MEASURE = "calibration", "Brier score"


def checks(trial: Trial) -> list[Check]:
    """The Brier score on the gold cases of which both gave a score."""
    sides = trial.gold.scores().harm()
    if not len(sides):
        return [too_few(NAME, MEASURE, "no gold case has a harm score of both guards")]
    asked = Asked(NAME, MEASURE, trial.config.gate.max_brier_rise, lower_is_better=True)
    found = ruled(asked, difference(sides, brier))
    one, other = reliability(sides, sides.candidate), reliability(sides, sides.champion)
    beside = f"ECE {one.ece:.3f} beside {other.ece:.3f}, log loss {one.log_loss:.3f} beside {other.log_loss:.3f}"
    return [replace(found, reason=f"{found.reason}; {beside}")]


def reliability(sides: Sides, scores: "NDArray[np.float64]") -> Reliability:
    """The figures of one guard."""
    columns = zip(scores.tolist(), sides.harmful.tolist(), sides.weight.tolist(), strict=True)
    return measure_reliability([Point(*row) for row in columns])
