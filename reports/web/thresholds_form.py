"""The form of the page of thresholds: what it shows, and what policy it asks for.

Its fields are `watch`, `escalate` and `urgent`, and for the rules, repeated as often as there are rules, `rule_tenant`,
`rule_application`, `rule_category`, `rule_thinking`, `rule_watch`, `rule_escalate` and `rule_urgent`. Where `rules` is
given these are all the rules, also if there are none; where nothing is said of rules they stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict

from auditor.policies.file import LEVELS, SELECTORS
from auditor.policies.policy import Policy
from auditor.verdict import Category
from ingest.qta import ThinkingKind
from reports.what_if.draft import RULE, default_of, drafted, rows_of, rules_of

Given = ImmutableMultiDict[str, str]
"""The fields of a request."""

MOST_NAMES = 500
ALL_RULES = "rules"


@dataclass(frozen=True, slots=True)
class Lines:
    """What the form shows: numbers as they were written.

    Attributes:
        default: level to its threshold.
        rules: name of a field to its value; what is empty is not there.
    """

    default: Mapping[str, str]
    rules: Sequence[Mapping[str, str]]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All of it as fields of a form, in an order in which those of rules belong together."""
        return [*self.default.items(), (ALL_RULES, "1"), *(pair for row in self.rules for pair in fields_of(row))]

    @property
    def query(self) -> str:
        """The same as a part of an address."""
        return urlencode(self.fields)


@dataclass(frozen=True, slots=True)
class Choices:
    """The names that a rule can be made for."""

    tenants: Sequence[str]
    categories: Sequence[str]
    thinking: Sequence[str]


def fields_of(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The fields of one rule, also those that are empty, so that each rule has all of them."""
    for name in (*SELECTORS, *LEVELS):
        yield f"{RULE}{name}", row.get(name, "")


def lines_of(policy: Policy) -> Lines:
    """A policy as the form shows it."""
    return Lines(
        {level: f"{getattr(policy.default, level):g}" for level in LEVELS},
        [
            {
                **{name: value for name in SELECTORS if (value := getattr(rule, name)) is not None},
                **{level: f"{value:g}" for level in LEVELS if (value := getattr(rule, level)) is not None},
            }
            for rule in policy.rules
        ],
    )


def lines_given(given: Given, base: Policy) -> Lines:
    """What was filled in, as it was; what a policy says where nothing was."""
    if not is_given(given):
        return lines_of(base)
    known = lines_of(base).default
    rows = [row for row in rows_of(lists_of(given)) if any(level in row for level in LEVELS)]
    levels = {level: given.get(level, "").strip() or known[level] for level in LEVELS}
    return Lines(levels, rows if tells_rules(given) else lines_of(base).rules)


def policy_given(given: Given, base: Policy, version: str) -> Policy:
    """The policy that a form asks for; `base` where it asks for nothing else.

    Raises:
        PolicyRefused: there can be no such policy.
    """
    if not is_given(given):
        return base
    rules = rules_of(lists_of(given)) if tells_rules(given) else None
    return drafted(base, version, default_of(given, base), rules)


def is_given(given: Given) -> bool:
    """Whether the form was sent."""
    return any(level in given for level in LEVELS)


def tells_rules(given: Given) -> bool:
    """Whether it says which rules are to hold."""
    return any(name == ALL_RULES or name.startswith(RULE) for name in given)


def lists_of(given: Given) -> dict[str, list[str]]:
    """The fields of rules, each with all its values."""
    return {f"{RULE}{name}": given.getlist(f"{RULE}{name}") for name in (*SELECTORS, *LEVELS)}


def choices(judged: Sequence[str], policy: Policy) -> Choices:
    """What a rule can name: tenants of which something was judged or that a rule names, and all that there is else."""
    tenants = {*judged, *(rule.tenant for rule in policy.rules if rule.tenant is not None)}
    return Choices(sorted(tenants)[:MOST_NAMES], [*Category], [*ThinkingKind])
