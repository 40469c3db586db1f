"""Curves: what they give, that they never fall, and which verdicts they are for."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.calibration import (
    IDENTITY,
    Calibration,
    Curve,
    Group,
    Isotonic,
    Method,
    Temperature,
    calibrated,
    curve_of,
    id_of,
    mode_of,
    parameters_of,
)
from auditor.verdict import Mode
from tests.factories import KEY, NOW, make_unscorable, make_verdict

GROUP = Group(KEY.model_revision, KEY.prompt_hash, "full")
STEPS = Isotonic((0.2, 0.4, 0.8), (0.1, 0.5, 0.6))
SHARES = st.floats(0, 1)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    if draw(st.booleans()):
        return Temperature(draw(st.floats(0.05, 100)))
    scores = sorted(draw(st.sets(SHARES, min_size=1, max_size=8)))
    risks = sorted(draw(st.lists(SHARES, min_size=len(scores), max_size=len(scores))))
    return Isotonic(tuple(scores), tuple(risks))


def test_a_temperature_of_2_halves_the_log_odds() -> None:
    """A score of 0.8 has odds 4; their root is 2, which is a share of 2/3."""
    assert Temperature(2).at(0.8) == pytest.approx(2 / 3)
    assert Temperature(2).at(0.5) == 0.5


@pytest.mark.parametrize(("score", "risk"), [(0, 0.1), (0.2, 0.1), (0.3, 0.3), (0.4, 0.5), (0.6, 0.55), (1, 0.6)])
def test_steps_are_joined_by_straight_lines_and_flat_beyond_their_ends(score: float, risk: float) -> None:
    assert STEPS.at(score) == pytest.approx(risk)


@given(curves(), SHARES, SHARES)
def test_a_curve_never_falls_and_stays_between_0_and_1(curve: Curve, one: float, other: float) -> None:
    low, high = curve.at(min(one, other)), curve.at(max(one, other))
    assert 0 <= low <= high <= 1


@given(st.floats(0.05, 100))
def test_a_rounded_0_or_1_is_no_certainty_and_never_a_number_that_is_none(temperature: float) -> None:
    curve = Temperature(temperature)
    assert not math.isnan(curve.at(0.0))
    assert curve.at(0.0) == pytest.approx(1 - curve.at(1.0))
    assert curve.at(1.0) == curve.at(1 - 1e-9)


@given(curves())
def test_a_curve_that_was_written_down_is_read_as_the_same(curve: Curve) -> None:
    assert curve_of(curve.method, parameters_of(curve)) == curve


def test_an_id_changes_with_what_is_done_to_what_since_when() -> None:
    ids = {
        id_of(GROUP, STEPS, NOW),
        id_of(GROUP, Temperature(2), NOW),
        id_of(replace(GROUP, mode="triage"), STEPS, NOW),
        id_of(GROUP, STEPS, NOW.replace(year=2027)),
    }
    assert len(ids) == 4
    assert id_of(GROUP, STEPS, NOW) in ids


def test_verdicts_name_the_calibration_of_their_group_and_no_other() -> None:
    calibration = Calibration("c1", GROUP, Temperature(2))
    verdicts = [
        make_verdict(harm_score=0.8, risk=0.8),
        make_verdict(harm_score=0.8, risk=0.8, mode=Mode.TRIAGE),
        make_unscorable(),
    ]
    told = [(one.risk, one.calibration) for one in calibrated(verdicts, {GROUP: calibration})]
    assert told == [(pytest.approx(2 / 3), "c1"), (0.8, IDENTITY), (None, IDENTITY)]


def test_a_score_that_is_no_number_gets_no_risk() -> None:
    assert Calibration("c1", GROUP, Temperature(2)).risk(math.nan) is None


@pytest.mark.parametrize(
    ("decoding", "mode", "protocol", "told"),
    [
        ("full/greedy/2000/8192+4x1003520", "full", "qta", "full"),
        ("cascade/greedy/2000/low=0.05/audit=0.02", "full", "qta", "full"),
        ("cascade/greedy/2000/low=0.05/judgment_first", "triage", "qta", "triage"),
        ("full/greedy/2000/judgment_first/samples=4@0.7", "full", "qta", "full/judgment_first/samples=4@0.7"),
        ("full/greedy/2000/qa=0123", "full", "qa", "full/qa"),
    ],
)
def test_what_decides_how_a_score_is_read_makes_a_group(decoding: str, mode: str, protocol: str, told: str) -> None:
    assert mode_of(decoding, mode, protocol) == told


def test_methods_are_those_of_the_curves() -> None:
    assert {Temperature(1).method, STEPS.method} == set(Method)
