"""The command policy: which thresholds hold where, and their versions; each action is a row of ACTIONS."""

import argparse
import difflib
import getpass
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import act, config_of, parser, print_json
from conf.schema import Config
from ingest.visible import visible

if TYPE_CHECKING:
    from auditor.policies.policy import Policy, Resolved, Slice
    from auditor.policies.store import InForce, Version

OTHER = "any other"
MOST_COMBINATIONS = 2_000

ACTIONS = {
    "show": ("auditor.policies.cli:show", "the policy in force, and where it comes from"),
    "check": ("auditor.policies.cli:check", "whether a file is right, and which thresholds hold where"),
    "what-if": ("reports.what_if.cli:what_if", "what a policy would have done with the scores that are stored"),
    "propose": ("auditor.policies.cli:propose", "put a policy to those who may approve it"),
    "approve": ("auditor.policies.cli:approve", "approve what another person proposed"),
    "reject": ("auditor.policies.cli:reject", "reject it"),
    "history": ("auditor.policies.cli:history", "every policy that was proposed, and what became of it"),
    "diff": ("auditor.policies.cli:diff", "what differs between two of them, or one and a file"),
}


def policy(argv: Sequence[str]) -> int:
    """`traceaudit policy ACTION`."""
    return act("policy", "action", ACTIONS, argv)


def show(argv: Sequence[str]) -> int:
    """`traceaudit policy show`: the text of the policy of a day."""
    options = parser("policy show", "The policy in force, and where it comes from.", store=True)
    options.add_argument("--date", type=date.fromisoformat, metavar="D", help="UTC day, YYYY-MM-DD; default: today")
    args = options.parse_args(argv)
    config = config_of(args)
    found = in_force_on(config, args.date or utc_now().date())
    if args.json:
        print_json(in_force_json(found))
    else:
        print(f"# {where_from(found)}\n{found.policy.text}", end="")
    return 0


def check(argv: Sequence[str]) -> int:
    """`traceaudit policy check FILE`: the thresholds of each combination that it names, or of one."""
    from auditor.policies.file import configured_policy, read_file
    from auditor.policies.policy import Slice

    options = parser("policy check", "Whether a policy file is right, and which thresholds hold where.")
    options.add_argument("file", nargs="?", metavar="FILE.toml", help="default: the configured one (policy.file)")
    for name in ("tenant", "application", "category", "thinking"):
        options.add_argument(f"--{name}", metavar="NAME", help="only the combination with this")
    args = options.parse_args(argv)
    config = config_of(args)
    checked = read_file(args.file) if args.file else configured_policy(config.policy)
    chosen = (args.tenant, args.application, args.category, args.thinking)
    if any(chosen):
        slices: Iterable[Slice] = [Slice(*(value or OTHER for value in chosen))]
    else:
        slices = combinations(checked)
    lines = [(one, checked.at(one)) for one in slices]
    if args.json:
        for one, resolved in lines:
            print_json(resolved_json(one, resolved))
        return 0
    print(f'"{checked.version}" is right: {len(checked.rules)} rules')
    print_resolved(lines)
    return 0


def propose(argv: Sequence[str]) -> int:
    """`traceaudit policy propose FILE`."""
    from auditor.owner import ask
    from auditor.policies.file import read_file
    from auditor.policies.store import Act

    options = parser("policy propose", "Put a policy to those who may approve it.", store=True)
    options.add_argument("file", metavar="FILE.toml")
    options.add_argument(
        "--from", dest="start", type=date.fromisoformat, metavar="D", help="first UTC day that it is to hold; today"
    )
    add_person(options)
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    text = read_file(args.file).text
    act, start = Act(args.by, now, args.note), args.start or now.date()
    made: Version = ask(config, "policy.propose", text, args.file, start, act)
    told = f"policy {made.number} is proposed by {made.proposed_by}; another person now decides:\n"
    told += f"traceaudit policy approve {made.number} --by NAME"
    return tell(made, told, as_json=args.json)


def approve(argv: Sequence[str]) -> int:
    """`traceaudit policy approve NUMBER`."""
    return decide(argv, "approve", "Approve a policy that another person proposed.")


def reject(argv: Sequence[str]) -> int:
    """`traceaudit policy reject NUMBER`."""
    return decide(argv, "reject", "Reject a policy that was proposed.")


def decide(argv: Sequence[str], action: str, summary: str) -> int:
    """Approve or reject."""
    from auditor.owner import ask
    from auditor.policies.store import Act

    options = parser(f"policy {action}", summary, store=True)
    options.add_argument("number", type=int, metavar="NUMBER", help="as `policy history` lists it")
    add_person(options)
    args = options.parse_args(argv)
    act = Act(args.by, utc_now(), args.note)
    made: Version = ask(config_of(args), "policy.decide", args.number, act, action == "approve")
    told = f"policy {made.number} is {made.decision} by {made.decided_by}"
    return tell(made, told + (f" and holds from {made.effective_from}" if made.effective_from else ""), args.json)


def history(argv: Sequence[str]) -> int:
    """`traceaudit policy history`."""
    from auditor.owner import ask

    args = parser("policy history", "Every policy that was proposed, and what became of it.", store=True).parse_args(
        argv
    )
    found: list[Version] = ask(config_of(args), "policy.history")
    for one in found:
        if args.json:
            print_json(version_json(one))
        else:
            print(line_of(one))
    if not found and not args.json:
        print("no policy was proposed yet; the configured one holds")
    return 0


