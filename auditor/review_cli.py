"""The command review: what reviewers are to look at, and what they said; each action is a row of ACTIONS."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from auditor.errors import InputUnreadable
from auditor.eval_cli import write_lines
from conf.cli import FINDINGS, act, config_of, parser, print_json
from conf.errors import ConfigError

if TYPE_CHECKING:
    from auditor.owner import Asker
    from auditor.reviews import BadLine
    from auditor.store_reviews import Added

SHOWN = 20
STANDARD_STREAM = "-"

ACTIONS = {
    "draw": ("auditor.sampling.cli:draw_day", "draw the cases of a day for review, once"),
    "status": ("auditor.sampling.cli:status", "how much is due, done and overdue"),
    "list": ("auditor.sampling.cli:list_cases", "the cases that are due"),
    "next": ("auditor.sampling.case_cli:show_next", "the next case that you have not voted on"),
    "vote": ("auditor.sampling.case_cli:vote", "say what a case is"),
    "agreement": ("auditor.agreement.cli:agreement", "how far reviewers agree with each other, and with the guard"),
    "undo": ("auditor.sampling.case_cli:undo", "take back what you said of a case a moment ago"),
    "decide": ("auditor.sampling.case_cli:decide", "decide a case on which votes split, as an expert"),
    "import": ("auditor.review_cli:import_votes", "votes from a file, each kept once"),
    "export": ("auditor.review_cli:export_votes", "all votes, also those taken back, one JSON object a line"),
}


def review(argv: Sequence[str]) -> int:
    """`traceaudit review ACTION`."""
    return act("review", "action", ACTIONS, argv)


def import_votes(argv: Sequence[str]) -> int:
    """`traceaudit review import FILE.jsonl`."""
    from auditor.owner import Asker

    options = parser("review import", "Votes of reviewers, one JSON object a line; a vote is kept once.", store=True)
    options.add_argument("file", nargs="?", metavar="FILE.jsonl", help="votes, one a line; - for standard input")
    options.add_argument("--fail-on-bad", action="store_true", help="exit with 3 if a line is no vote")
    args = options.parse_args(argv)
    config = config_of(args)
    if args.file is None:
        raise ConfigError("review import needs a FILE.jsonl, or - for standard input")
    return take(args, Asker(config))


def export_votes(argv: Sequence[str]) -> int:
    """`traceaudit review export`."""
    from auditor.owner import Asker

    options = parser("review export", "All votes, one JSON object a line.", store=True)
    options.add_argument("file", nargs="?", metavar="FILE.jsonl", help="default: standard output")
    args = options.parse_args(argv)
    return give(args, Asker(config_of(args)))


def take(args: argparse.Namespace, asker: "Asker") -> int:
    """Keep the votes of a file, and tell which of its lines are none."""
    from auditor.reviews import BadLine, read_reviews

    found, bad = read_reviews(read_lines(args.file))
    added: Added = asker.ask("votes.keep", [one for _, one in found], utc_now())
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


def give(args: argparse.Namespace, asker: "Asker") -> int:
    """Write all votes."""
    lines = [one.as_json() for one in asker.ask("votes.all")]
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
