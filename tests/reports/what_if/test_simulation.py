"""What is printed holds in 93 to 97 of 100 sampling plans, and is right on average; escalated cases alone are not."""

from pathlib import Path

import pytest

from tests.what_if_simulation import Plan, Population, Result, of_rows, simulate, synthetic

ROWS = Path(__file__).parents[4] / "shared/data/qta"
PLANS = 1000
MANY = Plan(line=0.5, escalated_share=0.3, below_a_day=60, reviewed=0.7)


@pytest.fixture(scope="module")
def result() -> Result:
    return simulate(synthetic(0.1, 8_000, 1), MANY, 0.6, PLANS)


@pytest.fixture(scope="module")
def rows() -> Population:
    pytest.importorskip("sklearn")
    files = [ROWS / "train.jsonl", ROWS / "dev.jsonl"]
    if not all(file.exists() for file in files):
        pytest.skip("the labelled rows are not here")
    return of_rows(files)


def check(result: Result) -> None:
    for told in (result.precision, result.missed):
        assert told.too_few < 0.05
        assert 0.93 <= told.covers <= 0.97
        assert abs(told.error) <= 3 * told.noise
        assert abs(told.naive) > 10 * told.noise


def test_intervals_cover_the_truth_and_estimates_are_unbiased(result: Result) -> None:
    check(result)


@pytest.mark.slow
@pytest.mark.parametrize("proposed", [0.6])
def test_the_same_on_labelled_rows(rows: Population, proposed: float) -> None:
    check(simulate(rows, MANY, proposed, PLANS))


def test_with_few_drawn_it_says_that_it_cannot_tell() -> None:
    told = simulate(synthetic(0.01, 28_000, 3), Plan(0.5, 1.0, 5), 0.5, 200).missed
    assert told.too_few > 0.95
    assert told.covers >= 0.93
