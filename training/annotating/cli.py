"""The command annotate: judges say what the guard should say of stored cases."""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from conf.schema import Config
    from training.annotating.annotate import Done


def annotate(argv: Sequence[str]) -> int:
    """`traceaudit annotate`: have judges annotate reviewed cases, each judge each case once."""
    from auditor.console import stop_signals
    from auditor.owner import Asker
    from training.annotating.judges import names_of

    args = options().parse_args(argv)
    if args.limit is not None and args.limit < 1:
        raise ConfigError(f"--limit {args.limit}: 1 or more")
    config = config_of(args)
    names = names_of(config, args.judge)
    asker = Asker(config)
    asker.ask("nothing")
    with stop_signals() as stop:
        for name in names:
            if not stop.is_set():
                tell(run_one(name, config, asker.ask, args, stop), as_json=args.json)
    return 0


def options() -> argparse.ArgumentParser:
    """What the command takes."""
    result = parser("annotate", "Have judges say what the guard should say of reviewed cases.", store=True)
    result.add_argument(
        "--judge", action="append", default=[], metavar="NAME", help="of [judges]; repeatable; default: all"
    )
    result.add_argument("--limit", type=int, metavar="N", help="so many cases of each judge at most")
    result.add_argument("--all", action="store_true", help="also cases that nobody reviewed")
    return result


def run_one(name: str, config: "Config", ask: Callable[..., object], args: argparse.Namespace, stop: Event) -> "Done":
    """Have one judge annotate."""
    import time

    from auditor.bisect import Patience
    from training.annotating.annotate import Annotating
    from training.annotating.judges import open_judge

    with closing(open_judge(name, config)) as judge:
        patience = Patience(config.auditor.retries, time.sleep)
        work = Annotating(judge, ask, config, utc_now, patience, progress())
        return work.run(args.limit, stop, all_of_them=args.all)


def progress() -> "Callable[[Done], None]":
    """A moving line on a terminal, silence in a pipe."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda done: print(f"\r{done.judge}: {done.annotated} annotated, {done.left} left ", end="", file=sys.stderr)


def tell(done: "Done", *, as_json: bool) -> None:
    """What a judge did."""
    if as_json:
        print_json(done.as_json())
        return
    unread = sum(done.unreadable.values())
    why = ", ".join(f"{reason} {n}" for reason, n in sorted(done.unreadable.items()))
    print(
        f"{done.judge}: {done.annotated} cases annotated, {done.left} left"
        + (f"; {unread} unreadable ({why})" if unread else "")
    )
