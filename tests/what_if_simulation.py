"""Do the intervals of what-if cover the truth? Known labels, a thousand sampling plans, and what each would have said.

    python -m tests.what_if_simulation                          # a synthetic population, about a minute
    python -m tests.what_if_simulation --rows ../shared/data/qta/train.jsonl --rows ../shared/data/qta/dev.jsonl

With `--rows` (labelled QTA rows, see docs/ml-engineers.md) the scores are those of a word model that never saw the row
it scores; with `--scored`, those that `traceaudit eval --rows` wrote. The days and tenants are drawn: timing and owners
are synthetic. Each plan draws as the nightly draw does: all urgent, a share of the escalated, and below the line a
stratified sample; a share of the drawn is not reviewed yet. What a plan is asked is the precision of the alerts and
the number of harmful exchanges missed, for a line that is proposed.

The naive estimate beside it knows escalated cases only, as teams do who review nothing below the line: it takes their
harmful share for the precision of any line, and says that what is missed is what the new line gives up.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reports.what_if.estimates import Estimate, Reviews, TooFew, harmful_number, number, share
from reports.what_if.weights import places, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAYS, URGENT, BANDS = 28, 0.95, np.array([0.05, 0.2, 0.5, 0.8])


@dataclass(frozen=True)
class Population:
    """Everything that was judged, with labels that nobody knows in life."""

    name: str
    risk: "NDArray[np.float64]"
    harmful: "NDArray[np.bool_]"
    day: "NDArray[np.int64]"
    tenant: "NDArray[np.int64]"


@dataclass(frozen=True)
class Plan:
    """A line in force, what is drawn each night under it, and the share of the drawn that is reviewed."""

    line: float
    escalated_share: float
    below_a_day: int
    reviewed: float = 1.0


@dataclass(frozen=True)
class Told:
    """What a plan said in all simulations of one figure.

    Attributes:
        covers: share of plans in which what is printed holds: the interval, or the limit where it is too few to tell.
        covers_told: the same among plans that gave an interval.
        too_few: share of plans that said so.
        error, noise: mean error and its Monte-Carlo standard error, in the unit of the figure.
        naive: mean error of the estimate from escalated cases alone.
    """

    truth: float
    covers: float
    covers_told: float
    too_few: float
    error: float
    noise: float
    naive: float
    found: float


@dataclass(frozen=True)
class Result:
    """One population, plan and proposed line."""

    population: str
    plan: Plan
    proposed: float
    precision: Told
    missed: Told


def synthetic(prevalence: float, size: int, seed: int) -> Population:
    """Scores such as a fair guard gives, with that share of harm."""
    random = np.random.default_rng(seed)
    harmful = np.arange(size) < round(prevalence * size)
    risk = np.where(harmful, random.beta(2.2, 1.0, size), random.beta(0.5, 3.0, size))
    return placed(f"synthetic, {prevalence:.1%} harmful", risk, harmful, random)


def placed(
    name: str, risk: "NDArray[np.float64]", harmful: "NDArray[np.bool_]", random: np.random.Generator
) -> Population:
    """With days and tenants drawn."""
    size = len(risk)
    return Population(name, risk, harmful, random.integers(0, DAYS, size), random.integers(0, 3, size))


def thinned(whole: Population, prevalence: float, size: int, seed: int) -> Population:
    """A larger population with less harm: rows drawn with replacement, their scores moved by a little."""
    random = np.random.default_rng(seed)
    n_harmful = round(prevalence * size)
    chosen = np.concatenate(
        [
            random.choice(np.flatnonzero(whole.harmful), n_harmful),
            random.choice(np.flatnonzero(~whole.harmful), size - n_harmful),
        ]
    )
    risk = np.clip(whole.risk[chosen] + random.normal(0, 0.01, size), 0, 1)
    return placed(f"{whole.name}, {prevalence:.1%} harmful", risk, whole.harmful[chosen], random)


def of_rows(files: Sequence[Path], seed: int = 1) -> Population:
    """Labelled rows, scored by a word model that is fitted on other rows (five folds)."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["label"] is not None]
    harmful = np.array([row["label"] >= 0.5 for row in rows])
    texts = [" ".join(filter(None, (row["question"], row["thinking"], row["answer"])))[:1000] for row in rows]
    words = HashingVectorizer(n_features=2**14, alternate_sign=False).fit_transform(texts)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=10, solver="liblinear")
    risk = cross_val_predict(model, words, harmful, cv=folds, method="predict_proba")[:, 1]
    return placed("labelled rows", risk, harmful, np.random.default_rng(seed))


