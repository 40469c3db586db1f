"""The command models shadow: a candidate judges stored triples beside the guard that serves, and decides nothing."""

import argparse
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from auditor.cli import utc_now
from conf.cli import config_of, parser, print_json
from conf.errors import ConfigError
from conf.schema import Config

if TYPE_CHECKING:
    from auditor.asked_desk import AskedDesk
    from auditor.backfill import Job
    from auditor.desk import Selection
    from auditor.registry.shadow import Shadow
    from auditor.scorer import Scorer
    from auditor.store_rows import Run
    from auditor.verdict import ScorerKey

DAYS = 7  # back from now, unless --since says otherwise


def shadow(argv: Sequence[str]) -> int:
    """`traceaudit models shadow REVISION`."""
    args = options().parse_args(argv)
    if args.limit is not None and (args.limit < 1 or args.follow):
        raise ConfigError("--limit takes 1 or more, and does not go with --follow, which goes on until it is stopped")
    config = config_of(args)
    found = shadowed(args, config)
    if args.json:
        print_json(as_json(found))
    else:
        show(found)
    return 0


def options() -> argparse.ArgumentParser:
    """What the command takes."""
    result = parser(
        "models shadow",
        "Let a version judge stored triples beside the guard that serves; it decides nothing.",
        store=True,
    )
    result.add_argument("revision", metavar="REVISION", help="of the registry, or what it begins with")
    result.add_argument(
        "--since",
        type=date.fromisoformat,
        metavar="DATE",
        help=f"triples stored from this UTC day on ({DAYS} days back)",
    )
    result.add_argument("--tenant", metavar="T", help="those of this tenant only")
    result.add_argument("--limit", type=int, metavar="N", help="judge so many at most")
    result.add_argument("--follow", action="store_true", help="go on with what is stored next, until it is stopped")
    return result


def shadowed(args: argparse.Namespace, config: Config) -> "Shadow":
    """Judge, keep, and tell who moves."""
    from auditor.asked_desk import AskedDesk
    from auditor.owner import Asker
    from auditor.registry.places import AT, open_registry, placed
    from auditor.registry.shadow import Shadowing
    from auditor.scorer import build
    from auditor.store_rows import Run

    found = open_registry(config).version(args.revision)
    os.nice(config.backfill.nice)
    asker = Asker(config)
    asker.ask("nothing")
    section = placed(config)
    champion = key_configured(config.model_copy(update={"auditor": section}))
    changes = {"model": f"{AT}{found.revision}", "diagnose": False}
    candidate = build(config.model_copy(update={"auditor": section.model_copy(update=changes)}), utc_now)
    if candidate.key == champion:
        raise ConfigError(f"{found.revision[:12]} is what serves: it has no shadow to stand in")
    desk = AskedDesk(asker, config.backfill.wait_s)
    run = Run(
        uuid.uuid4().hex,
        utc_now(),
        version("traceaudit"),
        candidate.key,
        candidate.backend_name,
        asker.ask("policy.in_force", utc_now().date()).policy.version,
        "shadow",
    )
    asker.ask("shadow.begin", Shadowing(run, champion))
    judge(args, config, desk, candidate, run)
    told: Shadow = asker.ask("shadow.of", candidate.key.model_revision, utc_now())
    return told


def key_configured(config: Config) -> "ScorerKey":
    """What the verdicts of the configured guard are filed under; it is not loaded."""
    from auditor.backends import find_model
    from auditor.key import key_of, read_prompts
    from auditor.local_policy import LocalPolicies

    section = config.auditor
    checkpoint = find_model(section)
    if checkpoint and checkpoint.max_new_tokens:
        limit = min(section.max_new_tokens, checkpoint.max_new_tokens)
        section = section.model_copy(update={"max_new_tokens": limit})
    return key_of(section, checkpoint, read_prompts(section, checkpoint), LocalPolicies(config.local_policy))


def judge(args: argparse.Namespace, config: Config, desk: "AskedDesk", candidate: "Scorer", run: "Run") -> None:
    """Judge what is chosen, and with --follow what comes next."""
    from auditor.backfill import Backfill, Job
    from auditor.backfill_cli import look, start_of
    from auditor.backfill_console import progress, show_done
    from auditor.console import stop_signals
    from auditor.desk import Selection
    from auditor.registry.shadow import Follower

    first = args.since or (utc_now() - timedelta(days=DAYS)).date()
    chosen = Selection(start_of(first), utc_now(), args.tenant)
    scorer = candidate.recalling(desk.recall)
    found, bring = look(desk, chosen, scorer, config)
    steps = config.backfill

    def job(chosen: "Selection") -> "Job":
        bytes_, wait = config.batching.max_bytes, steps.wait_s
        return Job(chosen, run, steps.batch_triples, steps.batch_s, bytes_, wait, args.limit)

    began = time.monotonic()
    with stop_signals() as stop, progress(min(found.pending, args.limit or found.pending)) as tell:
        if args.follow:
            done = Follower(lambda one: Backfill(desk, scorer, bring, job(one), tell), utc_now, steps.wait_s).run(
                chosen, stop
            )
        else:
            done = Backfill(desk, scorer, bring, job(chosen), tell).run(stop)
    if not args.json:
        left = 0 if args.follow else found.pending - done.judged
        show_done(done, left, time.monotonic() - began, as_json=False)


def show(found: "Shadow") -> None:
    """Who moves, as tables."""
    from auditor.backfill_console import MOVER_COLUMNS, SHARE_COLUMNS, mover_cells, share_cells
    from auditor.console import print_rows

    moves = found.moves
    print(f"from {found.champion[:12]}, which serves, to {found.candidate[:12]}, at policy {found.policy}")
    print(f"{found.triples} triples judged in the shadow, {moves.only_second} of them by nobody else\n")
    print_rows(SHARE_COLUMNS, [share_cells(name, one) for name, one in {"all": moves.all, **moves.by_tenant}.items()])
    print("\njudgment before, and after")
    print_rows(("", *moves.judgments), [[name, *map(str, row.values())] for name, row in moves.judgments.items()])
    print("\nbiggest movers")
    print_rows(MOVER_COLUMNS, [mover_cells(one) for one in moves.movers])


def as_json(found: "Shadow") -> dict[str, Any]:
    """The line of --json."""
    from auditor.moves import share_json

    moves = found.moves
    return {
        "candidate": found.candidate,
        "champion": found.champion,
        "at": found.at.isoformat(),
        "policy": found.policy,
        "triples": found.triples,
        "only_candidate": moves.only_second,
        **share_json(moves.all),
        "judgments": {name: dict(row) for name, row in moves.judgments.items()},
        "by_tenant": {name: share_json(one) for name, one in moves.by_tenant.items()},
        "movers": [asdict(one) for one in moves.movers],
    }
