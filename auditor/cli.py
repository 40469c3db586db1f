"""The commands run, ledger and eval: parse, load, build, call, print."""

import json
import sys
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import OutputUnwritable
from conf.cli import FINDINGS, config_of, parser, print_json
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.pipeline import Tally
    from auditor.store import Store
    from ingest.outlet import Bury
    from ingest.source import Source


def run(argv: Sequence[str]) -> int:
    """`traceaudit run`: audit sources into the database file."""
    from ingest.outlet import grave_for
    from ingest.source import open_sources

    options = parser("run", "Audit sources into the database file.", store=True)
    options.add_argument("source", nargs="+", metavar="SOURCE", help="path, folder, glob, -, kafka://host:port/topic")
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument("--follow", action="store_true", help="keep waiting for more, until interrupted")
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)

    began = time.monotonic()
    with ExitStack() as stack:
        sources = open_sources(args.source, config, follow=args.follow)
        for source in sources:
            stack.enter_context(closing(source))
        bury = stack.enter_context(grave_for(args.source, config))
        # Only now: with DuckDB loaded and a broker that never answered, the interpreter ends in a page of warnings.
        from auditor.console import print_tally
        from auditor.store import Store

        store = stack.enter_context(Store.open(config.store.path, config.images.blob_dir))
        tally = audit(sources, config, store, bury)
    seconds = time.monotonic() - began
    if args.json:
        print_json(tally.as_json(seconds))
    else:
        print_tally(tally, seconds)
    return 0


def audit(sources: "Sequence[Source]", config: Config, store: "Store", bury: "Bury") -> "Tally":
    """Build scorer and engine as `config` says, and run them to the end."""
    from auditor.console import progress, stop_signals
    from auditor.pipeline import Audit, StoreKeeper
    from auditor.scorer import build
    from auditor.store_rows import Run
    from ingest.assembly import Assembler
    from ingest.engines.embedded import Embedded
    from ingest.normalize import joiner, normalizer
    from ingest.privacy import privacy_of

    print(f"model {config.auditor.model}, backend {config.auditor.backend}, db {config.store.path}", file=sys.stderr)
    scorer = build(config.auditor, utc_now)
    run_id = uuid.uuid4().hex
    policy = config.policy.version
    store.begin_run(Run(run_id, utc_now(), version("traceaudit"), scorer.key, scorer.backend_name, policy))
    privacy = privacy_of(config, beside=key_file(config))
    assembler = Assembler(config.assembly, normalizer(config, privacy), joiner(config, privacy))
    engine = Embedded(sources, assembler, config.batching, store.standing)
    with stop_signals() as stop, progress() as show:
        return Audit(scorer, StoreKeeper(store, run_id, utc_now, bury), show).run(engine, stop)


def key_file(config: Config) -> Path:
    """Where the key for pseudonyms of a database's users is kept, unless one is configured."""
    return Path(f"{config.store.path}.key")


def ledger(argv: Sequence[str]) -> int:
    """`traceaudit ledger`: coverage per source partition, reconciled."""
    from auditor.console import print_ledger
    from auditor.store import Store

    options = parser("ledger", "Coverage per source partition, reconciled.", store=True)
    options.add_argument("--fail-on-unbalanced", action="store_true", help="exit with 3 if a line is not balanced")
    args = options.parse_args(argv)
    with Store.open(config_of(args).store.path, create=False) as store:
        lines = store.ledger()
    if args.json:
        for line in lines:
            print_json(line.as_json())
    else:
        print_ledger(lines)
    return FINDINGS if args.fail_on_unbalanced and not all(line.balanced for line in lines) else 0


def evaluate(argv: Sequence[str]) -> int:
    """`traceaudit eval`: score labelled rows and measure the guard on them."""
    from auditor.console import print_figures, row_progress
    from auditor.evaluate import row_line, score_rows, summarise
    from auditor.rows import read_rows
    from auditor.scorer import build

    options = parser("eval", "Score labelled rows and measure the guard on them.")
    options.add_argument("data", type=Path, metavar="DATA.jsonl", help="labelled rows, one a line")
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument("--rows", type=Path, metavar="F", help="write one scored row a line to this file")
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)
    rows = list(read_rows(args.data, config.images))
    scorer = build(config.auditor, utc_now)
    with row_progress(len(rows)) as done:
        verdicts = score_rows(rows, scorer, done)
    if args.rows:
        write_lines(args.rows, map(row_line, verdicts))
    summary = summarise(rows, verdicts)
    if args.json:
        print_json(summary)
    else:
        print_figures(summary)
    return 0


def write_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line.

    Raises:
        OutputUnwritable: the file cannot be written.
    """
    try:
        path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from None


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
