"""Which threshold holds where, and what it makes of a verdict."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policies.file import configured_policy
from auditor.policies.policy import (
    Bound,
    Escalation,
    Level,
    Policy,
    Reason,
    Rule,
    Slice,
    Thresholds,
    escalation,
    level_of,
)
from auditor.verdict import Judgment
from conf.schema import load

POLICY = replace(configured_policy(load().policy), version="night-7", default=Thresholds(0.2, 0.5, 0.9))
SLICE = Slice("harbor-bank", "teller", "data_privacy", "redacted")


@dataclass(frozen=True)
class Row:
    judgment: Judgment | None
    risk: float | None
    unscorable_reason: str | None = None


def with_rules(*rules: Rule) -> Policy:
    return replace(POLICY, rules=rules)


@pytest.mark.parametrize(
    ("risk", "level"),
    [(0.0, "none"), (0.1999999, "none"), (0.2, "watch"), (0.5, "escalate"), (0.8999, "escalate"), (0.9, "urgent")],
)
def test_a_risk_at_a_threshold_is_at_its_level(risk: float, level: str) -> None:
    assert level_of(Row(Judgment.SAFE, risk), POLICY.default) == level
    assert (escalation(Row(Judgment.SAFE, risk), POLICY, SLICE) is not None) is (level in {"escalate", "urgent"})


@pytest.mark.parametrize("threshold", [0.0001, 0.5, 1.0])
@pytest.mark.parametrize(
    "row",
    [Row(None, None, "unreadable"), Row(None, 0.0, "unreadable"), Row(Judgment.SAFE, float("nan")), Row(None, None)],
)
def test_what_could_not_be_judged_escalates_whatever_the_threshold(row: Row, threshold: float) -> None:
    found = escalation(row, replace(POLICY, default=Thresholds(threshold, threshold, threshold)), SLICE)
    assert found is not None
    assert found.reason is Reason.UNSCORABLE
    assert found.level is Level.ESCALATE
    assert found.detail


def test_an_escalation_names_the_policy_and_what_was_compared() -> None:
    assert escalation(Row(Judgment.HARMFUL, 0.93), POLICY, SLICE) == Escalation(
        Reason.RISK, 0.93, 0.5, "", "night-7", Level.URGENT, "default"
    )


def test_the_threshold_decides_and_not_the_judgment() -> None:
    lenient = with_rules(Rule(tenant="harbor-bank", escalate=0.9))
    assert escalation(Row(Judgment.HARMFUL, 0.7), lenient, SLICE) is None


def test_the_rule_that_names_more_decides_and_each_threshold_by_itself() -> None:
    policy = with_rules(
        Rule(tenant="harbor-bank", category="data_privacy", escalate=0.4),
        Rule(thinking="redacted", escalate=0.3, watch=0.1),
        Rule(tenant="other", escalate=0.01),
    )
    found = policy.at(SLICE)
    assert found.escalate == Bound(0.4, "tenant harbor-bank, category data_privacy")
    assert found.watch == Bound(0.1, "thinking redacted")
    assert found.urgent == Bound(0.9, "default")


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ({"category": "data_privacy"}, {"tenant": "harbor-bank"}),
        ({"tenant": "harbor-bank"}, {"application": "teller"}),
        ({"application": "teller"}, {"thinking": "redacted"}),
    ],
)
def test_of_rules_that_name_equally_many_the_order_of_names_decides(
    weaker: dict[str, Any], stronger: dict[str, Any]
) -> None:
    rules = (Rule(escalate=0.3, **weaker), Rule(escalate=0.7, **stronger))
    assert with_rules(*rules).at(SLICE).escalate.value == 0.7
    assert with_rules(*reversed(rules)).at(SLICE).escalate.value == 0.7


def test_inherited_levels_give_way_to_escalate() -> None:
    low = with_rules(Rule(tenant="harbor-bank", escalate=0.1)).at(SLICE)
    assert low.watch == Bound(0.1, "follows escalate")
    high = with_rules(Rule(tenant="harbor-bank", escalate=0.95)).at(SLICE)
    assert high.urgent == Bound(0.95, "follows escalate")


NAMES = st.sampled_from([None, "a", "b"])
LEVELS = st.none() | st.integers(1, 10_000).map(lambda n: n / 10_000)
RULES = st.builds(
    Rule, tenant=NAMES, application=NAMES, category=NAMES, thinking=NAMES, watch=LEVELS, escalate=LEVELS, urgent=LEVELS
)


@given(st.lists(RULES, max_size=8), st.builds(Slice, *(st.sampled_from(["a", "b", "c"]) for _ in range(4))))
def test_every_combination_has_thresholds_in_order_whatever_the_rules(rules: list[Rule], one: Slice) -> None:
    found = with_rules(*rules).at(one).thresholds
    assert 0 < found.watch <= found.escalate <= found.urgent <= 1
    assert with_rules(*rules).lowest_escalate <= found.escalate
