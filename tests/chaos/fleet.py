"""Workers and a service, killed again and again; each time another process takes the place of the one that died."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.chaos.embedded import Deaths
from tests.chaos.proof import Proof, Scene, prove, rounds
from tests.e2e.audits import OUTCOMES, rows
from tests.e2e.die_at import FLEET_POINTS
from tests.e2e.fleet import Fleet

if TYPE_CHECKING:
    import random
    import subprocess

NAMES = ("worker", "worker", "serve")
KILLED = -9
TOO_EARLY = -15  # asked to stop before it could listen
LATEST_POINT = 3
LONGEST_S = 180.0  # from the last kill to the end
MOMENTS_S = (1.0, 3.0)  # a process needs about a second to begin
SETTINGS = ("--set", "assembly.idle_s=3")  # a trace must not be given up while its partition moves
POINTS = {
    "serve": ("message_read", "ranges_in_the_transaction", "position_in_the_transaction", "transaction_committed"),
    "worker": ("nothing_is_sent", "sent_and_not_told_to_the_group", "told_to_the_group"),
}


def kill_fleet(scene: Scene, kills: int) -> tuple[Deaths, list[Proof]]:
    """Kill processes of fleets until `kills` of them died; a proof for each fleet that came to the end."""
    luck, deaths, proofs = scene.luck, Deaths(), []
    assert {point for points in POINTS.values() for point in points} <= FLEET_POINTS.keys()
    for db in rounds(scene.folder):
        fleet = new_fleet(scene, db)
        with running(fleet, NAMES) as processes:
            while deaths.total < kills and not is_done(fleet, scene.wanted):
                kill_one(fleet, processes, luck, deaths)
            ended = time.monotonic() + LONGEST_S
            while not is_done(fleet, scene.wanted):
                assert time.monotonic() < ended, "the fleet did not come to the end"
                replace(fleet, processes, deaths)
                time.sleep(0.2)
        proofs.append(prove(db, scene.wanted))
        if deaths.total >= kills:
            break
    return deaths, proofs


def new_fleet(scene: Scene, db: Path) -> Fleet:
    """A fleet over the scene's topic, with a group, a topic of outcomes and a database of its own."""
    outcomes = scene.broker.create_topic(f"outcomes-{uuid4().hex[:8]}", 3)
    return Fleet(scene.source, f"kafka://{scene.broker.bootstrap}/{outcomes}", db, Path(f"{scene.wanted}.key"))


@contextmanager
def running(fleet: Fleet, names: tuple[str, ...]) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes of a fleet, which are stopped politely in the end."""
    processes = [start(fleet, name) for name in names]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(90) for process in processes]
    assert set(codes) <= {0, KILLED, TOO_EARLY}, f"ended with {codes}"


def start(fleet: Fleet, name: str, die_at: tuple[str, int] | None = None) -> "subprocess.Popen[bytes]":
    """One process, which goes on until it is stopped or dies."""
    return fleet.start(name, *SETTINGS, *(["--follow"] if name == "worker" else []), die_at=die_at)


def is_done(fleet: Fleet, wanted: Path) -> bool:
    """Whether all that the undisturbed audit stored is stored."""
    return fleet.stored() == len(rows(wanted, OUTCOMES))


def kill_one(fleet: Fleet, processes: list["subprocess.Popen[bytes]"], luck: "random.Random", deaths: Deaths) -> None:
    """Kill one process at a moment, and start another in its place, which may die by itself at a point."""
    replace(fleet, processes, deaths)
    time.sleep(luck.uniform(*MOMENTS_S))
    place = luck.randrange(len(NAMES))
    if processes[place].poll() is None:
        processes[place].kill()
        processes[place].wait()
        deaths.at_moments += 1
    name = NAMES[place]
    dies = luck.random() < 0.8
    point = (luck.choice(POINTS[name]), luck.randint(1, LATEST_POINT)) if dies else None
    processes[place] = start(fleet, name, point)


def replace(fleet: Fleet, processes: list["subprocess.Popen[bytes]"], deaths: Deaths) -> None:
    """Start others in the place of those that died at a point."""
    died = [place for place, process in enumerate(processes) if process.poll() == KILLED]
    for place in died:
        deaths.at_points += 1
        processes[place] = start(fleet, NAMES[place])
