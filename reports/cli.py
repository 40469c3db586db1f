"""The commands report and demo: parse, load, build, call, print."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version

from conf.cli import config_of, parser, print_json


def report(argv: Sequence[str]) -> int:
    """`traceaudit report`: the report of a day, as files."""
    from auditor.store import Store
    from reports.nightly import edition_of, write_nightly

    options = parser("report", "Write the report of a day as HTML, JSON, CSV and Parquet.", store=True)
    options.add_argument(
        "--date", type=date.fromisoformat, metavar="D", help="UTC day, YYYY-MM-DD; default: the last one"
    )
    options.add_argument("--out", metavar="DIR", help="folder for the files (report.out_dir)")
    args = options.parse_args(argv)
    config = config_of(args, report__out_dir=args.out)
    edition = edition_of(config, datetime.now(UTC), version("traceaudit"))
    with Store.open(config.store.path, config.images.blob_dir, create=False) as store:
        written = write_nightly(store, config, args.date, edition)
    if args.json:
        print_json({"date": str(written.report.date), "files": [str(path) for path in written.files]})
    else:
        counts = written.report.escalations
        print(f"{written.report.date}: {counts.total} of {written.report.verdicts.triples} exchanges need a person")
        print("\n".join(str(path) for path in written.files))
    return 0


def demo(argv: Sequence[str]) -> int:
    """`traceaudit demo`: the whole flow on the sample logs."""
    from reports.demo import run_demo

    options = parser("demo", "The whole flow on the sample logs that ship with traceaudit, in a folder of its own.")
    options.add_argument("--dir", default="demo", metavar="DIR", help="the folder; made where it is not there")
    args = options.parse_args(argv)
    config_of(args)  # refuses a wrong --set before anything is done
    shared = [word for name in args.config for word in ("--config", name)]
    return run_demo(args.dir, [*shared, *(word for text in args.set for word in ("--set", text))])
