"""Run disturbances with a seed and print what was found: python -m tests.chaos embedded --kills 100 --seed 1."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from conf.schema import load
from tests.broker import Broker
from tests.chaos import broker_restarts, embedded, fleet, storm
from tests.chaos.load import fill
from tests.chaos.proof import Proof, Scene
from tests.e2e.audits import run

Found = tuple[str, list[Proof]]
"""What was done, in words, and what it came to."""


def main() -> int:
    """Run the disturbances that were asked for; 1 where something was lost or is there twice."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("what", nargs="*", default=list(KINDS), help=f"of {', '.join(KINDS)}; default all")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kills", type=int, default=100, help="deaths of processes, embedded and fleet each")
    options.add_argument("--restarts", type=int, default=10, help="deaths of the broker")
    options.add_argument("--moves", type=int, default=50, help="joins, leaves and suspensions of workers")
    options.add_argument("--records", type=int, default=1500)
    args = options.parse_args()
    os.environ.pop(load().ingest.user_key_env, None)  # the key is in a file beside each database
    with tempfile.TemporaryDirectory() as scratch:
        broker = Broker(Path(scratch) / "kafka")
        broker.start()
        try:
            return max(disturb(kind, broker, Path(scratch) / kind, args) for kind in args.what)
        finally:
            broker.kill()


def disturb(kind: str, broker: Broker, folder: Path, args: argparse.Namespace) -> int:
    """One kind of disturbance against an audit of the same records that nothing disturbed."""
    began = time.monotonic()
    folder.mkdir()
    source, n_records = fill(broker, args.seed, args.records)
    wanted = folder / "undisturbed.duckdb"
    run(source, wanted, *embedded.OPTIONS)
    told, proofs = KINDS[kind](Scene(broker, source, wanted, folder, args.seed), args)
    for proof in proofs:
        print(f"  {proof}")
    holds = bool(proofs) and all(proof.holds for proof in proofs)
    seconds = time.monotonic() - began
    print(f"{kind}, seed {args.seed}, {n_records} records: {told}, {seconds:.0f} s: {'holds' if holds else 'BROKEN'}")
    return 0 if holds else 1


def kill_runs(scene: Scene, args: argparse.Namespace) -> Found:
    """See embedded.py."""
    deaths, proofs = embedded.kill_runs(scene, args.kills)
    return f"{deaths.total} kills, {deaths.at_points} of them at fail-points", proofs


def kill_fleet(scene: Scene, args: argparse.Namespace) -> Found:
    """See fleet.py."""
    deaths, proofs = fleet.kill_fleet(scene, args.kills)
    return f"{deaths.total} kills, {deaths.at_points} of them at fail-points", proofs


def kill_broker(scene: Scene, args: argparse.Namespace) -> Found:
    """See broker_restarts.py."""
    slowest_s, proofs = broker_restarts.kill_broker(scene, args.restarts)
    return f"{args.restarts} broker deaths, slowest recovery {slowest_s:.1f} s", proofs


def shake(scene: Scene, args: argparse.Namespace) -> Found:
    """See storm.py."""
    moves, proofs = storm.shake(scene, args.moves)
    return ", ".join(f"{n} {name}" for name, n in moves.items()), proofs


KINDS: dict[str, Callable[[Scene, argparse.Namespace], Found]] = {
    "embedded": kill_runs,
    "fleet": kill_fleet,
    "broker": kill_broker,
    "storm": shake,
}

if __name__ == "__main__":
    sys.exit(main())