def diff(argv: Sequence[str]) -> int:
    """`traceaudit policy diff A [B]`: numbers of versions, or files; B is by default what is in force."""
    from auditor.policies.changes import changes

    options = parser("policy diff", "What differs between two policies.", store=True)
    options.add_argument("old", metavar="A", help="a number, 0 for the configured one, or a file")
    options.add_argument("new", nargs="?", metavar="B", help="the same; default: what is in force today")
    args = options.parse_args(argv)
    config = config_of(args)
    old = named(config, args.old)
    new = named(config, args.new) if args.new else in_force_on(config, utc_now().date()).policy
    sentences = changes(old, new)
    if args.json:
        print_json({"old": old.version, "new": new.version, "changes": list(sentences)})
        return 0
    print("\n".join(sentences) or "both decide alike")
    print("".join(difflib.unified_diff(old.text.splitlines(True), new.text.splitlines(True), old.version, new.version)))
    return 0


def named(config: Config, name: str) -> "Policy":
    """The policy of a number or a file.

    Raises:
        PolicyRefused: there is none.
    """
    from auditor.errors import PolicyRefused
    from auditor.owner import ask
    from auditor.policies.file import configured_policy, read_file, read_policy

    if not name.isdecimal():
        return read_file(name)
    if int(name) == 0:
        return configured_policy(config.policy)
    known: list[Version] = ask(config, "policy.history")
    found = {one.number: one for one in known}.get(int(name))
    if found is None:
        raise PolicyRefused(f"no policy {name} was proposed; `traceaudit policy history` lists them")
    return read_policy(found.text, f"policy {name}")


def in_force_on(config: Config, day: date) -> "InForce":
    """The policy of a day, also where there is no database yet."""
    from pathlib import Path

    from auditor.owner import ask
    from auditor.policies.file import configured_policy
    from auditor.policies.store import InForce

    if not Path(config.store.path).exists():
        return InForce(configured_policy(config.policy), 0, None, None, None, None)
    found: InForce = ask(config, "policy.in_force", day)
    return found


def add_person(options: argparse.ArgumentParser) -> None:
    """Who does it, and why."""
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="who does this; default: this user")
    options.add_argument("--note", default="", metavar="TEXT", help="why; kept with it")


def combinations(checked: "Policy") -> "list[Slice]":
    """All that the rules name, each with "any other", the first MOST_COMBINATIONS."""
    from auditor.policies.policy import Slice

    names = [
        sorted({value for rule in checked.rules if (value := getattr(rule, kind)) is not None})
        for kind in ("tenant", "application", "category", "thinking")
    ]
    found = product(*([*values, OTHER] for values in names))
    return [Slice(*values) for values, _ in zip(found, range(MOST_COMBINATIONS), strict=False)]


def print_resolved(lines: "Sequence[tuple[Slice, Resolved]]") -> None:
    """A table of thresholds, each with the rule that gives it."""
    from auditor.console import print_rows

    columns = ("tenant", "application", "category", "thinking", "watch", "escalate", "urgent")
    rows = []
    for one, resolved in lines:
        names = (one.tenant, one.application or OTHER, one.category, one.thinking)
        bounds = (resolved.watch, resolved.escalate, resolved.urgent)
        rows.append((*names, *(f"{bound.value:g} ({bound.source})" for bound in bounds)))
    print_rows(columns, rows)


def resolved_json(one: "Slice", resolved: "Resolved") -> dict[str, Any]:
    """The thresholds of one combination."""
    levels = {"watch": resolved.watch, "escalate": resolved.escalate, "urgent": resolved.urgent}
    return {
        "tenant": one.tenant,
        "application": one.application,
        "category": one.category,
        "thinking": one.thinking,
        **{level: bound.value for level, bound in levels.items()},
        "sources": {level: bound.source for level, bound in levels.items()},
    }


def in_force_json(found: "InForce") -> dict[str, Any]:
    """The policy in force."""
    return {
        "number": found.number,
        "version": found.policy.version,
        "proposed_by": found.proposed_by,
        "approved_by": found.approved_by,
        "effective_from": found.effective_from and str(found.effective_from),
        "text": found.policy.text,
    }


def version_json(one: "Version") -> dict[str, Any]:
    """A version without its text."""
    times = {"proposed_at": one.proposed_at, "decided_at": one.decided_at}
    days = {"wanted_from": one.wanted_from, "effective_from": one.effective_from}
    return {
        "number": one.number,
        "version": one.version,
        "sha256": one.sha256,
        "proposed_by": one.proposed_by,
        "note": one.note,
        "decision": one.decision,
        "decided_by": one.decided_by,
        "decision_note": one.decision_note,
        **{name: at and at.isoformat().replace("+00:00", "Z") for name, at in times.items()},
        **{name: day and str(day) for name, day in days.items()},
    }


def line_of(one: "Version") -> str:
    """A version in a line."""
    decided = f"{one.decision} by {one.decided_by} on {one.decided_at:%Y-%m-%d}" if one.decision else "not decided"
    start = f", holds from {one.effective_from}" if one.effective_from else ""
    proposed = f"proposed by {one.proposed_by} on {one.proposed_at:%Y-%m-%d}"
    return visible(f'{one.number:>3}  "{one.version}", {proposed}: {decided}{start}')


def where_from(found: "InForce") -> str:
    """Where the policy in force comes from, in a line."""
    if not found.number:
        return f'"{found.policy.version}", as configured: nobody approved it'
    return (
        f'policy {found.number} "{found.policy.version}", proposed by {found.proposed_by}, approved by '
        f"{found.approved_by}, in force since {found.effective_from}"
    )


def tell(made: "Version", told: str, as_json: bool) -> int:
    """What became of a version."""
    if as_json:
        print_json(version_json(made))
    else:
        print(told)
    return 0
