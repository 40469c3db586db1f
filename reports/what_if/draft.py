"""A proposed policy as a form or a JSON body tells it: default thresholds, and all the rules that are to hold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pydantic import ValidationError

from auditor.errors import PolicyRefused
from auditor.policies.file import LEVELS, SELECTORS, Default, RulePart, reason
from auditor.policies.policy import Policy, Rule, Thresholds
from auditor.policies.write import by_name

RULE = "rule_"  # the fields of rules, repeated as often as there are rules: rule_tenant, rule_escalate …


def drafted(policy: Policy, version: str, default: Default, rules: Sequence[RulePart] | None) -> Policy:
    """The policy with these thresholds and rules in the place of its own; itself where it says the same already.

    Its text stays what it is: `rewritten` says what a file of it would be.

    Args:
        policy: what it is made of.
        version: its name.
        default: thresholds where no rule says otherwise.
        rules: all that are to hold; None: those that the policy has.

    Raises:
        PolicyRefused: two of the rules name the same.
    """
    wanted = Thresholds(**default.model_dump())
    told = policy.rules if rules is None else tuple(Rule(**rule.model_dump()) for rule in rules)
    twins = [name for name, n in Counter(rule.name for rule in told).items() if n > 1]
    if twins:
        raise PolicyRefused(f"there are two rules for {twins[0]}: make them one")
    if wanted == policy.default and {by_name(one) for one in told} == {by_name(one) for one in policy.rules}:
        return policy
    return replace(policy, version=version, default=wanted, rules=told)


def default_in(policy: Policy) -> Default:
    """The default thresholds of a policy."""
    return Default(**{level: getattr(policy.default, level) for level in LEVELS})


def default_of(fields: Mapping[str, str], policy: Policy) -> Default:
    """The default thresholds of a form; what it leaves empty stays as the policy has it.

    Raises:
        PolicyRefused: one of them is no threshold, or they do not rise.
    """
    levels = {level: fields.get(level, "").strip() or getattr(policy.default, level) for level in LEVELS}
    try:
        return Default.model_validate(levels)
    except ValidationError as error:
        raise PolicyRefused(f"default thresholds: {words(error)}") from None


def rules_of(fields: Mapping[str, Sequence[str]]) -> tuple[RulePart, ...]:
    """The rules of a form; a row that gives no threshold is none.

    Raises:
        PolicyRefused: one of them cannot be.
    """
    return tuple(rule_of(row, at) for at, row in enumerate(rows_of(fields), 1) if any(level in row for level in LEVELS))


def rows_of(fields: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """The rows of the rules, each with what was filled in."""
    names = (*SELECTORS, *LEVELS)
    for values in zip_longest(*(fields.get(f"{RULE}{name}", ()) for name in names), fillvalue=""):
        yield {name: value.strip() for name, value in zip(names, values, strict=True) if value.strip()}


def rule_of(row: Mapping[str, Any], number: int) -> RulePart:
    """One rule."""
    try:
        return RulePart.model_validate(row)
    except ValidationError as error:
        raise PolicyRefused(f"rule {number}: {words(error)}") from None


def words(error: ValidationError) -> str:
    """What is wrong, as the command says it of a file."""
    return "; ".join(reason(one) for one in error.errors(include_url=False)).replace(" : ", " ").removeprefix(": ")
