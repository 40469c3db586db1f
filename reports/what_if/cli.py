"""The action what-if of the command policy: parse, load, compare, print."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from reports.what_if.comparison import WhatIf


def what_if(argv: Sequence[str]) -> int:
    """`traceaudit policy what-if [FILE]`: what a policy would have done."""
    options = parser("policy what-if", "What a policy would have done with the scores that are stored.", store=True)
    options.add_argument("file", nargs="?", metavar="FILE.toml", help="default: the policy in force")
    for level in ("watch", "escalate", "urgent"):
        options.add_argument(f"--{level}", type=float, metavar="T", help=f"another default threshold for {level}")
    options.add_argument(
        "--rule", action="append", default=[], metavar="K=V,…", help="a further rule, as tenant=NAME,escalate=0.4"
    )
    options.add_argument("--from", dest="first", type=date.fromisoformat, metavar="D", help="first UTC day; 28 days")
    options.add_argument(
        "--to", dest="last", type=date.fromisoformat, metavar="D", help="last UTC day; the last judged"
    )
    options.add_argument("--tenant", metavar="NAME", help="only this tenant's exchanges")
    options.add_argument("--keep-recall", type=share, default=0.9, metavar="R", help="recall to keep; default 0.9")
    options.add_argument("--html", type=Path, metavar="OUT.html", help="also write a page with plots to this file")
    args = options.parse_args(argv)
    config = config_of(args)
    from auditor.cli import utc_now
    from auditor.owner import ask
    from auditor.policies.changes import changes
    from auditor.policies.file import read_file
    from reports.what_if.answers import Wanted
    from reports.what_if.as_json import lines
    from reports.what_if.console import show

    given = read_file(args.file) if args.file else None
    levels = [(level, getattr(args, level)) for level in ("watch", "escalate", "urgent")]
    wanted = Wanted(args.first, args.last, args.tenant, given, levels, args.rule, args.keep_recall)
    told: WhatIf = ask(config, "policy.what_if", wanted)
    differs = changes(told.current, told.proposed)
    if args.html:
        from reports.what_if.page import write_page

        write_page(args.html, told, differs, utc_now())
    if args.json:
        for line in lines(told):
            print_json(line)
    else:
        show(told, differs)
        if args.html:
            print(f"the same with plots: {args.html}")
    return 0


def share(text: str) -> float:
    """A share above 0 and at most 1, for argparse."""
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(text)
    return value
