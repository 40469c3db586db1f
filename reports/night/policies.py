"""The policies that held in a period, as a report tells them; pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import groupby

from auditor.policies.policy import Policy, Rule
from auditor.policies.store import InForce
from auditor.scope import Scope
from reports.first_page import PolicyLine, RuleLine

LEVELS = ("watch", "escalate", "urgent")


def policy_lines(
    scope: Scope, policies: Mapping[date, InForce], applications: Collection[str]
) -> tuple[PolicyLine, ...]:
    """A line for each policy of the period, and each time that it held; the last one first.

    Args:
        scope: the period.
        policies: of each day of the window.
        applications: of the tenant, if the report is of one: rules for others' are none of its business.
    """
    days = [day for day in scope.days if day >= scope.first]
    lines = []
    for _, group in groupby(days, key=lambda day: (policies[day].number, policies[day].policy.version)):
        held = list(group)
        lines.append(policy_line(policies[held[0]], held[0], held[-1], scope.tenant, applications))
    return tuple(reversed(lines))


def policy_line(
    held: InForce, first: date, last: date, tenant: str | None, applications: Collection[str]
) -> PolicyLine:
    """One policy."""
    policy = held.policy
    return PolicyLine(
        version=policy.version,
        escalate=policy.default.escalate,
        watch=policy.default.watch,
        urgent=policy.default.urgent,
        number=held.number or None,
        effective_from=held.effective_from,
        proposed_by=held.proposed_by,
        approved_by=held.approved_by,
        first=first,
        last=last,
        rules=tuple(rule_line(rule) for rule in rules_for(policy.rules, tenant, applications)),
    )


def rules_for(rules: Iterable[Rule], tenant: str | None, applications: Collection[str]) -> list[Rule]:
    """Those that can hold for exchanges of a tenant; all where there is none."""
    if tenant is None:
        return list(rules)
    return [
        rule
        for rule in rules
        if rule.tenant in {None, tenant} and (rule.application is None or rule.application in applications)
    ]


def rule_line(rule: Rule) -> RuleLine:
    """One rule, as a report has it."""
    return RuleLine(rule.tenant, rule.application, rule.category, rule.thinking, rule.watch, rule.escalate, rule.urgent)


def thresholds(policy: Policy, tenant: str | None, applications: Collection[str]) -> dict[str, float]:
    """Every threshold that a policy sets, by what it is for and its level."""
    named: dict[str, float] = {}
    for name, source in [
        ("default", policy.default),
        *((r.name, r) for r in rules_for(policy.rules, tenant, applications)),
    ]:
        for level in LEVELS:
            value = getattr(source, level)
            if value is not None:
                named[f"{name}: {level}"] = value
    return named
