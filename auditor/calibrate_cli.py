"""The command calibrate: fit the risk to what reviewers said, and show how far it can be believed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from auditor.errors import TooFewReviews
from conf.cli import config_of, parser, print_json
from ingest.errors import MissingExtra

if TYPE_CHECKING:
    from auditor.calibrate import Attempt, GroupCases
    from auditor.reliability import Bin

AUTO = "auto"
NOTHING = "not calibrated"  # how it begins to say why


def calibrate(argv: Sequence[str]) -> int:
    """`traceaudit calibrate`: from then on, new verdicts get their risk by what was fitted."""
    from auditor.calibration import Method
    from auditor.owner import Asker

    options = parser("calibrate", "Fit the risk to what reviewers said.", store=True)
    methods = (AUTO, *(method.value for method in Method))
    options.add_argument("--method", choices=methods, default=AUTO, help="auto: whichever foretells better (default)")
    options.add_argument("--min-reviews", type=int, metavar="N", help="reviewed triples needed at least (default 50)")
    args = options.parse_args(argv)
    config = config_of(args)
    try:
        from auditor.calibrate import fit_group
        from auditor.fit import MIN_REVIEWS
    except ImportError as error:
        raise MissingExtra(f"calibrate (no module {error.name!r})", "calibrate") from None
    least = MIN_REVIEWS if args.min_reviews is None else args.min_reviews
    ask = Asker(config).ask
    method = None if args.method == AUTO else Method(args.method)
    groups: Sequence[GroupCases] = ask("calibrate.reviewed")
    fitted = [fit_group(one, method, least) for one in groups]  # in this process: whoever has the database has work
    attempts: Sequence[Attempt] = ask("calibrate.keep", fitted, utc_now()) if fitted else []
    nothing = all(attempt.refused for attempt in attempts)
    for attempt in attempts:
        if args.json:
            print_json(attempt.as_json())
        elif not nothing:
            print_attempt(attempt)
    if nothing:
        raise TooFewReviews(reason_of(attempts))
    return 0


def reason_of(attempts: "Sequence[Attempt]") -> str:
    """Why nothing was fitted, and what to do."""
    if not attempts:
        return f"{NOTHING}: no judged triple was reviewed; `traceaudit review import FILE.jsonl` brings votes"
    return f"{NOTHING}, the risk stays what it was: {attempts[0].refused}"


def print_attempt(attempt: "Attempt") -> None:
    """What calibrating one group came to, for people."""
    from auditor.console import figure_cell, print_rows

    group, fitted, calibration = attempt.group_cases.group, attempt.fitted, attempt.calibration
    name = f"{group.mode}, revision {group.model_revision[:12]}, prompt {group.prompt_hash[:12]}"
    if not fitted or not calibration:
        print(f"{name}: not calibrated: {attempt.refused}", file=sys.stderr)
        return
    print(f"{name}: {fitted.n_reviews} reviewed triples, {fitted.n_harmful} harmful; ", end="")
    print(f"{attempt.group_cases.tied} tied and {attempt.group_cases.unscored} without a score left out")
    print(f"{calibration.curve.method} {calibration.id[:12]}, {'in force now' if attempt.is_new else 'as before'}")
    sides = {"score": fitted.before, "risk, held out": fitted.after}
    lines = [[side, *map(figure_cell, (one.log_loss, one.brier, one.ece))] for side, one in sides.items()]
    print_rows(("", "log loss", "brier", "ece"), lines)
    for side, one in sides.items():
        print_rows((side, "harmful", "interval", "triples"), [bin_cells(line) for line in one.diagram])
    if fitted.after.log_loss >= fitted.before.log_loss:
        print("on held out triples this is no better than the score itself", file=sys.stderr)


def bin_cells(line: "Bin") -> tuple[str, ...]:
    """A line of the reliability diagram as text."""
    return (f"{line.mean:.3f}", f"{line.observed:.3f}", f"{line.low:.3f} to {line.high:.3f}", str(line.n))
