"""Small changes to a policy, written on the command line, for what-if alone: what is proposed is a whole file."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from auditor.errors import PolicyRefused
from auditor.policies.file import is_category, is_thinking, on_grid
from auditor.policies.policy import Policy, Rule, Thresholds

LEVELS = ("watch", "escalate", "urgent")
CHECKS = {"category": is_category, "thinking": is_thinking}


def edited(policy: Policy, levels: Sequence[tuple[str, float | None]], rules: Sequence[str]) -> Policy:
    """The policy with other default thresholds and further rules.

    Args:
        policy: what to change.
        levels: of the default; None leaves one as it is.
        rules: such as "tenant=harbor-bank,category=data_privacy,escalate=0.4"; one for the same selectors as a rule of
            the policy takes its place.

    Raises:
        PolicyRefused: a threshold or a rule cannot be used.
    """
    changes = {name: threshold(f"--{name}", value) for name, value in levels if value is not None}
    added = [rule_of(text) for text in rules]
    if not changes and not added:
        return policy
    default = replace(policy.default, **changes)
    check_order("the default", default)
    named = {rule.selectors: rule for rule in (*policy.rules, *added)}
    words = [*(f"{name} {value:g}" for name, value in changes.items()), *(f"a rule for {rule.name}" for rule in added)]
    version = f"{policy.version}, with {', '.join(words)}"
    return replace(policy, version=version, default=default, rules=tuple(named.values()))


def rule_of(text: str) -> Rule:
    """One --rule."""
    told = dict(part.partition("=")[::2] for part in text.split(","))
    told = {key.strip(): value.strip() for key, value in told.items()}
    known = {field.name for field in fields(Rule)} - {"line"}
    if unknown := sorted(set(told) - known):
        raise PolicyRefused(f"--rule {text}: no {unknown[0]!r} in a rule; there are {', '.join(sorted(known))}")
    levels: dict[str, Any] = {name: threshold(f"--rule {text}", told.pop(name)) for name in LEVELS if name in told}
    if not told or not levels:
        raise PolicyRefused(f"--rule {text}: name a tenant, application, category or thinking, and a threshold")
    for kind, value in told.items():
        try:
            CHECKS.get(kind, str)(value)
        except ValueError as error:
            raise PolicyRefused(f"--rule {text}: {error}") from None
    return Rule(told.get("tenant"), told.get("application"), told.get("category"), told.get("thinking"), **levels)


def threshold(where: str, value: str | float) -> float:
    """A threshold that a policy file could hold."""
    try:
        number = on_grid(float(value))
    except ValueError as error:
        raise PolicyRefused(f"{where}: {value} is no threshold ({error})") from None
    if not 0 < number <= 1:
        raise PolicyRefused(f"{where}: {value} is not above 0 and at most 1")
    return number


def check_order(where: str, levels: Thresholds) -> None:
    """Refuse levels in the wrong order, as a file with them is refused."""
    if not levels.watch <= levels.escalate <= levels.urgent:
        told = ", ".join(f"{name} {getattr(levels, name):g}" for name in LEVELS)
        raise PolicyRefused(f"{where}: watch, escalate and urgent must rise ({told}); give the others too")
