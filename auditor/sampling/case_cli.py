"""The actions next, vote, undo and decide of the command review: look at a drawn case, and say what it is."""

import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.reviews import Review
    from auditor.sampling.answers import Case


def show_next(argv: Sequence[str]) -> int:
    """`traceaudit review next`: the next case without a vote of this reviewer."""
    from auditor.owner import ask
    from auditor.sampling.case import case_json, case_lines
    from ingest.visible import escape_hidden

    options = parser("review next", "The next case that you have not voted on: urgent first, then oldest.", store=True)
    options.add_argument("--reviewer", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    options.add_argument(
        "--show-verdict", action="store_true", help="what the guard said, also where the policy hides it"
    )
    options.add_argument("--whole", action="store_true", help="texts of any length")
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    case: Case | None = ask(config, "review.next", args.reviewer, args.show_verdict, now)
    if case is None:
        if args.json:
            print_json(None)
        else:
            print("nothing is due for you")
        return 0
    found, rows, show = case.due, (case.triple, case.images), case.shows_verdict
    if args.json:
        print(escape_hidden(json.dumps(case_json(found, *rows, show_verdict=show), ensure_ascii=False)), flush=True)
        return 0
    limit = max(map(len, filter(None, map(str, rows[0].values())))) if args.whole else config.report.max_case_chars
    print("\n".join(case_lines(found, *rows, limit, show_verdict=show)))
    print(f"\nThis case is kept for you until {case.expires_at:%H:%M} UTC.")
    print(f"traceaudit review vote {found.triple_id[:12]} 0|0.5|1 --by NAME")
    return 0


def vote(argv: Sequence[str]) -> int:
    """`traceaudit review vote CASE VOTE`: keep one vote."""
    summary = "Say what a case is. Who was mistaken takes the vote back within a minute, with review undo."
    return say("vote", summary, argv)


def decide(argv: Sequence[str]) -> int:
    """`traceaudit review decide CASE VOTE`: an expert's decision where votes split."""
    return say("decide", "Decide a case on which the votes of others split; a decision needs a --rationale.", argv)


def say(action: str, summary: str, argv: Sequence[str]) -> int:
    """Either: send a ballot, and tell what was kept."""
    from auditor.owner import ask
    from auditor.reviewing.ballot import Ballot
    from auditor.verdict import Category, Judgment

    options = parser(f"review {action}", summary, store=True)
    options.add_argument("triple_id", metavar="CASE", help="its id, or as much of it as no other begins with")
    options.add_argument("vote", choices=("0", "0.5", "1"), help="safe, potentially harmful, harmful")
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    options.add_argument("--category", choices=[one for one in Category if one != Category.UNKNOWN])
    options.add_argument("--rationale", metavar="TEXT", help="why; with the category needed for 0.5 and 1")
    options.add_argument(
        "--corrected-analysis",
        metavar="TEXT",
        help="what the guard should have said",
    )
    args = options.parse_args(argv)
    category = Category(args.category) if args.category else None
    texts = (args.rationale or None, args.corrected_analysis or None)
    ballot = Ballot(args.triple_id, Judgment(float(args.vote)), category, *texts)
    given: Review = ask(config_of(args), f"review.{action}", args.by, ballot, utc_now())
    if args.json:
        print_json(given.as_json())
    else:
        print(f"{given.triple_id[:12]}: {args.vote} by {given.reviewer}")
    return 0


def undo(argv: Sequence[str]) -> int:
    """`traceaudit review undo CASE`: take back what one said of it within the last minute."""
    from auditor.owner import ask

    options = parser("review undo", "Take back what you said of a case within the last minute.", store=True)
    options.add_argument("triple_id", metavar="CASE", help="its id, or as much of it as no other begins with")
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    args = options.parse_args(argv)
    taken_back: Review = ask(config_of(args), "review.undo", args.by, args.triple_id, utc_now())
    if args.json:
        print_json(taken_back.as_json())
    else:
        print(f"{taken_back.triple_id[:12]}: {taken_back.vote.label} by {taken_back.reviewer} is taken back")
    return 0
