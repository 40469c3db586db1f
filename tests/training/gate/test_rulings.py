"""Who passes: no worse than is borne, and shown to be."""

import pytest

from auditor.registry.results import Ruling
from tests.training.gate.test_paired import some
from training.gate.paired import Difference, difference, f1, right_share
from training.gate.rulings import Asked, not_asked, ruled, too_few

GAIN = Asked("gold", "F1", 0.05)
ERRORS = Asked("over_refusal", "share flagged", 0.05, lower_is_better=True)
SMALL = Asked("category:x", "share", 0.05, few=True)


def found(value: float, low: float, high: float) -> Difference:
    return Difference(0.8 + value, 0.8, value, low, high, 100)


@pytest.mark.parametrize(
    ("asked", "difference_", "ruling"),
    [
        (GAIN, found(0.0, -0.05, 0.05), Ruling.PASSED),
        (GAIN, found(-0.02, -0.04, -0.01), Ruling.PASSED),
        (GAIN, found(0.0, -0.06, 0.06), Ruling.TOO_FEW),
        (GAIN, found(-0.03, -0.06, -0.001), Ruling.FAILED),
        (GAIN, found(-0.06, -0.15, 0.02), Ruling.FAILED),
        (ERRORS, found(0.0, -0.2, 0.05), Ruling.PASSED),
        (ERRORS, found(0.0, -0.06, 0.06), Ruling.TOO_FEW),
        (ERRORS, found(0.03, 0.001, 0.06), Ruling.FAILED),
        (ERRORS, found(-0.2, -0.3, -0.1), Ruling.PASSED),
        (SMALL, found(-0.06, -0.15, 0.02), Ruling.TOO_FEW),
        (SMALL, found(-0.06, -0.15, -0.001), Ruling.FAILED),
    ],
)
def test_a_ruling_follows_from_the_worse_limit(asked: Asked, difference_: Difference, ruling: Ruling) -> None:
    check = ruled(asked, difference_)
    assert check.ruling is ruling
    assert check.refuses is (ruling in {Ruling.FAILED, Ruling.TOO_FEW} and not (asked.few and ruling is Ruling.TOO_FEW))


def test_a_candidate_that_equals_the_champion_passes_and_one_that_lost_five_points_of_500_cases_does_not() -> None:
    assert ruled(GAIN, difference(some(500, 0.9), f1)).ruling is Ruling.PASSED
    lost = ruled(GAIN, difference(some(500, 0.9, lost=25), right_share))
    assert lost.ruling is Ruling.FAILED
    assert lost.high is not None
    assert lost.high < 0


def test_few_cases_do_not_tell_and_the_reason_says_how_many_would() -> None:
    check = ruled(GAIN, difference(some(30, 0.9), right_share))
    assert (check.ruling, check.refuses) == (Ruling.TOO_FEW, True)
    assert "so few cases do not tell, some " in check.reason
    wanted = int(check.reason.rpartition("some ")[2].split()[0])
    assert ruled(GAIN, difference(some(2 * (wanted // 2) + 2, 0.9), right_share)).ruling is Ruling.PASSED


def test_what_was_not_asked_refuses_nothing_and_what_could_not_be_asked_does() -> None:
    assert not not_asked("frozen_sample", "share", "none yet").refuses
    assert too_few("gold", "F1", "no safe case").refuses
