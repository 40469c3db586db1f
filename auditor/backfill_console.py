"""What the command backfill shows: what it takes, how far it is, what was done, what moved."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from auditor.backfill import Done
from auditor.console import figure_cell, print_rows
from auditor.desk import name_of
from auditor.estimate import Estimate, describe
from auditor.lag import FAR
from auditor.moves import Mover, Moves, Share, share_json
from auditor.policies.policy import Policy
from auditor.verdict import ScorerKey
from conf.cli import print_json

EVERY_S = 10.0  # between two lines of progress in a pipe
SHARE_COLUMNS = ("tenant", "triples", "judgment changed", "escalations gained", "lost", "mean difference", "mean size")
MOVER_COLUMNS = ("triple", "tenant", "judgment", "harm score", "difference")


def show_estimate(one: Estimate, now: datetime, *, as_json: bool) -> None:
    """What it takes: as JSON where that is what was asked for, else for people."""
    if as_json:
        print_json(one.as_json())
    else:
        print(describe(one, now), file=sys.stderr)


def may_begin(one: Estimate) -> bool:
    """Whether to begin: asked on a terminal; elsewhere there is nobody to ask, and whoever started it wants it."""
    if not one.pending or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print("begin? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


@contextmanager
def progress(total: int) -> Iterator[Callable[[Done], None]]:
    """What to call after each step: a bar on a terminal, a line now and then in a pipe."""
    if not sys.stderr.isatty():
        yield lines(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("judging", total=total)
        yield lambda done: bar.update(task, completed=done.judged, description=doing(done))


def lines(total: int) -> Callable[[Done], None]:
    """Prints how far it is, not more often than every few seconds."""
    said_at = time.monotonic()

    def say(done: Done) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= EVERY_S:
            said_at = time.monotonic()
            print(f"{doing(done)}: {done.judged} of {total}", file=sys.stderr, flush=True)

    return say


def doing(done: Done) -> str:
    """What it does right now."""
    if not done.lag:
        return "judging"
    return "waiting for live work" + (f" ({done.lag} behind)" if done.lag < FAR else "")


def show_done(done: Done, left: int, seconds: float, *, as_json: bool) -> None:
    """What was done, and how to go on where something is left."""
    if as_json:
        print_json(done.as_json(left, seconds))
    else:
        print(f"{done.judged} triples judged in {seconds:.1f} s, {done.stored} new verdicts")
        if done.unscorable:
            print(f"{done.unscorable} of them could not be judged")
        if done.images_gone:
            print(f"{done.images_gone} images are no longer where they were kept")
    if left > 0:
        print(f"{left} left; the same command goes on from here", file=sys.stderr)


def show_moves(moves: Moves, scorers: tuple[ScorerKey, ScorerKey], policy: Policy, *, as_json: bool) -> None:
    """What moved: one JSON object, or tables."""
    if as_json:
        print_json(moves_json(moves, scorers, policy))
        return
    print(f"from {name_of(scorers[0])}\nto   {name_of(scorers[1])}, at policy {policy.version}")
    print(f"judged by the first only: {moves.only_first}, by the second only: {moves.only_second}\n")
    shares = {"all": moves.all, **moves.by_tenant}
    print_rows(SHARE_COLUMNS, [share_cells(name, share) for name, share in shares.items()])
    print("\njudgment before, and after")
    print_rows(("", *moves.judgments), [[name, *map(str, row.values())] for name, row in moves.judgments.items()])
    print("\ndifference of harm scores, by quantile")
    quantiles = moves.all.shift.quantiles
    print_rows(tuple(quantiles), [[figure_cell(value) for value in quantiles.values()]])
    print("\nbiggest movers")
    print_rows(MOVER_COLUMNS, [mover_cells(one) for one in moves.movers])


def share_cells(name: str, share: Share) -> list[str]:
    """One line of what moved."""
    counts = (share.triples, share.changed, share.gained, share.lost)
    return [name, *map(str, counts), figure_cell(share.shift.mean), figure_cell(share.shift.mean_abs)]


def mover_cells(one: Mover) -> list[str]:
    """One triple that moved."""
    return [
        one.triple_id,
        one.tenant,
        " → ".join(one.judgments),
        " → ".join(map(figure_cell, one.harm_scores)),
        figure_cell(one.difference),
    ]


def moves_json(moves: Moves, scorers: tuple[ScorerKey, ScorerKey], policy: Policy) -> Mapping[str, Any]:
    """The line of `traceaudit backfill --diff --json`."""
    return {
        "from": scorer_json(scorers[0]),
        "to": scorer_json(scorers[1]),
        "policy": policy.version,
        "only_from": moves.only_first,
        "only_to": moves.only_second,
        **share_json(moves.all),
        "judgments": {name: dict(row) for name, row in moves.judgments.items()},
        "by_tenant": {name: share_json(share) for name, share in moves.by_tenant.items()},
        "movers": [
            {
                "id": one.triple_id,
                "tenant": one.tenant,
                "judgments": list(one.judgments),
                "harm_scores": list(one.harm_scores),
                "difference": one.difference,
            }
            for one in moves.movers
        ],
    }


def scorer_json(scorer: ScorerKey) -> Mapping[str, str]:
    """A scorer, whole."""
    return {
        "model": scorer.model_id,
        "model_revision": scorer.model_revision,
        "prompt_hash": scorer.prompt_hash,
        "decoding": scorer.decoding,
    }
