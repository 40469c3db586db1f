"""Makes the demo auditor: labelled rows in, checkpoint folder with model card out.

Run: make demo-auditor ROWS=DIR, where DIR holds train.jsonl and dev.jsonl (dev.jsonl is only measured on). What is
made on the way lies in --work; a run that was stopped goes on from there, and other seeds or stages are added to it.
"""

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from training.demo.card import Made, ship
from training.demo.making import SEED, make_base
from training.demo.seeds import STAGES, read_material, run_seed


def main() -> None:
    """The base, the stages of each seed, the card."""
    args = parse()
    began = time.monotonic()
    args.work.mkdir(parents=True, exist_ok=True)
    make_base(args.rows, args.work, args.processes)
    read_material(args.rows, args.work)  # the judges' votes, once for all seeds
    stages = STAGES[: STAGES.index(args.until) + 1]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.processes, mp_context=context) as pool:
        for done in [pool.submit(run_seed, seed, args.rows, args.work, stages) for seed in args.seeds]:
            done.result()
    out = args.out or args.work / "made"
    ship(Made(args.work, args.rows, args.seeds, stages), out)
    print(f"{out}: made in {(time.monotonic() - began) / 60:.0f} minutes")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.demo", description="Make the demo auditor.")
    parser.add_argument("--rows", type=Path, required=True, help="folder with train.jsonl and dev.jsonl")
    parser.add_argument("--out", type=Path, help="checkpoint folder to write, auditor/demo for what ships (WORK/made)")
    parser.add_argument("--work", type=Path, default=Path("demo-work"), help="folder of what is made on the way")
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED, SEED + 1, SEED + 2], help="the first one ships")
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="the last stage; its checkpoint ships")
    parser.add_argument("--processes", type=int, default=2, help="at a time, of one thread each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
