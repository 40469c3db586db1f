"""The golden set on a schedule: in a process of its own beside a sink, which must not be held up; else in this one."""

import json
import subprocess
import sys
from datetime import datetime
from functools import partial

from auditor import golden_cli
from auditor.questions import answer_here
from auditor.store import Store
from conf.errors import TraceauditError
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period
from reports.schedule.runner import Result

PATIENCE_S = 6 * 3600.0


def golden(around: Surroundings, store: Store, _: Period, __: datetime) -> Result:
    """Try the guard on the golden set; alarms are in the database, and in the next report."""
    if around.beside:
        return Result(told(json.loads(in_child([*around.words, "--db", around.config.store.path]))))
    tried = golden_cli.drill(around.config)
    run = golden_cli.keep(tried, around.config, partial(answer_here, store, around.config))
    return Result(told({"alarms": run.alarms, "figures": {"n": run.figures.n}}))


def in_child(words: list[str]) -> str:
    """What `traceaudit golden --json` says, in a process that asks this one to keep what came of it.

    Raises:
        TraceauditError: it failed; its words are its own log's.
    """
    command = [sys.executable, "-m", "auditor", "golden", "--json", *words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE_S, check=True)  # noqa: S603 - our own command
    except subprocess.CalledProcessError as error:
        raise TraceauditError(f"traceaudit golden ended with code {error.returncode}; see the log") from None
    except subprocess.TimeoutExpired:
        raise TraceauditError(f"traceaudit golden did not end within {PATIENCE_S / 3600:g} hours") from None
    return done.stdout.decode().splitlines()[-1]


def told(run: dict[str, object]) -> str:
    """A run in a few words."""
    alarms, figures = run["alarms"], run["figures"]
    n_alarms = len(alarms) if isinstance(alarms, (list, tuple)) else 0
    n_cases = figures["n"] if isinstance(figures, dict) else "?"
    return f"{n_cases} cases, {n_alarms} alarms"
