"""The action agreement of the command review."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.agreement.found import Found

REPLICATES = 1000
MOST = 20


def agreement(argv: Sequence[str]) -> int:
    """`traceaudit review agreement`: how far reviewers agree with each other, and with the guard."""
    options = parser("review agreement", "How far reviewers agree with each other, and with the guard.", store=True)
    options.add_argument(
        "--since", type=date.fromisoformat, metavar="D", help="only cases whose last vote is of this UTC day or later"
    )
    options.add_argument("--tenant", metavar="T", help="only this tenant's cases")
    options.add_argument("--most", type=count, default=MOST, metavar="N", help=f"cases to talk about; default: {MOST}")
    resamples = f"resamples an interval; default: {REPLICATES}"
    options.add_argument("--replicates", type=count, default=REPLICATES, metavar="N", help=resamples)
    args = options.parse_args(argv)
    config = config_of(args)
    from auditor.owner import ask

    found: Found = ask(config, "review.agreement", args.since, args.tenant, args.most, args.replicates)
    if args.json:
        from auditor.agreement.as_json import lines

        for line in lines(found):
            print_json(line)
    else:
        from auditor.agreement.console import print_found

        print_found(found)
    return 0


def count(text: str) -> int:
    """One or more."""
    n = int(text)
    if n < 1:
        raise ValueError
    return n
