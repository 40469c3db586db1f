"""Intervals, and what is said where there is none: never NaN, never a crash."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.agreement.figures import (
    FEW_CASES,
    FEW_RARE,
    NO_HARM,
    NO_PAIR,
    ONE_CASE,
    ONE_LEVEL,
    UNSTEADY,
    Figure,
    Measured,
    difference,
    measure,
)
from auditor.agreement.ratings import among, between, kinds
from auditor.agreement.scales import HARMFUL, LEVELS


def people(*cases: tuple[int, ...], times: int = 1, seed: int = 1) -> Measured:
    """Agreement of these cases: votes for each level, each case so many times."""
    rows, n = kinds(np.array(cases * times).reshape(-1, len(cases[0]) if cases else 2))
    scale = HARMFUL if rows.shape[1] == 2 else LEVELS
    return measure(among(rows), n, scale, 200, seed)


def test_the_same_seed_gives_the_same_limits_and_another_one_others() -> None:
    cases = ((2, 0), (2, 0), (1, 1), (0, 2))
    assert people(*cases, times=20) == people(*cases, times=20)
    assert people(*cases, times=20).figures["ac1"] != people(*cases, times=20, seed=2).figures["ac1"]


def test_more_cases_give_a_narrower_interval_around_the_same_value() -> None:
    few, many = (people((2, 0), (2, 0), (1, 1), (0, 2), times=n).figures["ac1"] for n in (10, 100))
    assert few.value == pytest.approx(many.value)
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert few.low < many.low < many.high < few.high


def test_no_case_with_two_votes_is_not_defined() -> None:
    for told in (people((1, 0), times=30), people()):
        assert told == Measured(0, dict.fromkeys(told.figures, Figure(None, why_not=NO_PAIR)))


def test_one_case_is_not_defined() -> None:
    told = people((1, 1))
    assert told == Measured(1, dict.fromkeys(told.figures, Figure(None, why_not=ONE_CASE)))


def test_one_level_leaves_kappa_and_alpha_undefined_and_ac1_with_a_bound() -> None:
    """30 cases without a disagreement are no surprise where 0.025^(1/30) = .8843 agree; of chance AC1 takes nothing."""
    told = people((2, 0), times=30).figures
    assert told["fleiss"] == told["alpha"] == Figure(None, why_not=ONE_LEVEL)
    assert told["ac1"].value == told["ac1"].high == 1
    assert told["ac1"].low == pytest.approx(0.8843, abs=5e-5)


def test_what_is_agreed_on_of_harm_is_told_apart_from_what_is_safe_anyway() -> None:
    """Gwet's (2008) case: 118 of 125 agreed safe, 7 disputed, none agreed harmful. With 5: 2 x 5 / (2 x 5 + 7)."""
    told = people(*[(2, 0)] * 118, *[(1, 1)] * 7).figures
    assert told["both_harmful"].value == 0
    assert told["ac1"].value == pytest.approx(0.94, abs=0.005)
    assert people(*[(2, 0)] * 113, *[(1, 1)] * 7, *[(0, 2)] * 5).figures["both_harmful"].value == pytest.approx(10 / 17)


def test_agreement_on_harm_where_nobody_said_harmful_or_nobody_differed() -> None:
    """Ten cases called harmful by both: at least 0.025^(1/10) = .6915 of such votes are shared."""
    assert people((2, 0), times=30).figures["both_harmful"] == Figure(None, why_not=NO_HARM)
    told = people(*[(2, 0)] * 30, *[(0, 2)] * 10).figures["both_harmful"]
    assert (told.value, told.high) == (1, 1)
    assert told.low == pytest.approx(0.6915, abs=5e-5)


def test_nobody_disagreeing_is_no_certainty() -> None:
    """Half of 40 cases harmful: agreement of 0.025^(1/40) = .9119 leaves a kappa of 1 - .0881 / .5 = .8238."""
    told = people((2, 0), (0, 2), times=20).figures
    assert told["fleiss"].low == pytest.approx(0.8238, abs=5e-5)
    assert told["fleiss"].high == 1


def test_few_cases_have_a_value_and_no_interval() -> None:
    told = people((2, 0), (1, 1), (0, 2), times=6).figures
    assert {figure.why_not for figure in told.values()} == {FEW_CASES}
    assert told["ac1"].value == pytest.approx(1 / 3)


def test_kappa_has_no_interval_where_harm_is_too_rare_to_tell_and_ac1_has_one() -> None:
    told = people(*[(2, 0)] * 95, *[(1, 1)] * 3, *[(0, 2)] * 2).figures
    assert told["fleiss"].why_not == told["alpha"].why_not == FEW_RARE
    assert told["ac1"].why_not is None
    assert told["ac1"].low is not None


def test_cases_that_are_all_alike_say_nothing_of_the_spread() -> None:
    assert people((2, 1), times=30).figures["ac1"].why_not == UNSTEADY


def test_people_and_a_guard_that_share_no_case_are_not_compared() -> None:
    told = measure(between(np.array([[2, 0], [0, 0]]), np.array([[0, 0], [1, 0]])), np.array([50, 50]), HARMFUL, 50, 1)
    assert told == Measured(0, dict.fromkeys(told.figures, Figure(None, why_not=NO_PAIR)))


def test_a_guard_that_sides_with_one_of_two_people_agrees_with_them_more_than_they_do() -> None:
    """People agree on 80 of 100 cases, guard and people on 60 + 20 + 20 / 2 = 90; shares are .7 and .3 on every side.

    p_e = 2 x .7 x .3 = .42; AC1 .38 / .58 = .655 and .48 / .58 = .828; .655 - .828 = -.1724.
    """
    rows = np.array([[2, 0, 1, 0], [1, 1, 1, 0], [1, 1, 0, 1], [0, 2, 0, 1]])
    n = np.array([60, 10, 10, 20])
    told = difference((among(rows[:, :2]), between(rows[:, :2], rows[:, 2:])), n, HARMFUL, 500, 1)
    assert told.value == pytest.approx(-0.1724, abs=5e-5)
    assert told.high is not None
    assert told.high < 0


CASES = st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=60)


@settings(max_examples=150, deadline=None)
@given(CASES)
def test_whatever_the_votes_each_figure_is_a_number_with_its_interval_around_it_or_says_why_not(
    cases: Sequence[tuple[int, int, int]],
) -> None:
    rows, n = kinds(np.array(cases, dtype=np.int64).reshape(-1, 3))
    told = [measure(among(rows), n, LEVELS, 30, 1)]
    told += [measure(between(rows[:, [0, 1]], rows[:, [2, 1]]), n, HARMFUL, 30, 1)]
    for figure in (figure for one in told for figure in one.figures.values()):
        assert (figure.low is None) == (figure.high is None) == (figure.why_not is not None)
        assert figure.value is not None or figure.low is None
        if figure.value is not None:
            assert figure.value <= 1 + 1e-9
        if figure.low is not None and figure.high is not None and figure.value is not None:
            assert figure.low <= figure.value <= figure.high


def test_the_order_of_cases_and_of_who_voted_changes_nothing() -> None:
    rows = np.array(list(product(range(3), repeat=3)))
    shuffled = np.random.default_rng(1).permutation(rows)
    told = [measure(among(found), n, LEVELS, 50, 1) for found, n in (kinds(rows), kinds(shuffled))]
    assert told[0] == told[1]
