"""The command of this package: `traceaudit doctor`."""

import argparse
import secrets
from itertools import islice

from conf.cli import config_of, parser, print_json


def doctor(argv: list[str]) -> int:
    """`traceaudit doctor`: the dry run of a source."""
    from ingest.assembly import Assembler, assembled
    from ingest.doctor import Summary, examine
    from ingest.doctor_table import print_summary
    from ingest.formats import FORMATS
    from ingest.normalize import joiner, normalizer, resolver_of
    from ingest.privacy import privacy_of
    from ingest.source import open_source, records_of

    options = parser("doctor", "Dry run: which format each record is, what each field became; writes nothing.")
    options.add_argument("source", metavar="SOURCE", help="a path, a folder, a glob, -, or kafka://host:port/topic")
    options.add_argument("--format", choices=FORMATS, help="the format of every record (ingest.format)")
    options.add_argument("--mapping", metavar="FILE", help="mapping file of a house format (ingest.mapping)")
    options.add_argument("--limit", type=count, metavar="N", help="stop after N records")
    args = options.parse_args(argv)
    config = config_of(args, ingest__format=args.format, ingest__mapping=args.mapping)
    if args.format or args.mapping:
        config = config.model_copy(update={"topics": {}})  # what is said here goes before what topics are pinned to

    records = records_of(open_source(args.source, config))
    privacy = privacy_of(config, user_key=secrets.token_bytes())  # nothing is kept, so pseudonyms need not last
    summary = Summary(masked=privacy.masks.kinds)
    how = (config, privacy, resolver_of(config))
    assembler = Assembler(config.assembly, normalizer(*how), joiner(*how))
    for examined in examine(assembled(islice(records, args.limit), assembler)):
        summary.add(examined)
        if args.json:
            print_json(examined.as_json())
    if not args.json:
        print_summary(summary)
    return 0


def count(text: str) -> int:
    """A number of records, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of records")
    return int(text)
