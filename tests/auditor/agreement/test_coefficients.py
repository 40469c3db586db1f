"""The coefficients give what was published, and what other libraries give."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from auditor.agreement.figures import Measured, measure
from auditor.agreement.ratings import among, between, kinds
from auditor.agreement.scales import HARMFUL, LEVELS, Scale
from tests.auditor.agreement.published import (
    COHEN_1960,
    FLEISS_1971,
    GWET_2008,
    KRIPPENDORFF_2011,
    counts_of,
    rows_of,
    sides_of,
)

LIBRARIES = json.loads((Path(__file__).parent / "libraries.json").read_text(encoding="utf-8"))["tables"]


def of_table(table: str, categories: int, *, ordered: bool = True) -> Measured:
    rows, n = kinds(counts_of(rows_of(table), categories))
    return measure(among(rows), n, Scale(categories, ordered), 10, 1)


def of_sides(table: tuple[tuple[int, ...], ...], scale: Scale) -> Measured:
    one, other = sides_of(table)
    rows, n = kinds(np.hstack([one, other]))
    return measure(between(rows[:, : scale.n], rows[:, scale.n :]), n, scale, 10, 1)


def values(told: Measured) -> dict[str, float | None]:
    return {name: figure.value for name, figure in told.figures.items()}


def test_fleiss_kappa_of_fleiss_1971() -> None:
    """Fleiss (1971): P = .556; shares .144 .144 .167 .306 .239, so P_e = .220, and kappa = .430."""
    told = values(of_table(FLEISS_1971, 5, ordered=False))
    assert told["observed"] == pytest.approx(0.5556, abs=5e-5)
    assert told["fleiss"] == pytest.approx(0.430, abs=5e-4)


def test_alpha_of_krippendorff_2011() -> None:
    """Krippendorff (2011): 4 observers, 12 units, missing values: .743 nominal, .815 ordinal, .849 interval."""
    told = values(of_table(KRIPPENDORFF_2011, 5))
    assert told["alpha"] == pytest.approx(0.743, abs=5e-4)
    assert told["alpha_ordinal"] == pytest.approx(0.815, abs=5e-4)
    assert told["alpha_interval"] == pytest.approx(0.849, abs=5e-4)


def test_ac1_and_fleiss_of_gwet_2014() -> None:
    """Gwet (2014) on the same table: agreement .81818, AC1 .77544, Fleiss .76117; AC2 by ordinal weights .89894.

    The unit that a single observer rated counts for the shares of categories there, and not for agreement.
    """
    told = values(of_table(KRIPPENDORFF_2011, 5))
    assert told["observed"] == pytest.approx(0.81818, abs=5e-6)
    assert told["ac1"] == pytest.approx(0.77544, abs=5e-6)
    assert told["fleiss"] == pytest.approx(0.76117, abs=5e-6)
    assert told["ac2"] == pytest.approx(0.89894, abs=5e-6)


def test_cohens_kappa_of_cohen_1960() -> None:
    """Cohen (1960): p_o = .44 + .20 + .06 = .70; p_e = .50 x .60 + .30 x .30 + .20 x .10 = .41; .29 / .59 = .492."""
    told = values(of_sides(COHEN_1960, Scale(3, ordered=False)))
    assert told["observed"] == pytest.approx(0.70)
    assert told["cohen"] == pytest.approx(0.492, abs=5e-4)


def test_kappa_collapses_where_one_level_is_rare_and_ac1_does_not() -> None:
    """Gwet (2008): p_o = 118 / 125 = .944.

    Cohen: p_e = (123 x 120 + 2 x 5) / 125^2 = .94528, kappa = -.0234. Scott: shares .972 and .028, p_e = .945568,
    -.0288. AC1: p_e = 2 x .972 x .028 = .054432, (.944 - .054432) / .945568 = .9408.
    """
    told = values(of_sides(GWET_2008, HARMFUL))
    assert told["cohen"] == pytest.approx(-0.0234, abs=5e-5)
    assert told["fleiss"] == pytest.approx(-0.0288, abs=5e-5)
    assert told["ac1"] == pytest.approx(0.9408, abs=5e-5)


def test_the_next_of_three_levels_agrees_by_two_thirds() -> None:
    """Gwet (2014), ordinal weights: 1 - C(2, 2) / C(3, 2) = 2/3, and 1 - C(3, 2) / C(3, 2) = 0."""
    assert LEVELS.agreement() == pytest.approx(np.array([[1, 2 / 3, 0], [2 / 3, 1, 2 / 3], [0, 2 / 3, 1]]))


@pytest.mark.parametrize("table", LIBRARIES)
def test_other_libraries_give_the_same(table: dict[str, object]) -> None:
    told = values(of_table(str(table["ratings"]), int(str(table["categories"]))))
    want = table["want"]
    assert isinstance(want, dict)
    assert {name: told[name] for name in want} == pytest.approx(want, abs=1e-5)


def test_cohens_kappa_is_that_of_scikit_learn() -> None:
    """On two levels its weights are those of scikit-learn's unweighted kappa."""
    rng = np.random.default_rng(3)
    one = (rng.random(300) < 0.2).astype(int)
    other = np.where(rng.random(300) < 0.1, 1 - one, one)
    rows, n = kinds(np.hstack([np.eye(2, dtype=np.int64)[one], np.eye(2, dtype=np.int64)[other]]))
    told = values(measure(between(rows[:, :2], rows[:, 2:]), n, HARMFUL, 10, 1))
    assert told["cohen"] == pytest.approx(cohen_kappa_score(one, other))


def test_several_people_beside_the_guard_count_as_one_who_is_drawn_from_them() -> None:
    """Two cases. People 0 0 1 with guard 0: 2/3 agree; people 1 1 with guard 1: all. Mean 5/6."""
    people, guard = np.array([[2, 1], [0, 2]]), np.array([[1, 0], [0, 1]])
    told = measure(between(people, guard), np.array([1, 1]), HARMFUL, 10, 1)
    assert told.figures["observed"].value == pytest.approx(5 / 6)
