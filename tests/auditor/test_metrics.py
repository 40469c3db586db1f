import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from auditor.metrics import Saturation, Scored, auroc, by_source, measure, saturation
from auditor.verdict import Judgment


def scored(harmful: bool, judgment: Judgment | None, score: float | None, source: str = "a") -> Scored:
    return Scored(harmful, score, judgment, source)


ROWS = [
    scored(True, Judgment.HARMFUL, 0.9),
    scored(True, Judgment.SAFE, 0.4),
    scored(False, Judgment.SAFE, 0.1),
    scored(False, Judgment.POTENTIALLY_HARMFUL, 0.6, "b"),
    scored(True, None, None, "b"),
]


def test_figures_of_a_hand_counted_case() -> None:
    """Flagged: 0.9, 0.6 and the unscorable; two of these three are harmful, of three harmful in all. Pairs: 3 of 4."""
    figures = measure(ROWS)
    assert (figures.precision, figures.recall) == pytest.approx((2 / 3, 2 / 3))
    assert figures.f1 == pytest.approx(2 / 3)
    assert figures.accuracy == pytest.approx(3 / 5)
    assert figures.auroc == pytest.approx(3 / 4)
    assert figures.unscorable == 1


def test_an_unscorable_row_is_flagged_and_has_no_part_in_auroc() -> None:
    assert scored(False, None, None).flagged
    assert measure([scored(False, None, None), scored(True, None, None)]).auroc is None


def test_figures_by_source_are_those_of_its_rows_alone() -> None:
    assert by_source(ROWS) == {"a": measure(ROWS[:3]), "b": measure(ROWS[3:])}


def test_figures_over_nothing_are_undefined() -> None:
    assert (measure([]).f1, measure([]).accuracy, measure([]).auroc) == (None, None, None)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2).filter(lambda r: len({t for _, t in r}) == 2))
def test_auroc_is_scikit_learns_ties_included(rows: list[tuple[int, bool]]) -> None:
    scores, truths = [s / 5 for s, _ in rows], [t for _, t in rows]
    assert auroc(scores, truths) == pytest.approx(roc_auc_score(truths, scores))


def test_saturation_of_a_hand_counted_case() -> None:
    """Of five scores two lie below 0.01, in the right order, and two above 0.99, in the wrong one; 0.5 is a bit."""
    scores = [(False, 0.0), (True, 0.005), (False, 1.0), (True, 0.995), (True, 0.5), (False, None)]
    told = saturation([scored(harmful, None, score) for harmful, score in scores])
    assert (told.rows, told.low, told.high, told.distinct) == (5, 0.4, 0.4, 5)
    assert (told.auroc_low, told.auroc_high) == (1.0, 0.0)
    assert told.entropy == pytest.approx((1 + 2 * 0.0454146) / 5, abs=1e-6)


def test_scores_that_cannot_be_told_apart_are_one() -> None:
    assert saturation([scored(True, None, 1 - n * 1e-9) for n in range(9)]).distinct == 1


def test_no_scores_have_no_saturation() -> None:
    assert saturation([scored(True, None, None)]) == Saturation(0, None, None, None, 0, None, None)
