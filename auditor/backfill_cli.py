"""The command backfill: judge stored triples once more, or tell what moved between two scorers."""

import argparse
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from conf.cli import config_of, parser
from conf.errors import ConfigError
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.backfill import Bring
    from auditor.desk import Desk, Selection
    from auditor.estimate import Estimate
    from auditor.policies.policy import Policy
    from auditor.scorer import Scorer
    from ingest.qta import QTATriple

EVER = date(1970, 1, 1)
MOVERS = 20
TO_JUDGE = ("model", "backend", "estimate", "yes")


def backfill(argv: Sequence[str]) -> int:
    """`traceaudit backfill`: stored triples judged once more, or what moved between two scorers."""
    args = options().parse_args(argv)
    check(args)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend)
    desk = open_desk(config)
    return tell_moves(args, config, desk) if args.diff else judge_again(args, config, desk)


def options() -> argparse.ArgumentParser:
    """What the command takes."""
    result = parser("backfill", "Judge stored triples once more, or tell what moved between two scorers.", store=True)
    result.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="triples stored from this UTC day on")
    result.add_argument("--until", type=date.fromisoformat, metavar="DATE", help="up to the end of this UTC day")
    result.add_argument("--tenant", metavar="T", help="those of this tenant only")
    result.add_argument(
        "--limit", type=int, metavar="N", help="judge so many at most; with --diff: name so many movers"
    )
    result.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    result.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    result.add_argument("--estimate", action="store_true", help="tell what it takes, and stop there")
    result.add_argument("--yes", action="store_true", help="begin without asking")
    result.add_argument(
        "--diff",
        nargs=2,
        metavar=("A", "B"),
        help="judge nothing: tell what moved from scorer A to B; each REVISION[:PROMPT[:DECODING]], or how they begin",
    )
    return result


def check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        ConfigError: which.
    """
    if args.diff and (wrong := [name for name in TO_JUDGE if getattr(args, name)]):
        raise ConfigError(f"--{wrong[0]} does not go with --diff, which judges nothing")
    if not args.diff and not args.since:
        raise ConfigError("--since DATE is missing: the first UTC day whose triples are to be judged")
    if args.limit is not None and args.limit < 1:
        raise ConfigError(f"--limit {args.limit}: 1 or more")


def open_desk(config: Config) -> "Desk":
    """The desk of whoever owns the database; looks at once whether it can be asked.

    Raises:
        StoreLocked: another process has the file, and does not answer.
        ServiceFailed: this user may not ask it.
    """
    from auditor.asked_desk import AskedDesk
    from auditor.owner import Asker

    asker = Asker(config)
    asker.ask("nothing")
    return AskedDesk(asker, config.backfill.wait_s)


def selection(args: argparse.Namespace) -> "Selection":
    """What is meant; without an end up to now, so that it ends."""
    from auditor.desk import Selection

    until = start_of(args.until + timedelta(days=1)) if args.until else utc_now()
    return Selection(start_of(args.since or EVER), until, args.tenant)


def start_of(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def judge_again(args: argparse.Namespace, config: Config, desk: "Desk") -> int:
    """Tell what it takes, ask, and do it."""
    from auditor.backfill import Backfill, Job
    from auditor.backfill_console import may_begin, progress, show_done, show_estimate
    from auditor.console import stop_signals
    from auditor.policies.file import configured_policy
    from auditor.scorer import build
    from auditor.store_rows import Run

    os.nice(config.backfill.nice)
    chosen, scorer = selection(args), build(config, utc_now).recalling(desk.recall)
    found, bring = look(desk, chosen, scorer, config)
    show_estimate(found, utc_now(), as_json=args.json and args.estimate)
    if args.estimate or not (args.yes or may_begin(found)):
        return 0
    now, number, policy = utc_now(), version("traceaudit"), configured_policy(config.policy).version
    run = Run(uuid.uuid4().hex, now, number, scorer.key, scorer.backend_name, policy, "backfill")
    steps = config.backfill
    job = Job(chosen, run, steps.batch_triples, steps.batch_s, config.batching.max_bytes, steps.wait_s, args.limit)
    began = time.monotonic()
    with stop_signals() as stop, progress(min(found.pending, args.limit or found.pending)) as show:
        done = Backfill(desk, scorer, bring, job, show).run(stop)
    show_done(done, found.pending - done.judged, time.monotonic() - began, as_json=args.json)
    return 0


def look(desk: "Desk", chosen: "Selection", scorer: "Scorer", config: Config) -> "tuple[Estimate, Bring]":
    """What judging a selection takes, and what brings its images."""
    from auditor.blobs import open_blobs
    from auditor.estimate import HANDFUL, costs_of, estimate, is_known
    from auditor.stored_triples import with_images
    from ingest.normalize import resolver_of

    standing = desk.standing(chosen, scorer.key)
    blobs, resolver = open_blobs(standing.blobs), resolver_of(config, scorer.backend.image_pixels)

    def bring(triple: "QTATriple") -> "QTATriple":
        return with_images(triple, blobs, resolver)

    measured = None
    if not is_known(standing):
        anew = replace(scorer, memory=None)  # or what is judged for the estimate would be reused for itself
        measured = costs_of(anew.score([bring(triple) for triple in desk.handful(chosen, scorer.key, HANDFUL)]))
    return estimate(scorer.key, standing, measured), bring


def tell_moves(args: argparse.Namespace, config: Config, desk: "Desk") -> int:
    """What moved from one scorer to another, at the policy in force."""
    from auditor.backfill_console import show_moves
    from auditor.desk import find_known
    from auditor.moves import moves_of
    from auditor.owner import ask

    known = desk.known()
    first, second = (find_known(known, text) for text in args.diff)
    policy: Policy = ask(config, "policy.in_force", utc_now().date()).policy
    moves = moves_of(desk.pairs(selection(args), first, second), policy, args.limit or MOVERS)
    show_moves(moves, (first, second), policy, as_json=args.json)
    return 0