def of_scored(file: Path, seed: int = 1) -> Population:
    """Rows as `traceaudit eval --rows` wrote them."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["label"] is not None and row["harm_score"] is not None]
    risk, harmful = np.array([row["harm_score"] for row in rows]), np.array([row["label"] >= 0.5 for row in rows])
    return placed(f"rows scored in {file.name}", risk, harmful, np.random.default_rng(seed))


def strata(population: Population, plan: Plan) -> "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]":
    """The stratum of each exchange, and how many of each stratum are there and are drawn."""
    urgent, below = population.risk >= URGENT, population.risk < plan.line
    band = np.searchsorted(BANDS, population.risk, side="right")
    level = np.where(urgent, 2, np.where(below, 0, 1))
    key = ((population.day * 3 + level) * 8 + band) * 4 + population.tenant
    few = len(np.unique(key[below])) > DAYS * plan.below_a_day / 2  # as many strata as the night can draw from
    key = np.where(below & few, key - population.tenant, key)
    names, stratum, size = np.unique(key, return_inverse=True, return_counts=True)
    levels, days = names // 32 % 3, names // 96
    roots = np.where(levels == 0, np.sqrt(size), 0)
    wanted = plan.below_a_day * roots / np.maximum(np.bincount(days, roots, minlength=DAYS)[days], 1e-9)
    drawn = np.select([levels == 2, levels == 1], [size, np.ceil(plan.escalated_share * size)], np.floor(wanted))
    return stratum, size, np.clip(drawn, 1, size).astype(np.int64)


def draws(
    population: Population, plan: Plan, times: int, seed: int
) -> "Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]":
    """What each of many nights' draws came to: the reviewed exchanges, and their weights."""
    random = np.random.default_rng(seed)
    stratum, size, drawn = strata(population, plan)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    reason = np.where(population.risk >= URGENT, 2, np.where(population.risk < plan.line, 0, 1))
    cell = places(list(zip(reason, np.searchsorted(BANDS, population.risk, side="right"), strict=True)))
    ordered = np.argsort(stratum, kind="stable")
    rank = np.arange(len(stratum)) - first[stratum[ordered]]
    for _ in range(times):
        order = np.lexsort((random.random(len(stratum)), stratum))
        taken = order[rank < drawn[stratum[order]]]
        reviewed = random.random(len(taken)) < plan.reviewed
        inclusion = drawn[stratum[taken]] / size[stratum[taken]]
        weight = weights(inclusion, reviewed, cell[taken].tolist(), reason[taken].tolist())
        yield taken[reviewed], weight[reviewed]


def simulate(population: Population, plan: Plan, proposed: float, times: int = 1000, seed: int = 7) -> Result:
    """What many plans say of one proposed line."""
    alerts, forced = population.risk >= proposed, population.risk >= plan.line
    level = np.where(population.risk >= URGENT, 2, np.where(forced, 1, 0))
    band = np.searchsorted(BANDS, population.risk, side="right")
    sides = {"precision": alerts, "missed": ~alerts}
    counted = {name: np.bincount(level[side], minlength=3) for name, side in sides.items()}
    truth = {name: float(population.harmful[side].sum()) for name, side in sides.items()}
    said: dict[str, list[tuple[float, bool, bool, float, int]]] = {name: [] for name in sides}
    for taken, weight in draws(population, plan, times, seed):
        reviews = Reviews(weight, population.harmful[taken], level[taken], band[taken])
        seen = population.harmful[taken][forced[taken]]
        given_up = population.harmful[taken][forced[taken] & ~alerts[taken]].sum()
        naive = {"precision": seen.mean() * counted["precision"].sum(), "missed": given_up}
        for name, side in sides.items():
            mine, known = reviews.where(side[taken]), counted[name]
            figure = share(mine, known) if name == "precision" else number(mine, known)
            size = known.sum() if name == "precision" else 1
            found = harmful_number(mine, known)
            said[name].append(
                (
                    found.value if found else np.nan,
                    holds(figure, truth[name] / size),
                    isinstance(figure, TooFew),
                    float(naive[name]),
                    int(mine.harmful.sum()),
                )
            )
    told = {name: summary(rows, truth[name], counted[name].sum(), name == "precision") for name, rows in said.items()}
    return Result(population.name, plan, proposed, told["precision"], told["missed"])


