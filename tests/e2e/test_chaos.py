"""A short set of what `make chaos` does for as long as asked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_killed_bounced_and_shaken_nothing_is_lost_and_nothing_is_there_twice(broker: object) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--seed", "5", "--kills", "6", "--restarts", "2", "--moves", "8"]
    done = subprocess.run(
        [*command, "--records", "300"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count(": holds") == 4, done.stdout[-3000:]
