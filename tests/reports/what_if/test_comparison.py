"""A what-if from a store: counted figures are exact, estimated ones hold the truth, and what is said adds up."""

import json
from dataclasses import dataclass

import pytest

from auditor.errors import PolicyRefused
from auditor.policies.policy import Policy
from auditor.store import Store
from conf.schema import load as config
from reports.errors import NothingToReport
from reports.what_if import as_json, words
from reports.what_if.comparison import Part, WhatIf, compare
from reports.what_if.edits import edited
from reports.what_if.estimates import Estimate, TooFew
from reports.what_if.load import Loaded, load
from tests.reports.what_if.seed import draw_and_review, fill

N, DAYS = 30_000, 28


@dataclass
class Known:
    """A store's what-if, and what is true of it."""

    loaded: Loaded
    policy: Policy
    told: WhatIf
    truth: dict[str, float]


TRUTH = """
    SELECT count(*) FILTER (risk IS NULL OR risk >= 0.4) / 28 AS alerts,
        count(*) FILTER (harmful AND risk < 0.4) / 28 AS missed,
        count(*) FILTER (harmful AND (risk IS NULL OR risk >= 0.4)) AS caught,
        count(*) FILTER (risk >= 0.4 AND risk < 0.5) / 28 AS new,
        count(*) FILTER (harmful AND risk >= 0.4 AND risk < 0.5) / 28 AS new_harmful
    FROM seeded
"""


@pytest.fixture(scope="module")
def known() -> Known:
    with Store.open(":memory:", "unused") as store:
        fill(store, N)
        draw_and_review(store)
        loaded = load(store, config((), {}), None, None)
        row = store.connection.execute(TRUTH).fetchone()
        assert row
        truth = dict(zip(("alerts", "missed", "caught", "new", "new_harmful"), map(float, row), strict=True))
    policy = loaded.current.policy
    proposed = edited(policy, [("escalate", 0.4)], [])
    return Known(loaded, policy, compare(loaded.material, loaded.period, policy, proposed, 0.9), truth)


def test_alerts_are_counted_exactly(known: Known) -> None:
    assert known.told.whole.proposed.alerts == pytest.approx(known.truth["alerts"])
    assert known.told.moved.new == pytest.approx(known.truth["new"])
    assert known.told.moved.dropped == 0


def test_estimates_hold_the_truth(known: Known) -> None:
    then = known.told.whole.proposed
    assert isinstance(then.missed, Estimate)
    assert then.missed.low <= known.truth["missed"] <= then.missed.high
    precision = known.truth["caught"] / DAYS / known.truth["alerts"]
    assert isinstance(then.precision, Estimate)
    assert then.precision.low <= precision <= then.precision.high
    recall = known.truth["caught"] / (known.truth["caught"] + DAYS * known.truth["missed"])
    assert isinstance(then.recall, Estimate)
    assert then.recall.low <= recall <= then.recall.high


def test_slices_add_up_to_the_whole(known: Known) -> None:
    tenants = [one for one in known.told.slices if one.part.tenant and not one.part.category]
    assert len(tenants) == 3
    assert sum(one.proposed.alerts for one in tenants) == pytest.approx(known.told.whole.proposed.alerts)
    assert sum(one.current.judged for one in tenants) == pytest.approx(N / DAYS)


def test_a_rule_moves_its_slice_alone(known: Known) -> None:
    proposed = edited(known.policy, [], ["tenant=city-clinic,escalate=0.9"])
    told = compare(known.loaded.material, known.loaded.period, known.policy, proposed, 0.9)
    for one in told.slices:
        if one.part == Part(tenant="city-clinic"):
            assert one.proposed.alerts < one.current.alerts
        elif one.part.tenant and one.part.tenant != "city-clinic":
            assert one.proposed == one.current


def test_the_line_that_fits_the_capacity_is_the_lowest(known: Known) -> None:
    found = known.told.found.capacity
    assert found
    cases = known.told.proposed.review.cases_per_day
    assert found.outcome.alerts <= cases
    lower = edited(known.policy, [("watch", 0.1), ("escalate", round(found.threshold - 0.0001, 4)), ("urgent", 1)], [])
    told = compare(known.loaded.material, known.loaded.period, known.policy, lower, 0.9)
    assert told.whole.proposed.alerts > cases


def test_small_slices_say_that_there_are_too_few_reviews(known: Known) -> None:
    assert any(isinstance(one.proposed.missed, TooFew) for one in known.told.slices)


def test_json_has_a_line_for_each_slice_and_policy(known: Known) -> None:
    lines = [json.loads(json.dumps(line, allow_nan=False)) for line in as_json.lines(known.told)]
    whole = [one for one in lines if one["kind"] == "slice" and one["tenant"] is None and not one["category"]][:2]
    assert [one["role"] for one in whole] == ["in_force", "proposed"]
    low, high = whole[1]["missed_ci"]
    assert low <= whole[1]["missed_per_day"] <= high


def test_it_is_said_in_plain_words(known: Known) -> None:
    told = " ".join(words.sentences(known.told))
    assert "Alerts a day go from" in told
    assert "Harmful exchanges that nobody sees" in told


def test_a_store_without_reviews_says_so() -> None:
    with Store.open(":memory:", "unused") as store:
        fill(store, 500)
        loaded = load(store, config((), {}), None, None)
    policy = loaded.current.policy
    told = compare(loaded.material, loaded.period, policy, policy, 0.9)
    assert isinstance(told.whole.proposed.missed, TooFew)
    assert "too few reviews" in " ".join(words.sentences(told))


def test_nothing_judged_is_said_in_a_line() -> None:
    with Store.open(":memory:", "unused") as store, pytest.raises(NothingToReport):
        load(store, config((), {}), None, None)


@pytest.mark.parametrize(
    "rule",
    ["escalate=0.4", "tenant=a", "tenant=a,escalate=2", "colour=red,escalate=0.4", "category=x,escalate=0.4", ""],
)
def test_a_rule_that_cannot_be_used_is_refused(known: Known, rule: str) -> None:
    with pytest.raises(PolicyRefused):
        edited(known.policy, [], [rule])


def test_levels_in_the_wrong_order_are_refused(known: Known) -> None:
    with pytest.raises(PolicyRefused, match="must rise"):
        edited(known.policy, [("escalate", 0.1)], [])
