"""The command train: parse, load, build, call, print."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from auditor.evidence.events import SYSTEM
from conf.cli import FINDINGS, config_of, parser, print_json
from ingest.errors import MissingExtra

if TYPE_CHECKING:
    from training.run.order import Order
    from training.run.told import Outcome

LIBRARIES = ("torch", "trl", "peft", "accelerate", "datasets", "datasketch", "sklearn")


def train(argv: Sequence[str]) -> int:
    """`traceaudit train`: a candidate from what people said, tried by the gate; nothing is promoted by it."""
    args = options().parse_args(argv)
    stages = None if args.stages is None else [word.strip() for word in args.stages.split(",")]
    args.set += [] if stages is None else [f"training.stages={stages}"]
    config = config_of(args, training__recipe=args.recipe, training__rows=args.rows, training__base=args.base)
    try:
        return trained(args, ordered(args, config))
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        raise MissingExtra(f"train (no module {error.name!r})", "train") from None


def options() -> argparse.ArgumentParser:
    """The options of train."""
    summary = "Train the guard on what people agreed on, have the gate try it beside the one that serves, keep both."
    result = parser("train", summary, store=True)
    result.add_argument("--stages", metavar="LIST", help="such as sft,dpo,ogdpo (training.stages)")
    result.add_argument("--recipe", metavar="NAME|FILE", help="how it is trained (training.recipe)")
    result.add_argument("--rows", metavar="PATH", help="labelled rows that are mixed in (training.rows)")
    result.add_argument("--base", metavar="MODEL", help="the model that is trained (training.base)")
    result.add_argument("--by", default=SYSTEM, metavar="NAME", help="who wants it, for the audit trail")
    result.add_argument("--check", action="store_true", help="show what would be learned from, and train nothing")
    result.add_argument(
        "--dry-run", action="store_true", help="build every batch, tell tokens and memory, train nothing"
    )
    result.add_argument("--fail-on-refused", action="store_true", help="exit with 3 if the gate refuses the candidate")
    return result


def ordered(args: argparse.Namespace, config: Any) -> "Order":
    """What is to be trained."""
    from auditor.owner import Asker
    from training.run.order import Order, recipe_of

    return Order(Asker(config).ask, config, recipe_of(config), args.by, utc_now, say)


def trained(args: argparse.Namespace, order: "Order") -> int:
    """Do what is asked for, and tell what came of it."""
    if args.check or args.dry_run:
        from training.run.looks import check, dry_run

        return (check if args.check else dry_run)(order, as_json=args.json)
    from training.errors import TrainingRefused
    from training.run.train import train as run

    try:
        with redirect_stdout(sys.stderr):  # trainers print what they measure
            outcome = run(order)
    except TrainingRefused as error:
        if args.json:
            print_json({"state": "refused", "detail": str(error), "run": None, "candidate": None, "checks": []})
        raise
    tell(outcome, as_json=args.json)
    return FINDINGS if args.fail_on_refused and not outcome.gate.passed else 0


def say(line: str) -> None:
    """Tell people how it goes, beside what the command prints."""
    print(line, file=sys.stderr, flush=True)


def tell(outcome: "Outcome", *, as_json: bool) -> None:
    """What came of a training."""
    from training.gate.gate import told

    if as_json:
        checks = [
            {"name": one.name, "ruling": one.ruling.value, "required": one.required, "reason": one.reason}
            for one in outcome.gate.checks
        ]
        line = {"state": outcome.state, "detail": outcome.detail, "run": outcome.run_id}
        print_json(line | {"candidate": outcome.candidate, "checks": checks})
        return
    print("\n".join(told(outcome.gate)))
    if outcome.gate.passed:
        print(f"to promote it: traceaudit models propose {outcome.candidate[:12]} --by NAME, then another approves it")
