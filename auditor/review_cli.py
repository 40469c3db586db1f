"""The command review: votes of reviewers come in, and go out again."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from auditor.errors import InputUnreadable
from auditor.eval_cli import write_lines
from conf.cli import FINDINGS, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from auditor.reviews import BadLine
    from auditor.store import Store

SHOWN = 20
STANDARD_STREAM = "-"


def review(argv: Sequence[str]) -> int:
    """`traceaudit review import | export`: votes, one JSON object a line."""
    from auditor.store import Store

    args = options().parse_args(argv)
    config = config_of(args)
    if args.action == "import" and args.file is None:
        raise ConfigError("review import needs a FILE.jsonl, or - for standard input")
    with Store.open(config.store.path, config.images.blob_dir, create=False) as store:
        return take(args, store) if args.action == "import" else give(args, store)


def options() -> argparse.ArgumentParser:
    """The options of both actions."""
    result = parser("review", "What reviewers said of triples: import votes, export them.", store=True)
    result.add_argument("action", choices=("import", "export"), help="a vote is kept once, however often it comes")
    result.add_argument("file", nargs="?", metavar="FILE.jsonl", help="votes, one a line; - for the standard streams")
    result.add_argument("--fail-on-bad", action="store_true", help="import: exit with 3 if a line is no vote")
    return result


def take(args: argparse.Namespace, store: "Store") -> int:
    """Keep the votes of a file, and tell which of its lines are none."""
    from auditor.reviews import BadLine, read_reviews
    from auditor.store_reviews import add_reviews

    found, bad = read_reviews(read_lines(args.file))
    added = add_reviews(store, [one for _, one in found], utc_now())
    bad += [BadLine(at, "the database has no such triple") for at, one in found if one.triple_id in added.strangers]
    bad.sort(key=lambda line: line.number)
    if args.json:
        lines = [line.as_json() for line in bad]
        print_json({"votes": len(found), "new": added.new, "known": added.known, "bad": len(bad), "bad_lines": lines})
    else:
        print(f"{added.new} new votes, {added.known} known ones")
        print_bad(args.file, bad)
    return FINDINGS if args.fail_on_bad and bad else 0


def print_bad(name: str, bad: "Sequence[BadLine]") -> None:
    """The first lines that are no votes, and how many there are."""
    for line in bad[:SHOWN]:
        print(f"{name}:{line.number}: {line.reason}", file=sys.stderr)
    if bad:
        print(f"{len(bad)} lines left out, since they are no votes on triples of this database", file=sys.stderr)


def give(args: argparse.Namespace, store: "Store") -> int:
    """Write all votes."""
    from auditor.store_reviews import read_all

    lines = [one.as_json() for one in read_all(store)]
    if args.file in {None, STANDARD_STREAM}:
        for line in lines:
            print_json(line)
        return 0
    write_lines(Path(args.file), lines)
    if args.json:
        print_json({"votes": len(lines)})
    else:
        print(f"{len(lines)} votes written to {args.file}")
    return 0


def read_lines(name: str) -> list[bytes]:
    """The lines of a file, or of standard input.

    Raises:
        InputUnreadable: the file cannot be read.
    """
    try:
        whole = sys.stdin.buffer.read() if name == STANDARD_STREAM else Path(name).read_bytes()
    except OSError as error:
        raise InputUnreadable(f"{name}: {error.strerror}") from None
    return whole.split(b"\n")
