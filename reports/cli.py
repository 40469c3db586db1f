"""The commands report, serve and demo: parse, load, build, call, print."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from conf.schema import Config
    from reports.nightly import Made

# A page gives up the interpreter at each query, and gets it back from the busy sink after so long: with the 5 ms that
# Python takes by default, some forty times a page, that would be most of the time that a page takes.
SWITCH_S = 0.0005


def report(argv: Sequence[str]) -> int:
    """`traceaudit report`: the report of a day, a week or a month, of all or of one tenant, as files."""
    from auditor.owner import ask
    from reports.night.period import KINDS
    from reports.nightly import Wanted
    from reports.summary import print_summary

    summary = "Write the report of a day, week or month as HTML, JSON, CSV, Parquet and, where there is Chromium, PDF."
    options = parser("report", summary, store=True)
    options.add_argument(
        "--date", type=date.fromisoformat, metavar="D", help="UTC day, any of the period; default: the last one"
    )
    options.add_argument("--period", choices=KINDS, default="day", help="week: ISO 8601, from Monday; default: day")
    options.add_argument("--tenant", metavar="NAME", help="only this tenant, with nothing of others; default: all")
    options.add_argument("--out", metavar="DIR", help="folder for the files (report.out_dir)")
    options.add_argument("--pdf", action="store_true", help="also as PDF, through Chromium (report.pdf)")
    args = options.parse_args(argv)
    config = config_of(args, report__out_dir=args.out, report__pdf="always" if args.pdf else None)
    made: Made = ask(config, "report", Wanted(args.date, args.period, args.tenant), datetime.now(UTC))
    if args.json:
        told = {"date": str(made.day), "period": made.kind, "name": made.name, "tenant": args.tenant}
        print_json(told | {"files": [str(path) for path in made.files]})
    else:
        print_summary(made.summary, made.files, made.notes)
    return 0


def serve(argv: Sequence[str]) -> int:
    """`traceaudit serve`: the service that owns the database file."""
    options = parser("serve", "Own the database, store what workers judged, answer over HTTP.", store=True)
    options.add_argument("--outcomes", metavar="TOPIC", help="kafka://host:port/topic (fleet.outcomes)")
    options.add_argument("--port", metavar="N", type=int, help="where to answer; 0 takes a free one (serve.port)")
    args = options.parse_args(argv)
    port = [] if args.port is None else [f"serve.port={args.port}"]
    args.set += port
    config = config_of(args, fleet__outcomes=args.outcomes)
    from auditor.console import stop_signals
    from auditor.retention.rewriting import PATIENCE_S
    from auditor.service import announced
    from auditor.workers import Workers
    from reports.schedule.jobs import Surroundings
    from reports.serve import check, check_reach, front_of
    from reports.standstill import Stop
    from reports.turns import opened, turn
    from reports.web.entrance import entrance_of

    check(config)
    sys.setswitchinterval(SWITCH_S)
    entrance = entrance_of(config, os.environ, time.monotonic)
    with ExitStack() as stack:
        file, stop = stack.enter_context(ExitStack()), Stop()
        store = file.enter_context(opened(config))
        check_reach(config, store, entrance)
        front = stack.enter_context(front_of(config, entrance))
        around = Surroundings(config, tuple(options_of(args)), beside=True, bell=front.bell)
        address = stack.enter_context(announced(config.store.path, config.serve.host, front.port))
        outcomes = f"outcomes from {config.fleet.outcomes}" if config.fleet.outcomes else "no topic of outcomes"
        print(f"db {config.store.path}, {outcomes}, at {address}", file=sys.stderr)
        if link := entrance.way_in(store, f"http://{address.asked_at}:{address.port}"):
            print(f"there are no users yet; whoever has this link comes in, once: {link}", file=sys.stderr)
        stack.enter_context(stop_signals(stop))
        workers = Workers(worker_command(args, config), config.serve.workers, front.telemetry.registry)
        stack.enter_context(workers.running())
        while turn(config, store, front, around, stop):
            file.close()
            store = file.enter_context(opened(config, PATIENCE_S))
    return 0


def worker_command(args: argparse.Namespace, config: "Config") -> list[str]:
    """What a local worker runs: the same configuration, and the blob store, key and registry of this database."""
    from auditor.cli import key_file
    from auditor.registry.places import placed
    from ingest.user_key import user_key_of

    blob_dir = config.images.blob_dir or f"{config.store.path}.blobs"
    section = placed(config)
    values = [*args.set, f"images.blob_dir={blob_dir}", f"auditor.registry_dir={section.registry_dir}"]
    values.append(f"auditor.registry_keys={section.registry_keys}")
    if config.serve.workers and not config.ingest.user_key_file:
        user_key_of(config.ingest, key_file(config))
        if key_file(config).exists():
            values.append(f"ingest.user_key_file={key_file(config)}")
    words = options_of(args, values)
    source, outcomes = config.serve.worker_source, config.fleet.outcomes
    command = [sys.executable, "-m", "auditor", "worker", source, "--outcomes", outcomes]
    return [*command, "--follow", "--with-parent", *words]


def options_of(args: argparse.Namespace, values: Sequence[str] | None = None) -> list[str]:
    """Options that give another process the same configuration, with these values in place of those of --set."""
    words = [word for name in args.config for word in ("--config", name)]
    return words + [word for value in (args.set if values is None else values) for word in ("--set", value)]


def demo(argv: Sequence[str]) -> int:
    """`traceaudit demo`: the whole flow on the sample logs."""
    from reports.demo import run_demo

    options = parser("demo", "The whole flow on the sample logs that ship with traceaudit, in a folder of its own.")
    options.add_argument("--dir", default="demo", metavar="DIR", help="the folder; made where it is not there")
    options.add_argument("--without-training", action="store_true", help="end with the report, and train nothing")
    args = options.parse_args(argv)
    config_of(args)  # refuses a wrong --set before anything is done
    shared = [word for name in args.config for word in ("--config", name)]
    shared += [word for text in args.set for word in ("--set", text)]
    return run_demo(args.dir, shared, training=not args.without_training)
