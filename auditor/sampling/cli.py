"""The actions draw, status and list of the command review: the sample, and what of it is to be done."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.sampling.answers import Cases, Status
    from auditor.sampling.queries import Due, Work
    from auditor.sampling.store import Drawn

SHORT_ID = 12


def draw_day(argv: Sequence[str]) -> int:
    """`traceaudit review draw`: draw the cases of a UTC day for review."""
    from auditor.owner import ask

    options = parser("review draw", "Draw the cases of a UTC day for review, once.", store=True)
    options.add_argument("--date", type=date.fromisoformat, metavar="D", help="YYYY-MM-DD; default: yesterday")
    options.add_argument(
        "--early", action="store_true", help="also before the day is over: what is judged later is then never drawn"
    )
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    day = args.date or yesterday(now)
    drawn: Drawn = ask(config, "review.draw", day, now, args.early)
    if args.json:
        print_json(drawn_json(drawn))
    else:
        print(in_words(drawn))
    return 0


def status(argv: Sequence[str]) -> int:
    """`traceaudit review status`: what is due, done and overdue."""
    from auditor.console import print_rows
    from auditor.owner import ask

    args = parser("review status", "How much of what was drawn is due, done and overdue.", store=True).parse_args(argv)
    found: Status = ask(config_of(args), "review.status", utc_now())
    if args.json:
        told = {str(day): n for day, n in found.late.items()}
        work = [work_json(one) for one in found.work]
        print_json({"votes_wanted": found.wanted, "work": work, "stored_after_the_draw": told})
        return 0
    heads = ("reason", "drawn", "done", "due", "overdue", "oldest, days")
    print_rows(heads, [work_cells(one) for one in found.work])
    for day, n in found.late.items():
        print(f"{n} exchanges of {day} were stored after its draw, and had no chance to be in it")
    return 0


def list_cases(argv: Sequence[str]) -> int:
    """`traceaudit review list`: the cases that are due, in the order in which `next` gives them."""
    from auditor.console import print_rows
    from auditor.owner import ask

    options = parser("review list", "The cases that are due, urgent ones first, then the oldest.", store=True)
    options.add_argument("--all", action="store_true", help="also those that are done")
    options.add_argument("--most", type=int, default=1000, metavar="N", help="the first N; default: 1000")
    args = options.parse_args(argv)
    config, now = config_of(args), utc_now()
    listed: Cases = ask(config, "review.list", now, args.all, args.most)
    wanted, found = listed.wanted, listed.found
    if args.json:
        for one in found:
            print_json(due_json(one, now, wanted))
    else:
        heads = ("case", "day", "reason", "votes", "days since the draw", "")
        print_rows(heads, [due_cells(one, now, wanted) for one in found])
    return 0


def yesterday(now: datetime) -> date:
    """The UTC day before."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def drawn_json(drawn: "Drawn") -> dict[str, Any]:
    """As `review draw --json` tells it."""
    return {"date": str(drawn.day), "new": drawn.is_new, "verdicts": {**drawn.sizes}, "drawn": {**drawn.drawn}}


def in_words(drawn: "Drawn") -> str:
    """One line for people."""
    if not drawn.sizes:
        return f"no verdicts of {drawn.day}: nothing to draw"
    counts = ", ".join(f"{drawn.drawn[reason]} of {size} {reason}" for reason, size in sorted(drawn.sizes.items()))
    return f"{drawn.day} {'is drawn' if drawn.is_new else 'had been drawn before, nothing changed'}: {counts}"


def work_json(work: "Work") -> dict[str, Any]:
    """One line of `review status --json`."""
    return {
        "reason": work.reason,
        "drawn": work.drawn,
        "done": work.done,
        "due": work.due,
        "overdue": work.overdue,
        "due_by_age_days": {str(age): n for age, n in sorted(work.due_by_age.items())},
    }


def work_cells(work: "Work") -> list[str]:
    """The cells of `review status`."""
    oldest = "" if work.oldest_days is None else str(work.oldest_days)
    return [work.reason, *map(str, (work.drawn, work.done, work.due, work.overdue)), oldest]


def due_json(one: "Due", now: datetime, wanted: int) -> dict[str, Any]:
    """One line of `review list --json`."""
    return {
        "triple_id": one.triple_id,
        "date": str(one.day),
        "reason": one.reason,
        "inclusion": one.inclusion,
        "votes": one.votes,
        "age_days": one.age_days(now),
        "done": one.votes >= wanted,
        "overdue": one.is_overdue(now, wanted),
    }


def due_cells(one: "Due", now: datetime, wanted: int) -> list[str]:
    """The cells of `review list`."""
    state = "overdue" if one.is_overdue(now, wanted) else "done" if one.votes >= wanted else ""
    age = str(one.age_days(now))
    return [one.triple_id[:SHORT_ID], str(one.day), one.reason, f"{one.votes} of {wanted}", age, state]
