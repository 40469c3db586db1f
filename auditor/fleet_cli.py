"""The command worker: parse, load, build, call, print."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from threading import Event, Thread
from typing import TYPE_CHECKING

from auditor.cli import ANEW, Surroundings, audit, audit_parser, metrics, show_tally
from conf.cli import config_of, named
from conf.errors import ConfigError
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.outcomes import OutcomesKeeper
    from auditor.store_rows import Run
    from ingest.outlet import Bury, Outlet
    from ingest.source import Partition


def worker(argv: Sequence[str]) -> int:
    """`traceaudit worker`: audit a share of some topics into the topic of outcomes."""
    from ingest.outlet import grave_for, open_outlet
    from ingest.source import Stored, open_sources
    from ingest.topics import parse_topics

    args = options().parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend, fleet__outcomes=args.outcomes)
    check(args.source, config)
    began = time.monotonic()
    with ExitStack() as stack:
        outlet = stack.enter_context(closing(open_outlet(parse_topics(config.fleet.outcomes), config, idempotent=True)))
        sources = open_sources([args.source], config, follow=args.follow, group_decides=True)
        for source in sources:
            stack.enter_context(closing(source))
        bury = stack.enter_context(grave_for([args.source], config))
        print(
            f"model {config.auditor.model}, backend {config.auditor.backend}, outcomes to {config.fleet.outcomes}",
            file=sys.stderr,
        )
        telemetry = stack.enter_context(metrics(args.metrics_port, sources))
        stop_too = with_parent if args.with_parent else no_parent
        around = Surroundings(keepers(outlet, bury, config), Stored, None, telemetry, stop_too, may_start_anew=True)
        tally = audit(sources, config, around)
    if tally.start_anew is not None:
        named(ANEW)(tally.start_anew)
    show_tally(tally, time.monotonic() - began, as_json=args.json)
    return 0


def options() -> argparse.ArgumentParser:
    """What the command takes."""
    result = audit_parser("worker", "Audit a share of topics, and send what was judged to the topic of outcomes.")
    result.add_argument("source", metavar="SOURCE", help="kafka://host:port/topic[,topic…]?group=NAME")
    result.add_argument("--outcomes", metavar="TOPIC", help="kafka://host:port/topic (fleet.outcomes)")
    result.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)  # ends when standard input does
    return result


def check(source: str, config: Config) -> None:
    """Refuse what would lose something later.

    Raises:
        ConfigError: what is missing, and how to say it.
    """
    from ingest.topics import parse_topics

    if not source.startswith("kafka://") or not parse_topics(source).group:
        raise ConfigError(f"{source}: workers share topics as a group: kafka://host:port/topic?group=NAME")
    if not config.fleet.outcomes.startswith("kafka://"):
        raise ConfigError("fleet.outcomes is not set: say where outcomes go, as --outcomes kafka://host:port/topic")
    if not config.images.blob_dir:
        raise ConfigError("images.blob_dir is not set: a folder or bucket that all share, for images by hash")


def keepers(outlet: "Outlet", bury: "Bury", config: Config) -> "Callable[[Run], OutcomesKeeper]":
    """What keeps the batches of a run of ours."""
    from auditor.blobs import open_blobs
    from auditor.outcomes import OutcomesKeeper

    blobs, max_bytes = open_blobs(config.images.blob_dir), config.fleet.max_message_bytes
    ends: dict[Partition, int] = {}  # whoever keeps the batches of the next run goes on from there
    return lambda run: OutcomesKeeper(outlet.write, blobs, run, max_bytes, bury, ends)


def with_parent(stop: Event) -> None:
    """Stop when standard input ends: whoever started us holds its other end, and is gone then."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin.read, which the interpreter would wait for at its end
            pass
        stop.set()

    Thread(target=wait, daemon=True).start()


def no_parent(_: Event) -> None:
    """Nobody to stop with."""
