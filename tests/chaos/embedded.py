"""`traceaudit run`, killed again and again; each time another one goes on, until the end of the topic is reached."""

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.proof import Proof, Scene, prove, rounds
from tests.e2e.audits import SMALL_BATCHES, arguments, run, wait_for_rows
from tests.e2e.die_at import POINTS

KILLED = -9
OPTIONS = (*SMALL_BATCHES, "--set", "assembly.idle_s=0.2")
LATEST_POINT = 12  # the call at which a fail-point kills: about as many batches as fit between two deaths
LATEST_MOMENT_S = 0.6


@dataclass(slots=True)
class Deaths:
    """How often, and where."""

    at_points: int = 0
    at_moments: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.at_points + self.at_moments


def kill_runs(scene: Scene, kills: int) -> tuple[Deaths, list[Proof]]:
    """Kill audits until `kills` of them died; a proof for each time that one reached the end."""
    luck, deaths, proofs = scene.luck, Deaths(), []
    for db in rounds(scene.folder):
        Path(f"{db}.key").write_bytes(Path(f"{scene.wanted}.key").read_bytes())
        while deaths.total < kills and died(scene.source, db, luck, deaths):
            pass
        run(scene.source, db, *OPTIONS)
        proofs.append(prove(db, scene.wanted))
        if deaths.total >= kills:
            break
    return deaths, proofs


def died(source: str, db: Path, luck: random.Random, deaths: Deaths) -> bool:
    """Start an audit and kill it, at a point of its write path or at a moment; False where it came to its end first."""
    words = arguments("run", source, db, *OPTIONS)
    if luck.random() < 0.5:
        point, count = luck.choice(list(POINTS)), luck.randint(1, LATEST_POINT)
        command = [sys.executable, "-m", "tests.e2e.die_at", point, str(count), *words]
        code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        deaths.at_points += code == KILLED
    else:
        command = [sys.executable, "-m", "auditor", *words]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_rows(db, process, luck.uniform(0.0, LATEST_MOMENT_S))
        process.kill()
        code = process.wait()
        deaths.at_moments += code == KILLED
    assert code in {KILLED, 0}, f"an audit ended with {code}"
    return code == KILLED
