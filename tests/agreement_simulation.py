"""How often the intervals of agreement hold what they are of: `python -m tests.agreement_simulation`.

Cases are harmful with a known probability, and each reviewer mistakes safe and harmful ones with known ones; so what
infinitely many such cases would give is known. Each line is 500 samples of 500 resamples each.
"""

from math import comb

import numpy as np
from numpy.typing import NDArray

from auditor.agreement.figures import measure
from auditor.agreement.ratings import among
from auditor.agreement.scales import HARMFUL

SAMPLES = 500
REPLICATES = 500
WORLDS = ((0.3, 0.05, 0.15), (0.1, 0.03, 0.2), (0.02, 0.01, 0.3))  # harmful; safe taken for harmful; harmful for safe
MANY = 10**9
FIGURES = ("ac1", "fleiss", "both_harmful")


def shares(reviewers: int, world: tuple[float, float, float]) -> NDArray[np.float64]:
    """How likely it is that 0, 1, … of the reviewers vote harmful."""
    harmful, alarm, miss = world
    return np.array(
        [
            comb(reviewers, n)
            * (
                harmful * (1 - miss) ** n * miss ** (reviewers - n)
                + (1 - harmful) * alarm**n * (1 - alarm) ** (reviewers - n)
            )
            for n in range(reviewers + 1)
        ]
    )


def simulate(reviewers: int, world: tuple[float, float, float], cases: int) -> str:
    """A line of the table."""
    rng = np.random.default_rng(cases)
    ratings = among(np.array([[reviewers - n, n] for n in range(reviewers + 1)]))
    likely = shares(reviewers, world)
    truth = measure(ratings, np.round(likely * MANY).astype(np.int64), HARMFUL, 1, 1).figures
    held, given = dict.fromkeys(FIGURES, 0), dict.fromkeys(FIGURES, 0)
    for sample in range(SAMPLES):
        told = measure(ratings, rng.multinomial(cases, likely / likely.sum()), HARMFUL, REPLICATES, sample).figures
        for name in held:
            low, high, value = told[name].low, told[name].high, truth[name].value
            if low is not None and high is not None and value is not None:
                given[name] += 1
                held[name] += low <= value <= high
    cells = [f"{reviewers}", f"{world[0]:.0%}", f"{cases}"]
    for name in held:
        cells += [f"{truth[name].value:.2f}", f"{given[name] / SAMPLES:.0%}"]
        cells += [f"{held[name] / given[name]:.1%}" if given[name] else "–"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("| reviewers | harmful | cases |", " ".join(f"{name} | has an interval | which holds |" for name in FIGURES))
    print(f"|{'---|' * 12}")
    for n in (2, 3):
        for one in WORLDS:
            for size in (20, 50, 100, 300):
                print(simulate(n, one, size), flush=True)
