"""Workers that join, leave, die and are suspended for longer than their group waits: zombies come back and write."""

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.chaos.fleet import is_done, new_fleet, running, start
from tests.chaos.proof import Proof, Scene, prove
from tests.e2e.fleet import Fleet, wait_until

if TYPE_CHECKING:
    import random
    import subprocess

MOST = 4  # workers at a time
MOVES = ("join", "leave", "suspend", "resume")
PAUSE_S = (0.3, 2.0)


def shake(scene: Scene, moves: int) -> tuple[Counter[str], list[Proof]]:
    """Let workers come, go, stop and wake, `moves` times; how often each, and the proof."""
    luck, done = scene.luck, Counter[str]()
    fleet = new_fleet(scene, scene.folder / "a.duckdb")
    crowd = Crowd(fleet, luck)
    with running(fleet, ("serve",)):
        try:
            while done.total() < moves:
                done[crowd.move()] += 1
                time.sleep(luck.uniform(*PAUSE_S))
        finally:
            crowd.wake_all()
        with running(fleet, ("worker",)):
            crowd.leave_all()
            wait_until(lambda: is_done(fleet, scene.wanted), 240.0)
    return done, [prove(fleet.db, scene.wanted)]


class Crowd:
    """The workers of a fleet.

    Attributes:
        awake, asleep: those that run, and those that are suspended.
    """

    def __init__(self, fleet: Fleet, luck: "random.Random") -> None:
        self.fleet = fleet
        self.luck = luck
        self.awake: list[subprocess.Popen[bytes]] = []
        self.asleep: list[subprocess.Popen[bytes]] = []

    def move(self) -> str:
        """One thing that can happen now; its name."""
        can = {
            "join": len(self.awake) + len(self.asleep) < MOST,
            "leave": bool(self.awake),
            "suspend": bool(self.awake),
            "resume": bool(self.asleep),
        }
        name = self.luck.choice([name for name in MOVES if can[name]])
        getattr(self, name)()
        return name

    def join(self) -> None:
        """Another worker."""
        self.awake.append(start(self.fleet, "worker"))

    def leave(self) -> None:
        """One goes, in order or not."""
        process = self.pick(self.awake)
        process.send_signal(self.luck.choice([signal.SIGTERM, signal.SIGKILL]))
        process.wait(60)

    def suspend(self) -> None:
        """One stops where it is; its group gives it up after a while."""
        process = self.pick(self.awake)
        process.send_signal(signal.SIGSTOP)
        self.asleep.append(process)

    def resume(self) -> None:
        """One goes on, and does not know yet what became of its partitions."""
        process = self.pick(self.asleep)
        process.send_signal(signal.SIGCONT)
        self.awake.append(process)

    def pick(self, crowd: list["subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
        """Take one out."""
        return crowd.pop(self.luck.randrange(len(crowd)))

    def wake_all(self) -> None:
        """Nobody may stay suspended, whatever happened."""
        while self.asleep:
            self.resume()

    def leave_all(self) -> None:
        """All go in order."""
        for process in self.awake:
            process.terminate()
        for process in self.awake:
            process.wait(90)
