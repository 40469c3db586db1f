"""What `traceaudit models` does in the registry: what is there, and what comes to serve."""

import argparse
import getpass
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.policies.store import Act
    from auditor.registry.folder import Registry
    from auditor.registry.promotions import Mended, Promotion

MOST_DIGITS = 6  # of a proposal's number; what is longer is a revision


def show(argv: Sequence[str]) -> int:
    """`traceaudit models show REVISION`: where a version comes from, and what the gate found of it."""
    from auditor.registry.places import open_registry
    from auditor.registry.shown import gate_lines, manifest_json, version_json

    options = parser("models show", "Where a version comes from, and what the gate found of it.", store=True)
    options.add_argument("revision", metavar="REVISION", help="or what it begins with")
    options.add_argument("--card", action="store_true", help="the data card of its training")
    args = options.parse_args(argv)
    registry = open_registry(config_of(args))
    version = registry.version(args.revision)
    serving = registry.champion() == version.revision
    if args.json:
        print_json(manifest_json(version, serving=serving))
        return 0
    if args.card:
        print(version.card or "it came without a data card")
        return 0
    for name, value in version_json(version, serving=serving).items():
        print(f"{name + ':':<14} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    for stage in version.manifest.stages:
        print(f"  {stage.name}: {stage.steps} steps, {stage.seconds:.0f} s, {figures(stage.metrics)}")
    gate = version.manifest.gate
    print("\n".join(gate_lines(gate)) if gate else "no gate has tried it")
    return 0


def figures(metrics: Any) -> str:
    """Metrics in a line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if value is not None) or "no metrics"


def propose(argv: Sequence[str]) -> int:
    """`traceaudit models propose REVISION`."""
    options = parser("models propose", "Put a version that the gate let pass to somebody who approves it.", store=True)
    options.add_argument("revision", metavar="REVISION", help="or what it begins with")
    args, config, act = parsed(options, argv)
    made: Promotion = asked(config, "models.propose", args.revision, act)
    told = f"{made.revision} is proposed by {made.proposed_by}; another person now decides:\n"
    return tell(made, told + f"traceaudit models promote {made.number} --by NAME", as_json=args.json)


def promote(argv: Sequence[str]) -> int:
    """`traceaudit models promote NUMBER | REVISION`."""
    return decide(argv, "promote", "Approve what another person proposed: from then on it serves.")


def reject(argv: Sequence[str]) -> int:
    """`traceaudit models reject NUMBER | REVISION`."""
    return decide(argv, "reject", "Reject what was proposed.")


def decide(argv: Sequence[str], action: str, summary: str) -> int:
    """Approve or reject."""
    from auditor.registry.shown import short

    options = parser(f"models {action}", summary, store=True)
    options.add_argument("what", metavar="NUMBER", help="as `models history` lists it, or the revision that it is of")
    args, config, act = parsed(options, argv)
    made: Promotion = asked(config, "models.decide", number_of(config, args.what), act, action == "promote")
    told = f"number {made.number} is {made.decision} by {made.decided_by}"
    serves = f"; {short(made.revision)} serves, and who judges takes it up with the next batch"
    return tell(made, told + (serves if made.serving else ""), as_json=args.json)


def rollback(argv: Sequence[str]) -> int:
    """`traceaudit models rollback`: one command, one person: two have approved before what it goes back to."""
    from auditor.registry.shown import short

    options = parser("models rollback", "Let what served before serve again, at once.", store=True)
    args, config, act = parsed(options, argv)
    if not act.note:
        raise ConfigError("say why it is rolled back: --note WHY")
    made: Promotion = asked(config, "models.roll_back", act)
    told = f"{short(made.revision)} serves again instead of {short(made.previous)}, by {made.decided_by}"
    return tell(made, told, as_json=args.json)


def history(argv: Sequence[str]) -> int:
    """`traceaudit models history`."""
    from auditor.registry.shown import promotion_json, promotion_line

    options = parser("models history", "What was proposed to serve, and what became of it.", store=True)
    args = options.parse_args(argv)
    found: list[Promotion] = asked(config_of(args), "models.history")
    for one in found:
        if args.json:
            print_json(promotion_json(one))
        else:
            print(promotion_line(one))
    if not found and not args.json:
        print("no model was proposed yet; the base serves")
    return 0


def mend(argv: Sequence[str]) -> int:
    """`traceaudit models mend`: the pointer, as the database has it."""
    from auditor.registry.shown import short

    options = parser("models mend", "Write the pointer to the serving model anew, as it was decided.", store=True)
    args = options.parse_args(argv)
    mended: Mended | None = asked(config_of(args), "models.mend", utc_now())
    if args.json:
        print_json({"mended": mended.why if mended else None, "revision": mended and mended.serving.revision})
    else:
        now = f"the pointer was {mended.why}; {short(mended.serving.revision)} serves" if mended else ""
        print(now or "the pointer says what was decided")
    return 0


def parsed(options: argparse.ArgumentParser, argv: Sequence[str]) -> "tuple[argparse.Namespace, Config, Act]":
    """The options with those of a person who acts, and the act."""
    from auditor.policies.store import Act

    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="who does this; default: this user")
    options.add_argument("--note", default="", metavar="WHY", help="for who reads it later")
    args = options.parse_args(argv)
    return args, config_of(args), Act(args.by, utc_now(), args.note)


def asked(config: Config, question: str, *arguments: Any) -> Any:
    """The answer of whoever owns the database."""
    from auditor.owner import ask

    return ask(config, question, *arguments)


def number_of(config: Config, what: str) -> int:
    """The proposal that is meant.

    Raises:
        ConfigError: none that is open is of this revision.
    """
    if what.isdecimal() and len(what) <= MOST_DIGITS:
        return int(what)
    found: list[Promotion] = asked(config, "models.history")
    numbers = [one.number for one in found if one.is_open and what and one.revision.startswith(what)]
    if len(numbers) != 1:
        raise ConfigError(f"{len(numbers)} open proposals are of {what!r}; see: traceaudit models history")
    return numbers[0]


def tell(made: "Promotion", told: str, *, as_json: bool) -> int:
    """What became of a proposal."""
    from auditor.registry.shown import promotion_json

    if as_json:
        print_json(promotion_json(made))
    else:
        print(told)
    return 0


def listed(config: Config) -> Iterator[dict[str, Any]]:
    """The versions of the registry, for `traceaudit models list`; those that are no good with what is wrong."""
    from auditor.registry.places import open_registry
    from auditor.registry.shown import version_json

    registry = open_registry(config)
    serving = serves(registry)
    for version in registry.versions():
        yield {**version_json(version, serving=version.revision == serving), "problem": None}
    for broken in registry.broken():
        yield {
            "model": "registry",
            "revision": broken.name,
            "serving": broken.name == serving,
            "problem": broken.reason,
        }


def serves(registry: "Registry") -> str | None:
    """The revision that the pointer names; None where there is none that counts."""
    from auditor.errors import ModelUnusable

    try:
        serving = registry.serving()
    except ModelUnusable:
        return None
    return serving.revision if serving else None


def verified(config: Config) -> Iterator[dict[str, Any]]:
    """What is wrong with each version, and with the pointer, all of it hashed; for `traceaudit models verify`."""
    from auditor.registry.places import open_registry

    registry = open_registry(config)
    for version in registry.versions():
        problem = refused(lambda one=version: registry.check(one))  # type: ignore[misc]
        yield {"model": version.model_id, "commit": version.revision, "ok": problem is None, "problem": problem}
    for broken in registry.broken():
        yield {"model": "registry", "commit": broken.name, "ok": False, "problem": broken.reason}
    if (registry.folder / "serving.json").exists():
        problem = refused(lambda: pointed(registry))
        yield {"model": "registry", "commit": "serving.json", "ok": problem is None, "problem": problem}


def pointed(registry: "Registry") -> None:
    """Pass a pointer that names a version that is there."""
    serving = registry.serving()
    if serving and serving.revision:
        registry.version(serving.revision)


def refused(check: Callable[[], object]) -> str | None:
    """Why a check does not pass; None where it does."""
    from auditor.errors import ModelNotFound, ModelUnusable

    try:
        check()
    except (ModelNotFound, ModelUnusable) as error:
        return str(error)
    return None
