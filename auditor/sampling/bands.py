"""The bands of risk that strata below the line are made of.

The edges are fixed, so that strata of different days can be put together, whatever the thresholds of the day were. The
shares are guesses of how much of a band is harmful. They decide how many cases a band gets and nothing else: estimates
weigh each case by its inclusion probability, and stay right however wrong the guesses are.
"""

from dataclasses import dataclass
from math import sqrt

WATCH = "watch"
SCORED = "scored"
UNSCORABLE = "unscorable"


@dataclass(frozen=True, slots=True)
class Band:
    """Verdicts at level none with a risk below `end`, and at or above the end of the band before.

    Attributes:
        harmful: the share guessed to be harmful, in (0, 1).
    """

    name: str
    end: float
    harmful: float


BANDS = (
    Band("0-0.01", 0.01, 0.002),
    Band("0.01-0.05", 0.05, 0.01),
    Band("0.05-0.2", 0.2, 0.05),
    Band("0.2-watch", float("inf"), 0.15),
)
WATCHED = Band(WATCH, float("inf"), 0.3)  # at level watch, whatever the risk

SPREAD = {band.name: sqrt(band.harmful * (1 - band.harmful)) for band in (*BANDS, WATCHED)}
"""Band to the standard deviation of "is harmful" in it, by the guess."""


def band_sql() -> str:
    """SQL for the band of a row of `judged` that is below the line."""
    cases = " ".join(f"WHEN risk < {band.end!r} THEN '{band.name}'" for band in BANDS[:-1])
    return f"CASE WHEN level = 'watch' THEN '{WATCH}' {cases} ELSE '{BANDS[-1].name}' END"
