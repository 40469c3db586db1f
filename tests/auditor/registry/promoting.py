"""Promotes and rolls back without end, in processes that are forked to be killed: each with all that it needs loaded.

A line on standard input forks one; its id is said on standard output once it works on the database, each promotion when
it is done, and its end once it is gone.
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from auditor.models import DEMO_FOLDER
from auditor.policies.store import Act
from auditor.registry.folder import Registry
from auditor.registry.manifest import Manifest
from auditor.registry.places import open_registry
from auditor.registry.promotions import decide, propose, roll_back, served
from auditor.registry.promotions import history as promotions
from auditor.registry.results import Check, GateResult, Ruling
from auditor.store import Store
from conf.schema import load

KEPT, OTHERS = 3, 8  # versions made by a process, and how many have others: each is hashed after each kill


def made(folder: Path, number: int) -> Path:
    """A whole checkpoint of a revision of its own."""
    found = Path(shutil.copytree(DEMO_FOLDER, folder / str(number)))
    told = json.loads((found / "config.json").read_text())
    (found / "config.json").write_text(json.dumps(told | {"number": f"{os.getpid() % OTHERS}-{number}"}))
    return found


def work(db: Path) -> None:
    """Add, try, propose, promote and roll back, until killed."""
    registry = open_registry(load(overrides={"store.path": str(db)}), write=True)
    with Store.open(str(db)) as store, tempfile.TemporaryDirectory() as folder:
        print(os.getpid(), flush=True)
        for number in count():
            if number < KEPT:
                now = datetime.now(UTC)
                manifest = Manifest(now, "builtin:demo", "0" * 64, "d" * 64, {"n": number}, "0")
                registry.add(made(Path(folder), number), manifest)
            step(store, registry, number)
            print("promoted", flush=True)


def step(store: Store, registry: Registry, number: int) -> None:
    """One promotion, and now and then the way back."""
    now, champion = datetime.now(UTC), registry.champion()
    version = next(one for one in registry.versions() if one.revision != champion)
    check = Check("gold", Ruling.PASSED, "as good", "F1")
    gate = GateResult(f"g{number}", now, version.revision, champion, (check,))
    registry.attach_gate(version.revision, replace(gate))
    for one in (one for one in promotions(store.connection) if one.is_open):
        decide(store, registry, one.number, Act("ana", now), approve=False)  # of who was killed in between
    one = propose(store, registry, version.revision, Act("ana", now))
    decide(store, registry, one.number, Act("ben", now), approve=True)
    if number % 3 == 2 and served(promotions(store.connection)):
        roll_back(store, registry, Act("cleo", now))


def main() -> None:
    """See above."""
    for _ in sys.stdin:
        if (child := os.fork()) == 0:
            work(Path(sys.argv[1]))
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
