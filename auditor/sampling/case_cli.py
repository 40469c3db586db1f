"""The actions next and vote of the command review: look at a drawn case, and say what it is."""

import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.sampling.answers import Case


def show_next(argv: Sequence[str]) -> int:
    """`traceaudit review next`: the next case without a vote of this reviewer."""
    from auditor.owner import ask
    from auditor.sampling.case import case_json, case_lines, shows_verdict
    from ingest.visible import escape_hidden

    options = parser("review next", "The next case that you have not voted on: urgent first, then oldest.", store=True)
    options.add_argument("--reviewer", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    options.add_argument(
        "--show-verdict", action="store_true", help="what the guard said, also of cases below the line"
    )
    options.add_argument("--whole", action="store_true", help="texts of any length")
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    case: Case | None = ask(config, "review.next", args.reviewer.strip(), now)
    if case is None:
        if args.json:
            print_json(None)
        else:
            print("nothing is due for you")
        return 0
    found, rows = case.due, (case.triple, case.images)
    show = shows_verdict(found, asked=args.show_verdict)
    if args.json:
        print(escape_hidden(json.dumps(case_json(found, *rows, show_verdict=show), ensure_ascii=False)), flush=True)
        return 0
    limit = max(map(len, filter(None, map(str, rows[0].values())))) if args.whole else config.report.max_case_chars
    print("\n".join(case_lines(found, *rows, limit, show_verdict=show)))
    print(f"\ntraceaudit review vote {found.triple_id[:12]} 0|0.5|1 --by NAME")
    return 0


def vote(argv: Sequence[str]) -> int:
    """`traceaudit review vote TRIPLE_ID VOTE`: keep one vote."""
    from auditor.owner import ask
    from auditor.reviews import Review
    from auditor.verdict import Category, Judgment

    options = parser("review vote", "Say what a case is; who changes their mind votes again.", store=True)
    options.add_argument("triple_id", metavar="CASE", help="its id, or as much of it as no other begins with")
    options.add_argument("vote", choices=("0", "0.5", "1"), help="safe, potentially harmful, harmful")
    options.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="you; default: this user")
    options.add_argument("--category", choices=[one for one in Category if one != Category.UNKNOWN])
    options.add_argument("--rationale", metavar="TEXT", help="why; with the category needed for 0.5 and 1")
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    judgment, reviewer = Judgment(float(args.vote)), checked(args.by, args.vote, args.category, args.rationale)
    category = Category(args.category) if args.category else None
    meant = Review(args.triple_id, reviewer, judgment, category, args.rationale or None, now)
    given: Review = ask(config, "review.vote", meant, now)
    if args.json:
        print_json(given.as_json())
    else:
        print(f"{given.triple_id[:12]}: {args.vote} by {reviewer}")
    return 0


def checked(reviewer: str, vote: str, category: str | None, rationale: str | None) -> str:
    """The reviewer's name, when all that a vote needs is there.

    Raises:
        VoteRefused: says what is missing.
    """
    from auditor.errors import VoteRefused
    from auditor.reviews import MAX_REVIEWER_CHARS, is_text

    if not is_text(reviewer, MAX_REVIEWER_CHARS):
        raise VoteRefused(f"say who votes: --by NAME, at most {MAX_REVIEWER_CHARS} characters")
    if vote != "0" and not (category and (rationale or "").strip()):
        raise VoteRefused(f"a vote of {vote} needs --category and --rationale")
    return reviewer.strip()
