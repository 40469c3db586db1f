"""What differs between two policies, in sentences; pure."""

from collections.abc import Iterable

from auditor.policies.policy import Policy, Rule

LEVELS = ("watch", "escalate", "urgent")


def changes(old: Policy, new: Policy) -> tuple[str, ...]:
    """A sentence for each difference; none where the two decide alike, whatever their comments say."""
    found = [*thresholds_changed("default", old.default, new.default), *rules_changed(old.rules, new.rules)]
    for title, before, after in (("costs", old.costs, new.costs), ("review", old.review, new.review)):
        found += fields_changed(title, before, after)
    if old.approvers != new.approvers:
        found.append(f"approvers: {people(old.approvers)} becomes {people(new.approvers)}")
    return tuple(found)


def thresholds_changed(title: str, before: object, after: object) -> Iterable[str]:
    """The levels that two of a kind give otherwise."""
    for level in LEVELS:
        old, new = getattr(before, level), getattr(after, level)
        if old != new:
            yield f"{title}: {level} {as_word(old)} becomes {as_word(new)}"


def rules_changed(before: Iterable[Rule], after: Iterable[Rule]) -> Iterable[str]:
    """Rules that are new, gone, or say otherwise."""
    old, new = ({rule.selectors: rule for rule in rules} for rules in (before, after))
    for selectors, rule in new.items():
        if selectors in old:
            yield from thresholds_changed(rule.name, old[selectors], rule)
        else:
            yield f"new rule for {rule.name}: {given(rule)}"
    for selectors, rule in old.items():
        if selectors not in new:
            yield f"no rule any more for {rule.name}: it was {given(rule)}"


def fields_changed(title: str, before: object, after: object) -> Iterable[str]:
    """The fields of two dataclasses of a kind that differ."""
    for name in before.__dataclass_fields__:  # type: ignore[attr-defined]
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{title}: {name} {as_word(old)} becomes {as_word(new)}"


def given(rule: Rule) -> str:
    """The thresholds that a rule gives."""
    levels = ((level, getattr(rule, level)) for level in LEVELS)
    return ", ".join(f"{level} {value:g}" for level, value in levels if value is not None)


def people(names: tuple[str, ...]) -> str:
    """Who may approve, in words."""
    return ", ".join(names) if names else "anyone but the proposer"


def as_word(value: object) -> str:
    """A value as it is written in the file."""
    if value is None:
        return "as inherited"
    return f"{value:g}" if isinstance(value, float) else str(value)
