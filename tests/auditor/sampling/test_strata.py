"""Strata and what is drawn of them: the budget is kept, and nothing is without a chance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policies.policy import ReviewPlan
from auditor.sampling.bands import BANDS, SCORED, UNSCORABLE, WATCH
from auditor.sampling.strata import (
    BELOW,
    ESCALATED,
    URGENT,
    Cell,
    Stratum,
    allocate,
    below_the_line,
    merged,
    plan,
)

LOW, NEAR = BANDS[0].name, BANDS[-1].name
KINDS = ("raw", "summary", "redacted", "absent", "unknown")

CELLS = st.builds(
    Cell,
    st.just(BELOW),
    st.sampled_from([*(band.name for band in BANDS), WATCH]),
    st.sampled_from(KINDS),
    st.sampled_from([f"tenant-{at}" for at in range(40)]),
)
SIZES = st.dictionaries(CELLS, st.integers(1, 100_000), max_size=60)


def review(share: float = 1.0, below: int = 20) -> ReviewPlan:
    return ReviewPlan(60, 4.0, share, below, 1)


def cell(band: str = LOW, kind: str = "raw", tenant: str = "a") -> Cell:
    return Cell(BELOW, band, kind, tenant)


@settings(max_examples=300, deadline=None)
@given(SIZES, st.integers(1, 500))
def test_the_budget_is_spent_and_every_verdict_below_the_line_has_a_chance(sizes: dict[Cell, int], budget: int) -> None:
    strata = below_the_line(sizes, budget)
    assert sum(one.drawn for one in strata) == min(budget, sum(sizes.values()))
    assert all(0 < one.drawn <= one.size and 0 < one.inclusion <= 1 for one in strata)
    assert {of for one in strata for of in one.cells} == set(sizes)
    assert sum(len(one.cells) for one in strata) == len(sizes)
    assert sum(one.size for one in strata) == sum(sizes.values())
    assert len({one.name for one in strata}) == len(strata)


@settings(max_examples=300, deadline=None)
@given(SIZES, st.integers(1, 500))
def test_merging_leaves_room_and_each_stratum_two_cases_unless_the_budget_is_tiny(
    sizes: dict[Cell, int], budget: int
) -> None:
    strata = below_the_line(sizes, budget)
    assert len(strata) <= max(1, budget // 4) or len(strata) <= min(5, budget // 2)
    assert len(strata) <= 1 or all(one.drawn >= min(one.size, 2) for one in strata)
    if 4 * len(sizes) <= budget:
        assert sorted(one.size for one in strata) == sorted(sizes.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.001, 1_000)), max_size=50), st.integers(0, 1_000))
def test_an_allocation_comes_to_the_budget_or_to_all_there_is(rows: list[tuple[int, float]], budget: int) -> None:
    sizes, weights = [size for size, _ in rows], [weight for _, weight in rows]
    found = allocate(sizes, weights, budget)
    assert sum(found) == min(budget, sum(sizes))
    assert all(0 <= n <= size for n, size in zip(found, sizes, strict=True))
    if 2 * len(sizes) <= budget:
        assert all(n >= min(size, 2) for n, size in zip(found, sizes, strict=True))


def test_an_allocation_is_proportional_to_the_weights() -> None:
    assert allocate([1000, 1000, 1000], [1, 2, 5], 80) == [10, 20, 50]
    assert allocate([1000, 1000, 4], [1, 2, 50], 64) == [20, 40, 4]
    assert allocate([], [], 5) == []


def test_near_the_threshold_more_is_drawn_of_as_many() -> None:
    far, near = below_the_line({cell(LOW): 5000, cell(NEAR): 5000}, 40)
    assert near.drawn > 2 * far.drawn


def test_small_tenants_are_put_together_when_there_are_too_many() -> None:
    sizes = {cell(LOW, tenant="big"): 9000, cell(NEAR, tenant="big"): 1200} | {
        cell(band, tenant=f"small-{at}"): 40 for at in range(20) for band in (LOW, NEAR)
    }
    strata = {one.name: one for one in merged(sizes, 20)}
    assert strata.keys() == {
        f"below/{LOW}/raw/tenant:big",
        f"below/{NEAR}/raw/tenant:big",
        f"below/{NEAR}/raw/others",
        f"below/{LOW}/others",
    }
    others = strata[f"below/{NEAR}/raw/others"]
    assert (others.size, others.common("tenant"), others.common("band")) == (800, None, NEAR)


def test_tenants_that_are_all_alike_are_all_put_together() -> None:
    sizes = {cell(band, kind, f"t{at}"): 100 + at for band in (LOW, NEAR) for kind in KINDS for at in range(50)}
    assert {one.name for one in merged(sizes, 8)} == {f"below/{LOW}/others", f"below/{NEAR}/others"}


def test_with_less_room_kinds_of_thinking_are_put_together_and_at_last_everything() -> None:
    sizes = {cell(band, kind, tenant): 5 for band in (LOW, NEAR) for kind in KINDS for tenant in "abc"}
    assert {one.name for one in merged(sizes, 4)} == {f"below/{LOW}/others", f"below/{NEAR}/others"}
    assert [(one.name, one.size) for one in merged(sizes, 3)] == [("below/others", 150)]


def test_a_tenant_cannot_be_named_like_strata_that_were_merged() -> None:
    sizes = {cell(tenant="others"): 9, cell(tenant="tenant:others"): 8, cell(tenant="x"): 3, cell(tenant="y"): 2}
    assert len({one.name for one in merged(sizes, 16)}) == 4


@settings(deadline=None)
@given(st.floats(0.001, 1), st.integers(1, 100_000), st.integers(1, 5_000))
def test_a_share_of_the_escalated_is_exact_and_never_none(share: float, scored: int, unscorable: int) -> None:
    sizes = {Cell(ESCALATED, SCORED, "", ""): scored, Cell(ESCALATED, UNSCORABLE, "", ""): unscorable}
    found = {one.name: one.drawn for one in plan(sizes, review(share))}
    assert found.keys() == {"escalated/scored", "escalated/unscorable"}
    for drawn, size in zip(found.values(), (scored, unscorable), strict=True):
        assert 1 <= drawn <= size
        assert -0.01 < drawn - share * size < 1.01


@pytest.mark.parametrize(
    ("share", "size", "drawn"), [(0.1, 30, 3), (0.3, 10, 3), (0.25, 9, 3), (1.0, 7, 7), (0.7, 10, 7)]
)
def test_shares_are_not_rounded_up_by_what_floats_add(share: float, size: int, drawn: int) -> None:
    assert plan({Cell(ESCALATED, SCORED, "", ""): size}, review(share))[0].drawn == drawn


def test_all_that_are_urgent_are_drawn() -> None:
    assert plan({Cell(URGENT, "", "", ""): 12}, review(0.1, 0)) == [
        Stratum("urgent", (Cell(URGENT, "", "", ""),), 12, 12)
    ]


def test_with_no_budget_strata_are_kept_with_nothing_drawn() -> None:
    (only,) = plan({cell(): 12}, review(below=0))
    assert (only.size, only.drawn, only.inclusion) == (12, 0, 0.0)
