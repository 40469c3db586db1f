"""The commands run and ledger: parse, load, build, call, print."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from conf.cli import FINDINGS, config_of, named, parser, print_json
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.ledger import LedgerLine
    from auditor.pipeline import Keeper, Tally
    from auditor.reuse import Recall
    from auditor.store import Store
    from auditor.store_rows import Run
    from auditor.telemetry import Telemetry
    from ingest.source import Source, Stored

ANEW = "auditor.seat:start_anew"
BESIDE = "reports.schedule.service:beside_run"  # of a package above this one: named here, imported where it is wanted


def run(argv: Sequence[str]) -> int:
    """`traceaudit run`: audit sources into the database file."""
    from ingest.outlet import grave_for
    from ingest.source import open_sources

    options = audit_parser("run", "Audit sources into the database file.", store=True)
    options.add_argument("source", nargs="+", metavar="SOURCE", help="path, folder, glob, -, kafka://host:port/topic")
    options.add_argument("--schedule", action="store_true", help="make reports when they are due, as the service does")
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)

    began = time.monotonic()
    with ExitStack() as stack:
        sources = open_sources(args.source, config, follow=args.follow)
        for source in sources:
            stack.enter_context(closing(source))
        bury = stack.enter_context(grave_for(args.source, config))
        # Only now: with DuckDB loaded and a broker that never answered, the interpreter ends in a page of warnings.
        from auditor.lag import lag_of
        from auditor.local_api import answering_others
        from auditor.owner import tell
        from auditor.pipeline import StoreKeeper
        from auditor.registry.opening import mend_pointer
        from auditor.retention.opening import open_whole

        store = stack.enter_context(open_whole(config, utc_now()))
        mend_pointer(store, config, utc_now())

        def keeper_of(run: "Run") -> StoreKeeper:
            store.begin_run(run)
            return StoreKeeper(store, run.run_id, utc_now, bury)

        print(
            f"model {config.auditor.model}, backend {config.auditor.backend}, db {config.store.path}", file=sys.stderr
        )
        store.lag = lag_of(sources)
        stack.enter_context(answering_others(store, config.store.path, tell))
        stack.enter_context(coming_round(store, config, args))
        telemetry = stack.enter_context(metrics(args.metrics_port, sources, store))
        again = args.follow and "-" not in args.source
        around = Surroundings(
            keeper_of, store.standing, key_file(config), telemetry, lambda _: None, store.recall, again
        )
        tally = audit(sources, config, around)
        sign(store, config)
    if tally.start_anew is not None:
        named(ANEW)(tally.start_anew)
    show_tally(tally, time.monotonic() - began, as_json=args.json)
    return 0


def audit_parser(name: str, summary: str, *, store: bool = False) -> argparse.ArgumentParser:
    """With the options of all who audit."""
    options = parser(name, summary, store=store)
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument("--follow", action="store_true", help="keep waiting for more, until interrupted")
    options.add_argument(
        "--metrics-port", type=int, metavar="N", help="serve Prometheus metrics at 127.0.0.1:N/metrics"
    )
    return options


@contextmanager
def metrics(
    port: int | None, sources: "Sequence[Source]", store: "Store | None" = None
) -> "Iterator[Telemetry | None]":
    """What counts, where metrics are asked for."""
    if port is None:
        yield None
        return
    from auditor.telemetry import serving

    with ExitStack() as stack:
        ledger = stack.enter_context(store.aside()).ledger if store else None
        yield stack.enter_context(serving(port, sources, ledger))


@contextmanager
def coming_round(store: "Store", config: Config, args: argparse.Namespace) -> Iterator[None]:
    """What comes round beside an audit: alerts where there are deliveries, and reports where that is asked for."""
    if not (config.delivery or args.schedule):
        yield
        return
    words = [word for name in args.config for word in ("--config", str(Path(name).absolute()))]
    words += [word for value in args.set for word in ("--set", value)]
    with named(BESIDE)(store, config, tuple(words), utc_now, jobs=args.schedule):
        yield


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an audit is given by the command that it is in.

    Attributes:
        keeper_of: gives what keeps the batches of a run.
        stored: where the sources stand.
        key_file: where a key for pseudonyms may be made; None where one has to be configured.
        telemetry: counts, where that is asked for.
        stop_too: told of the event that ends the audit, for those who have reasons of their own to set it.
        recall: verdicts that are kept, for content that comes again.
        may_start_anew: whether the process can be started anew without losing what it read.
    """

    keeper_of: "Callable[[Run], Keeper]"
    stored: "Callable[[], Stored]"
    key_file: Path | None = None
    telemetry: "Telemetry | None" = None
    stop_too: Callable[[Event], None] = lambda _: None
    recall: "Recall | None" = None
    may_start_anew: bool = False


def audit(sources: "Sequence[Source]", config: Config, around: Surroundings) -> "Tally":
    """Build scorer and engine as `config` says, and run them to the end."""
    from auditor.console import progress, stop_signals
    from auditor.pipeline import Audit
    from auditor.seat import Seat
    from ingest.assembly import Assembler
    from ingest.engines.embedded import Embedded
    from ingest.normalize import joiner, normalizer, resolver_of
    from ingest.privacy import privacy_of

    seat = Seat(config, around.keeper_of, around.telemetry, around.recall, utc_now, around.may_start_anew)
    judge, keeper, pixels = seat.first()
    privacy = privacy_of(config, beside=around.key_file)
    how = (config, privacy, resolver_of(config, pixels))
    assembler = Assembler(config.assembly, normalizer(*how), joiner(*how))
    engine = Embedded(sources, assembler, config.batching, around.stored)
    with stop_signals() as stop, progress() as show:
        around.stop_too(stop)
        tally = Audit(judge, keeper, show, renewed=seat.next_one(stop)).run(engine, stop)
    tally.start_anew = seat.start_anew
    return tally


def sign(store: "Store", config: Config) -> None:
    """Sign where the audit trail stands."""
    from auditor.evidence.store_checkpoints import sign_checkpoint

    sign_checkpoint(store, config, utc_now())


def show_tally(tally: "Tally", seconds: float, *, as_json: bool) -> None:
    """The end of an audit."""
    from auditor.console import print_tally

    if as_json:
        print_json(tally.as_json(seconds))
    else:
        print_tally(tally, seconds)


def key_file(config: Config) -> Path:
    """Where the key for pseudonyms of a database's users is kept, unless one is configured."""
    return Path(f"{config.store.path}.key")


def ledger(argv: Sequence[str]) -> int:
    """`traceaudit ledger`: coverage per source partition, reconciled."""
    from auditor.console import print_ledger

    options = parser("ledger", "Coverage per source partition, reconciled.", store=True)
    options.add_argument("--fail-on-unbalanced", action="store_true", help="exit with 3 if a line is not balanced")
    args = options.parse_args(argv)
    from auditor.owner import ask

    lines: Sequence[LedgerLine] = ask(config_of(args), "ledger")
    if args.json:
        for line in lines:
            print_json(line.as_json())
    else:
        print_ledger(lines)
    return FINDINGS if args.fail_on_unbalanced and not all(line.balanced for line in lines) else 0


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