def holds(figure: Estimate | TooFew, truth: float) -> bool:
    """Whether what is printed is true."""
    if isinstance(figure, Estimate):
        return figure.low - 1e-9 <= truth <= figure.high + 1e-9
    return figure.at_most is None or truth <= figure.at_most + 1e-9


def summary(rows: list[tuple[float, bool, bool, float, int]], truth: float, size: float, is_share: bool) -> Told:
    """All plans of one figure in a line; a precision in shares, misses a day."""
    value, covers, too_few, naive, found = (np.array(column) for column in zip(*rows, strict=True))
    unit = size if is_share else DAYS
    error = value[~np.isnan(value)] - truth
    return Told(
        truth=truth / unit,
        covers=float(covers.mean()),
        covers_told=float(covers[~too_few].mean()) if (~too_few).any() else float("nan"),
        too_few=float(too_few.mean()),
        error=float(error.mean()) / unit,
        noise=float(error.std()) / len(error) ** 0.5 / unit,
        naive=float((naive - truth).mean()) / unit,
        found=float(found.mean()),
    )


PLANS = (Plan(0.5, 1.0, 20), Plan(0.5, 0.3, 20), Plan(0.5, 0.3, 60, reviewed=0.7), Plan(0.5, 0.3, 5))


def table(populations: Sequence[Population], times: int) -> Iterator[str]:
    """A line for each population, plan, proposed line and figure."""
    yield (
        f"{'population':34} {'plan':22} {'line':>5} {'figure':9} {'truth':>7} {'found':>6} "
        f"{'covers':>7} {'if told':>7} {'too few':>7} {'error ± noise':>18} {'naive error':>11}"
    )
    for population in populations:
        for plan in PLANS:
            for proposed in (0.3, 0.5, 0.6):
                result = simulate(population, plan, proposed, times)
                for name, told in (("precision", result.precision), ("missed/d", result.missed)):
                    words = f"{plan.escalated_share:.0%} + {plan.below_a_day}, {plan.reviewed:.0%} done"
                    yield (
                        f"{population.name:34} {words:22} {proposed:5} {name:9} {told.truth:7.3f} {told.found:6.1f} "
                        f"{told.covers:7.1%} {told.covers_told:7.1%} {told.too_few:7.1%} "
                        f"{told.error:9.4f} ± {told.noise:6.4f} {told.naive:11.4f}"
                    )


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=Path, action="append", help="labelled rows; repeatable")
    options.add_argument("--scored", type=Path, help="what `traceaudit eval --rows` wrote")
    options.add_argument("--plans", type=int, default=1000, help="simulated sampling plans a line")
    args = options.parse_args()
    if args.rows or args.scored:
        whole = of_rows(args.rows) if args.rows else of_scored(args.scored)
        populations = [whole, thinned(whole, 0.03, 14_000, 2), thinned(whole, 0.01, 28_000, 3)]
    else:
        populations = [synthetic(0.1, 8_000, 1), synthetic(0.03, 14_000, 2), synthetic(0.01, 28_000, 3)]
    for line in table(populations, args.plans):
        print(line, flush=True)


if __name__ == "__main__":
    main()
