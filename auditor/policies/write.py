"""A policy file with other thresholds: its comments, and whatever else it says, stay as they are."""

from collections.abc import MutableMapping, Sequence
from typing import Any

import tomlkit

from auditor.errors import PolicyRefused
from auditor.policies.file import LEVELS, SELECTORS, read_policy
from auditor.policies.policy import Policy, Rule, Thresholds


def rewritten(policy: Policy, version: str, default: Thresholds, rules: Sequence[Rule]) -> Policy:
    """The policy under another name and with these thresholds, as a file says it.

    Args:
        policy: whose text is changed; all but name, default and rules stays.
        version: the new name.
        default: the new default.
        rules: all that are to hold; a rule of `policy` that is not among them goes.

    Raises:
        PolicyRefused: no file can say that.
    """
    told = tomlkit.parse(policy.text)
    told["version"] = version
    set_levels(told["default"], default)
    keep_rules(told, rules)
    made = read_policy(tomlkit.dumps(told), f'policy "{version}"')
    if made.default != default or {by_name(one) for one in made.rules} != {by_name(one) for one in rules}:
        raise PolicyRefused(
            f"the file of policy {policy.version!r} is written in a way that cannot be changed here: "
            "change the file, and propose it with `traceaudit policy propose FILE`"
        )
    return made


def by_name(rule: Rule) -> tuple[object, ...]:
    """What a rule says, wherever it stands."""
    return *rule.selectors, rule.watch, rule.escalate, rule.urgent


def set_levels(part: MutableMapping[str, Any], wanted: Thresholds | Rule) -> None:
    """Give a table these thresholds; one that stays keeps its way of being written."""
    for level in LEVELS:
        value = getattr(wanted, level)
        if value is None:
            part.pop(level, None)
        elif part.get(level) != value:
            part[level] = value


def keep_rules(told: tomlkit.TOMLDocument, rules: Sequence[Rule]) -> None:
    """Have the document say these rules and no others: first those that stand in it, then new ones."""
    wanted = {rule.selectors: rule for rule in rules}
    parts: Any = told.get("rule", ())
    for place in reversed(range(len(parts))):
        part = parts[place]
        rule = wanted.pop(selectors_of(part), None)
        if rule is None:
            del parts[place]
        else:
            set_levels(part, rule)
    if wanted and "rule" not in told:
        told.add(tomlkit.nl())
        told["rule"] = tomlkit.aot()
    for rule in wanted.values():
        told["rule"].append(table_of(rule, inline=not isinstance(told["rule"], tomlkit.items.AoT)))
    if "rule" in told and not told["rule"]:
        del told["rule"]


def selectors_of(part: MutableMapping[str, Any]) -> tuple[str | None, ...]:
    """As `Rule.selectors` has them."""
    return tuple(part.get(name) for name in ("category", "tenant", "application", "thinking"))


def table_of(rule: Rule, *, inline: bool) -> Any:
    """A new rule."""
    part: Any = tomlkit.inline_table() if inline else tomlkit.table()
    for name in (*SELECTORS, *LEVELS):
        value = getattr(rule, name)
        if value is not None:
            part[name] = value
    return part
