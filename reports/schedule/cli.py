"""The command schedule: parse, load, build, call, print."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conf.cli import FINDINGS, config_of, parser, print_json

if TYPE_CHECKING:
    from conf.schema import Config
    from reports.answers import Round

LONGEST_S = 8 * 3600.0  # the golden set on a busy machine


def schedule(argv: Sequence[str]) -> int:
    """`traceaudit schedule`: run what is due now, or show what ran."""
    options = parser("schedule", "Run what is due now, and send it; or show what ran and when all is due.", store=True)
    options.add_argument("action", choices=["run-due", "list"], help="run-due: run, send, end; list: show")
    args = options.parse_args(argv)
    config = config_of(args)
    words = [word for name in args.config for word in ("--config", str(Path(name).absolute()))]
    words += [word for value in args.set for word in ("--set", value)]
    return run_due(config, words, as_json=args.json) if args.action == "run-due" else show(config, as_json=args.json)


def run_due(config: "Config", words: Sequence[str], *, as_json: bool) -> int:
    """Run what is due, tell what is urgent, send what is to be sent; findings where something failed."""
    from auditor.owner import Asker
    from auditor.service import SERVE, find_service

    if (service := find_service(config.store.path)) and service.kind == SERVE:
        print(f"{service} has the database, and runs what is due itself", file=sys.stderr)
        return 0
    came: Round = Asker(config, answer_s=LONGEST_S).ask("schedule.run_due", tuple(words), service is not None)
    ran, sent = came.ran, came.sent
    lines = [
        {"job": one.period.job, "period": one.period.name, "state": one.state, "detail": one.detail} for one in ran
    ]
    lines += [
        {"delivery": one.delivery, "subject": one.subject, "state": one.state, "detail": one.detail} for one in sent
    ]
    for line in lines:
        print_json(line) if as_json else print("  ".join(line.values()))
    if not lines and not as_json:
        print("nothing is due")
    return 0 if all(line["state"] in {"done", "sent"} for line in lines) else FINDINGS


def show(config: "Config", *, as_json: bool) -> int:
    """When jobs are due next, and the latest runs."""
    from auditor.cli import utc_now
    from auditor.owner import ask
    from reports.schedule.cron import instants
    from reports.schedule.plan import jobs_of

    now, latest = utc_now(), ask(config, "schedule.list")
    for job in jobs_of(config.schedule):
        due = next(instants(job.cron, now)).isoformat(timespec="minutes")
        print_json({"job": job.name, "next": due}) if as_json else print(f"{job.name}  next {due}")
    names = ("job", "period", "state", "attempts", "began", "at", "detail")
    for row in latest:
        line = {
            name: value if isinstance(value, int) else str(value or "") for name, value in zip(names, row, strict=True)
        }
        print_json(line) if as_json else print("  ".join(str(value) for value in line.values()))
    return 0
