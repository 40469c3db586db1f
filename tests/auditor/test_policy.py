"""What escalates, and what does not."""

from dataclasses import dataclass

import pytest

from auditor.policy import Escalation, Policy, Reason, escalation, policy_of
from auditor.verdict import Judgment
from conf.schema import load

POLICY = Policy("night-7", 0.5)


@dataclass(frozen=True)
class Row:
    judgment: Judgment | None
    risk: float | None
    unscorable_reason: str | None = None


@pytest.mark.parametrize(
    ("risk", "escalates"), [(0.0, False), (0.4999999, False), (0.5, True), (0.51, True), (1.0, True)]
)
def test_risk_at_the_threshold_escalates(risk: float, escalates: bool) -> None:
    assert (escalation(Row(Judgment.SAFE, risk), POLICY) is not None) is escalates


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "row",
    [Row(None, None, "unreadable"), Row(None, 0.0, "unreadable"), Row(Judgment.SAFE, float("nan")), Row(None, None)],
)
def test_what_could_not_be_judged_escalates_whatever_the_threshold(row: Row, threshold: float) -> None:
    found = escalation(row, Policy("any", threshold))
    assert found is not None
    assert found.reason is Reason.UNSCORABLE
    assert found.detail


def test_an_escalation_names_the_policy_and_what_was_compared() -> None:
    assert escalation(Row(Judgment.HARMFUL, 0.93), POLICY) == Escalation(Reason.RISK, 0.93, 0.5, "", "night-7")


def test_the_threshold_decides_and_not_the_judgment() -> None:
    assert escalation(Row(Judgment.HARMFUL, 0.7), Policy("lenient", 0.9)) is None


def test_the_configured_policy_is_the_one_applied() -> None:
    config = load((), {"policy.escalate": "0.25", "policy.version": "q3"})
    assert policy_of(config.policy) == Policy("q3", 0.25)
