"""What every command shares: its options and actions, how errors end it, and how logging is set up."""

import argparse
import importlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from conf.errors import TraceauditError

if TYPE_CHECKING:
    from conf.schema import Config

FAILED, USAGE, FINDINGS = 1, 2, 3
NOT_ASCII = re.compile("[^ -~]")
# Counted as printable, and shown as nothing: fillers, and the selectors and tags that can carry a message.
UNSEEN = re.compile("[\xa0\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")


def parser(name: str, summary: str, *, store: bool = False) -> argparse.ArgumentParser:
    """An argument parser with the options that all commands have; with `--db` for those that touch the store."""
    result = argparse.ArgumentParser(prog=f"traceaudit {name}", description=summary)
    result.add_argument(
        "--config", action="append", default=[], metavar="FILE", help="TOML file over the defaults; repeatable"
    )
    result.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="one value over the files; repeatable"
    )
    result.add_argument(
        "--json", action="store_true", help="one JSON object a line on standard output, and nothing else there"
    )
    if store:
        result.add_argument("--db", metavar="FILE", help="the database file (store.path)")
    return result


def config_of(args: argparse.Namespace, **overrides: str | bool | None) -> "Config":
    """The configuration that the options ask for.

    Args:
        args: parsed by a parser of `parser`.
        overrides: section__key to a value of an option of its own, such as auditor__model; None leaves it alone.

    Raises:
        ConfigError: see `conf.schema.load`.
    """
    from conf.schema import load  # pydantic is most of the time that --help would take

    values = dict(split_assignment(text) for text in args.set)
    if getattr(args, "db", None):
        overrides["store__path"] = args.db
    quoted = {key.replace("__", "."): json.dumps(value) for key, value in overrides.items() if value is not None}
    return load(args.config, values | quoted)


def split_assignment(text: str) -> tuple[str, str]:
    """section.key and value of one --set."""
    key, _, value = text.partition("=")
    return key.strip(), value.strip()


def named(target: str) -> Any:
    """What "module:name" names, its module imported only now."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def act(command: str, what: str, actions: Mapping[str, tuple[str, str]], argv: Sequence[str]) -> int:
    """Run what the first word of `argv` names, with the others; gives its exit code.

    Args:
        command: such as "policy".
        what: its first word is called, such as "action".
        actions: the word to "module:function" and a summary.
        argv: what stands behind the command.
    """
    width = max(map(len, actions))
    rows = "\n".join(f"  {name:<{width}} {summary}" for name, (_, summary) in actions.items())
    usage = f"usage: traceaudit {command} {what.upper()} [options]\n\n{rows}\n\n"
    usage += f"traceaudit {command} {what.upper()} --help tells its options."
    if not argv or argv[0] in {"-h", "--help"}:
        print(usage)
        sys.exit(0 if argv else USAGE)
    if argv[0] not in actions:
        print(f"traceaudit {command}: no {what} {argv[0]!r}\n\n{usage}", file=sys.stderr)
        return USAGE
    return int(named(actions[argv[0]][0])(argv[1:]))


def print_json(value: Any) -> None:
    """One JSON object on its own line, flushed so that a reader at the other end of a pipe sees it at once."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    print(NOT_ASCII.sub(escaped, written), flush=True)


def escaped(found: re.Match[str]) -> str:
    """A character as JSON, escaped where a terminal would obey it or not show it."""
    shown = found[0].isprintable() and not UNSEEN.match(found[0])
    return found[0] if shown else json.dumps(found[0])[1:-1]


def guarded(command: Callable[[list[str]], int], argv: list[str]) -> int:
    """Run `command`; a user's mistake ends as one line on standard error and an exit code, never a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Its retries are no news, what ends a command is told by us, and at DEBUG it quotes the messages that it sends.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        code = command(argv)
        sys.stdout.flush()  # here, where a reader that left is no surprise
    except TraceauditError as error:
        print(f"traceaudit: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("traceaudit: interrupted", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader left. What is still buffered goes nowhere, or the interpreter would complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code
