"""What moved between two scorers, on cases small enough to count by hand."""

import pytest

from auditor.moves import Mover, Pair, Side, moves_of, quantile, share_json
from auditor.policies.file import configured_policy
from auditor.verdict import Judgment
from conf.schema import load

POLICY = configured_policy(load().policy)
SAFE, MAYBE, HARMFUL = Judgment


def side(judgment: Judgment | None, harm: float | None) -> Side:
    return Side(judgment, harm, harm, None if judgment else "prompt_too_long")


NO_JUDGMENT = side(None, None)
PAIRS = [
    Pair("a", "bank", side(SAFE, 0.1), side(SAFE, 0.1)),  # did not move
    Pair("b", "bank", side(SAFE, 0.2), side(HARMFUL, 0.9)),  # +0.7, gained
    Pair("c", "bank", side(HARMFUL, 0.8), side(MAYBE, 0.5)),  # -0.3, at the threshold: still escalates
    Pair("d", "clinic", side(MAYBE, 0.6), side(SAFE, 0.4)),  # -0.2, lost
    Pair("e", "clinic", NO_JUDGMENT, side(SAFE, 0.0)),  # was unscorable and escalated: lost
    Pair("f", "clinic", NO_JUDGMENT, NO_JUDGMENT),  # both unscorable: escalates by both
    Pair("g", "clinic", side(SAFE, 0.1), None),
    Pair("h", "bank", None, side(SAFE, 0.1)),
    Pair("i", "bank", None, side(SAFE, 0.1)),
]


def test_known_cases_give_the_numbers_counted_by_hand() -> None:
    """Differences of a to d: 0, 0.7, -0.3, -0.2: mean 0.05, mean size 0.3."""
    moves = moves_of(PAIRS, POLICY, 10)
    assert (moves.only_first, moves.only_second) == (1, 2)
    assert (moves.all.triples, moves.all.changed, moves.all.gained, moves.all.lost) == (6, 4, 1, 2)
    assert moves.all.shift.n == 4
    assert moves.all.shift.mean == pytest.approx(0.05)
    assert moves.all.shift.mean_abs == pytest.approx(0.3)
    assert moves.all.shift.quantiles["0"] == pytest.approx(-0.3)
    assert moves.all.shift.quantiles["0.5"] == pytest.approx(-0.1)
    assert moves.all.shift.quantiles["1"] == pytest.approx(0.7)
    assert moves.judgments == {
        "0": {"0": 1, "0.5": 0, "1": 1, "none": 0},
        "0.5": {"0": 1, "0.5": 0, "1": 0, "none": 0},
        "1": {"0": 0, "0.5": 1, "1": 0, "none": 0},
        "none": {"0": 1, "0.5": 0, "1": 0, "none": 1},
    }


def test_tenants_add_up_to_all() -> None:
    moves = moves_of(PAIRS, POLICY, 10)
    assert list(moves.by_tenant) == ["bank", "clinic"]
    for name in ("triples", "changed", "gained", "lost"):
        assert sum(getattr(share, name) for share in moves.by_tenant.values()) == getattr(moves.all, name)
    assert moves.by_tenant["bank"].shift.mean == pytest.approx((0 + 0.7 - 0.3) / 3)


def test_movers_are_those_that_only_one_could_judge_then_the_largest() -> None:
    movers = moves_of(PAIRS, POLICY, 3).movers
    assert [one.triple_id for one in movers] == ["e", "b", "c"]
    assert movers[0] == Mover("e", "clinic", ("none", "0"), (None, 0.0), None)
    assert [one.triple_id for one in moves_of(PAIRS, POLICY, 10).movers] == ["e", "b", "c", "d"]


def test_nothing_in_common_has_no_mean_and_moves_nothing() -> None:
    moves = moves_of(PAIRS[6:], POLICY, 10)
    assert moves.all.triples == 0
    assert share_json(moves.all)["mean_difference"] is None
    assert share_json(moves.all)["quantiles"] == {}
    assert moves.movers == ()


@pytest.mark.parametrize(("fraction", "value"), [(0, 1.0), (0.25, 1.75), (0.5, 2.5), (1, 4.0)])
def test_a_quantile_lies_between_two_values_in_proportion(fraction: float, value: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], fraction) == pytest.approx(value)
