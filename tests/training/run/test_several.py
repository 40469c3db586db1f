"""A training whose stages are made by two processes together."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.run import made
from tests.training.run.made import configured, left, ordered, registry_of, reviewed
from training.run.several import n_processes
from training.run.train import train

STARTED = """
import subprocess, sys
from collections.abc import Callable
from pathlib import Path
from conf.schema import Config
from training.run.several import TOLD, train_together
home = Path(sys.argv[1])
train_together(Config.model_validate_json((home / TOLD).read_bytes()), "sft", Path(sys.argv[2]), home)
"""


def test_two_processes_make_the_stages_of_a_training(tmp_path: Path) -> None:
    reviewed(tmp_path)
    config = configured(tmp_path, training__processes="2", training__stages='["sft"]')
    said: list[str] = []
    with made.quick_gate():
        outcome = train(ordered(tmp_path, config, said.append))
    assert n_processes(config) == 2
    version = registry_of(tmp_path).version(outcome.candidate)
    assert [one.name for one in version.manifest.stages] == ["sft"]
    assert left(tmp_path) == []


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes as Linux tells of them")
def test_they_end_with_who_started_them(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(configured(tmp_path, training__processes="2").model_dump_json())
    (tmp_path / "items").mkdir()
    os.mkfifo(tmp_path / "items" / "items.jsonl")  # they wait for what they learn from
    parent = subprocess.Popen([sys.executable, "-c", STARTED, str(tmp_path), str(tmp_path)])
    wait_for(lambda: len(members(tmp_path)) == 2)
    parent.kill()
    parent.wait()
    wait_for(lambda: not members(tmp_path))


def members(home: Path) -> list[int]:
    """The processes that train there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(home).encode() in words and b"training.run.member" in words and b"--standalone" not in words:
            found.append(int(folder.name))
    return found


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, "waited for two minutes"
        time.sleep(0.2)
