"""`python -m reports.demo_store`: make the store, and say how to look at it."""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from reports.demo_store.build import CONFIG, LAST_DAY, Plan, build_store


def main() -> int:
    """Make the store that the options ask for."""
    options = argparse.ArgumentParser("python -m reports.demo_store", description="Make a store of four weeks.")
    options.add_argument("--dir", default="build/demo-store", metavar="DIR", help="where; what is there is replaced")
    options.add_argument("--rows", default="../shared/data/qta", metavar="DIR", help="labelled rows, if there are any")
    options.add_argument("--days", type=int, default=28, metavar="N", help="how many")
    options.add_argument("--a-day", type=int, default=520, metavar="N", help="exchanges on a working day, about")
    options.add_argument("--last", type=date.fromisoformat, default=LAST_DAY, metavar="D", help="the last day, UTC")
    options.add_argument("--seed", default="traceaudit", help="another one gives other weeks")
    args = options.parse_args()
    began = time.monotonic()
    plan = Plan(Path(args.dir), Path(args.rows), days=args.days, last=args.last, a_day=args.a_day, seed=args.seed)
    build_store(plan, lambda line: print(line, file=sys.stderr, flush=True))
    print(f"{plan.database}: {plan.days} days up to {plan.last}, made in {time.monotonic() - began:.0f} s")
    print("The timing of what is in it is made up. To look at it:")
    config = f"--config {plan.folder / CONFIG}"
    print(f"  traceaudit report {config}")
    print(f"  traceaudit policy what-if {config} --escalate 0.15 --html what-if.html")
    print(f"  traceaudit policy history {config}")
    print(f"  traceaudit review status {config}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
