"""How often the gate's limits hold, and how often it passes whom, on made-up guards whose truth is known.

    python -m tests.gate_simulation [--draws 400]

A champion and a candidate judge a population of cases; both err on some, partly on the same. From it, gold sets are
drawn again and again. Coverage: how often the 95 % limits hold the true difference. Passed: how often a candidate that
loses so much is passed at a margin of 0.05. `tests/training/gate/test_simulation.py` runs a few of these.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.registry.results import Ruling
from training.gate.paired import Measure, Sides, auroc, brier, difference, f1, right_share
from training.gate.rulings import Asked, ruled

MARGIN = 0.05
POPULATION = 200_000


@dataclass(frozen=True, slots=True)
class World:
    """A population, and how cases are drawn from it.

    Attributes:
        n: cases in a gold set.
        harmful: their share.
        right: how often the champion is right.
        churn: how often the two differ.
        loss: how much less often the candidate is right.
        weights: whether cases are drawn with unequal probability, and weighted by its inverse.
    """

    n: int
    harmful: float = 0.4
    right: float = 0.9
    churn: float = 0.06
    loss: float = 0.0
    weights: bool = False


WORLDS = (
    World(60),
    World(200),
    World(500),
    World(500, right=0.98, churn=0.01),
    World(500, harmful=0.05),
    World(300, weights=True),
    World(500, loss=0.05, churn=0.08),
    World(500, loss=0.1, churn=0.12),
    World(1000, loss=0.05, churn=0.08),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What many draws came to.

    Attributes:
        held: share of draws whose limits hold the truth, by measure.
        passed, failed: shares of draws by the ruling on F1.
    """

    held: dict[str, float]
    passed: float
    failed: float


def population(world: World) -> tuple[Sides, Sides]:
    """Flags of all, then scores of all; weights are those that a case has once it is drawn."""
    random = np.random.default_rng(11)
    harmful = random.random(POPULATION) < world.harmful
    champion_right = random.random(POPULATION) < world.right
    gains = (world.churn - world.loss) / 2 / (1 - world.right)
    losses = (world.churn + world.loss) / 2 / world.right
    turns = random.random(POPULATION)
    candidate_right = np.where(champion_right, turns >= losses, turns < gains)
    weight = np.where(random.random(POPULATION) < 0.8, 10.0, 1.0) if world.weights else np.ones(POPULATION)
    flags = Sides(
        harmful,
        (candidate_right == harmful).astype(float),
        (champion_right == harmful).astype(float),
        weight,
    )
    hard = random.normal(size=POPULATION)

    def scores(
        flagged: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return 1 / (1 + np.exp(-(2 * (2 * flagged - 1) + hard + 0.3 * random.normal(size=POPULATION))))

    return flags, Sides(harmful, scores(flags.candidate), scores(flags.champion), weight)


def simulated(world: World, draws: int, seed: int = 3) -> Seen:
    """Many gold sets of a world."""
    random = np.random.default_rng(seed)
    flags, scores = population(world)
    measures: dict[str, tuple[Sides, Measure]] = {
        "right": (flags, right_share),
        "F1": (flags, f1),
        "AUROC": (scores, auroc),
        "Brier": (scores, brier),
    }
    truth = {name: true_difference(sides, measure) for name, (sides, measure) in measures.items()}
    chance = 1 / flags.weight
    held = dict.fromkeys(measures, 0)
    rulings = []
    for _ in range(draws):
        drawn = random.choice(POPULATION, world.n, p=chance / chance.sum())
        for name, (sides, measure) in measures.items():
            found = difference(part(sides, drawn), measure, by_class=False)
            held[name] += found.low <= truth[name] <= found.high
            if name == "F1":
                rulings.append(ruled(Asked("gold", "F1", MARGIN), found).ruling)
    shares = {name: n / draws for name, n in held.items()}
    return Seen(shares, rulings.count(Ruling.PASSED) / draws, rulings.count(Ruling.FAILED) / draws)


def part(sides: Sides, drawn: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Sides:
    """The drawn cases."""
    return Sides(sides.harmful[drawn], sides.candidate[drawn], sides.champion[drawn], sides.weight[drawn])


def true_difference(sides: Sides, measure: Measure) -> float:
    """Of the whole population, in which each case counts once."""
    once = np.ones((1, len(sides)))
    return float((measure(sides.harmful, sides.candidate, once) - measure(sides.harmful, sides.champion, once))[0])


def lines(draws: int) -> Iterator[str]:
    """The table of docs/gate.md."""
    yield "| cases | lost | differ | holds: right | F1 | AUROC | Brier | passed | failed |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for world in WORLDS:
        seen = simulated(world, draws)
        kind = f"{world.n}{', weighted' if world.weights else ''}{', 5 % harmful' if world.harmful < 0.1 else ''}"
        held = " | ".join(f"{share:.3f}" for share in seen.held.values())
        yield f"| {kind} | {world.loss:.2f} | {world.churn:.2f} | {held} | {seen.passed:.2f} | {seen.failed:.2f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate_simulation", description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    for line in lines(parser.parse_args().draws):
        print(line, flush=True)


if __name__ == "__main__":
    main()
