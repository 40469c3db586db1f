"""The command models: the published guards, and the registry of retrained ones; each action is a row of ACTIONS."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.cli import FAILED, act, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from auditor.lock import Lock

FETCH_ONLY = ("prompt", "qa_prompt", "prompts_from")

ACTIONS = {
    "fetch": ("auditor.models_cli:fetch_one", "bring a published guard, with its prompt"),
    "list": ("auditor.models_cli:list_all", "the published guards, those that are here, and the registry"),
    "verify": ("auditor.models_cli:verify_all", "hash everything once more"),
    "show": ("auditor.registry.cli:show", "where a version of the registry comes from, and what the gate found"),
    "shadow": (
        "auditor.registry.shadow_cli:shadow",
        "let a version judge beside the guard that serves, and see who moves",
    ),
    "propose": ("auditor.registry.cli:propose", "put a version to somebody who approves it"),
    "promote": ("auditor.registry.cli:promote", "approve what another person proposed: it serves"),
    "reject": ("auditor.registry.cli:reject", "reject it"),
    "rollback": ("auditor.registry.cli:rollback", "let what served before serve again, at once"),
    "history": ("auditor.registry.cli:history", "what was proposed to serve, and what became of it"),
    "mend": ("auditor.registry.cli:mend", "write the pointer to the serving model anew, as it was decided"),
}


def models(argv: Sequence[str]) -> int:
    """`traceaudit models ACTION`."""
    return act("models", "action", ACTIONS, argv)


def parsed(action: str, argv: Sequence[str]) -> tuple[argparse.Namespace, str]:
    """The options of what is about published guards, and where these are kept."""
    args = options(action).parse_args(argv)
    if wrong := [name for name in FETCH_ONLY if getattr(args, name) and action != "fetch"]:
        raise ConfigError(f"--{wrong[0].replace('_', '-')} belongs to `traceaudit models fetch`")
    return args, str(args.dir) if args.dir else config_of(args).auditor.models_dir


def options(action: str) -> argparse.ArgumentParser:
    """The options of all three actions."""
    result = parser(f"models {action}", f"models {action}: {ACTIONS[action][1]}.", store=action != "fetch")
    result.add_argument("name", nargs="?", metavar="NAME", help="such as guardtrace-vl-3b; verify: all without it")
    result.add_argument("--revision", default="", metavar="R", help="commit (or, to fetch, branch) of the hub")
    result.add_argument("--dir", type=Path, metavar="D", help="where models are kept (auditor.models_dir)")
    result.add_argument("--prompt", type=Path, metavar="FILE", help="fetch: your file instead of the published prompt")
    result.add_argument("--qa-prompt", type=Path, metavar="FILE", help="fetch: the same for triples without thinking")
    result.add_argument("--prompts-from", metavar="URL", help="fetch: a mirror of https://raw.githubusercontent.com")
    return result


def fetch_one(argv: Sequence[str]) -> int:
    """Bring a model."""
    from auditor.fetch import GITHUB, Order, fetch
    from auditor.guard_input import Protocol

    args, models_dir = parsed("fetch", argv)
    if not args.name:
        raise ConfigError("which model? Such as: traceaudit models fetch guardtrace-vl-3b")
    handed = {Protocol.QTA: args.prompt, Protocol.QA: args.qa_prompt}
    prompts = {protocol: path for protocol, path in handed.items() if path}
    if prompts and Protocol.QTA not in prompts:
        raise ConfigError("--qa-prompt goes with --prompt")
    order = Order(args.name, models_dir, args.revision, prompts, args.prompts_from or GITHUB)
    lock = fetch(order, datetime.now(UTC))
    if args.json:
        print_json(described(lock))
    else:
        size = sum(file.n_bytes for file in lock.files.values()) / 1e6
        print(f"{lock.name} at {lock.commit}: {len(lock.files)} files, {size:.1f} MB, in {lock.folder}")
        print(
            "\n".join(f"prompt {protocol}: sha256 {one.sha256}, {one.origin}" for protocol, one in lock.prompts.items())
        )
    return 0


def list_all(argv: Sequence[str]) -> int:
    """Each known model, each revision of it that is here, and the registry of retrained ones."""
    from auditor.console import print_rows
    from auditor.known_models import KNOWN_MODELS
    from auditor.registry.cli import listed

    args, models_dir = parsed("list", argv)
    lines: list[dict[str, Any]] = []
    for name, known in KNOWN_MODELS.items():
        if args.name in (None, name):
            here = [described(lock) for lock in locks_of(name, models_dir, args.revision)]
            lines += here or [{"model": name, "repository": known.repository, "commit": None}]
    registered = [] if args.name else list(listed(config_of(args)))
    if args.json:
        for line in lines + registered:
            print_json(line)
        return 0
    columns = ("model", "repository", "commit", "fetched_at", "folder")
    print_rows(columns, [[str(line.get(column) or "-") for column in columns] for line in lines])
    if registered:
        shown = ("model", "revision", "serving", "gate", "made_at", "n_items", "problem")
        print_rows(shown, [[str(line.get(column) or "-") for column in shown] for line in registered])
    return 0


def verify_all(argv: Sequence[str]) -> int:
    """Hash everything that was fetched or is in the registry; says what differs, and fails when something does."""
    from auditor.console import print_rows
    from auditor.errors import ModelNotFound
    from auditor.known_models import KNOWN_MODELS, known_model
    from auditor.registry.cli import verified as registered

    args, models_dir = parsed("verify", argv)
    names = [args.name] if args.name and known_model(args.name) else list(KNOWN_MODELS)
    lines = [verified(lock) for name in names for lock in locks_of(name, models_dir, args.revision)]
    lines += [] if args.name else registered(config_of(args))
    if not lines:
        raise ModelNotFound("nothing was fetched that could be verified; see: traceaudit models list")
    if args.json:
        for line in lines:
            print_json(line)
    else:
        columns = ("model", "commit", "verdict")
        print_rows(
            columns, [[line["model"], line["commit"], line["problem"] or as_was(line["model"])] for line in lines]
        )
    return 0 if all(line["ok"] for line in lines) else FAILED


def as_was(model: str) -> str:
    """What there is to say of one that is whole."""
    return "as added" if model.startswith("registry") else "as fetched"


def verified(lock: "Lock") -> dict[str, Any]:
    """What is wrong with one fetched revision."""
    from auditor.errors import ModelUnusable
    from auditor.refusals import refuse_unsafe
    from auditor.template import check_template

    try:
        lock.check(full=True)
        refuse_unsafe(lock.folder)
        check_template(lock.folder)
    except ModelUnusable as error:
        return {"model": lock.name, "commit": lock.commit, "ok": False, "problem": str(error)}
    return {"model": lock.name, "commit": lock.commit, "ok": True, "problem": None}


def locks_of(name: str, models_dir: str, revision: str) -> "Iterator[Lock]":
    """The fetched revisions of a model whose commit begins with `revision`."""
    from auditor.known_models import folder_of
    from auditor.lock import read_locks

    return (lock for lock in read_locks(folder_of(name, models_dir)) if lock.commit.startswith(revision))


def described(lock: "Lock") -> dict[str, Any]:
    """A fetched revision, for --json."""
    return {
        "model": lock.name,
        "repository": lock.repository,
        "commit": lock.commit,
        "fetched_at": lock.fetched_at,
        "folder": str(lock.folder),
        "bytes": sum(file.n_bytes for file in lock.files.values()),
        "prompts": {protocol: {"sha256": one.sha256, "from": one.origin} for protocol, one in lock.prompts.items()},
        "chat_template": lock.chat_template,
    }
