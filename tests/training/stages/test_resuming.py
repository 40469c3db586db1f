"""A stage that is killed goes on where it was, to the very weights of one that was not; a full disk leaves nothing."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.models import DEMO_FOLDER
from tests.training.stages.made import files_of, make_item, quick
from training.stages import running
from training.stages.running import FINGERPRINT, last_whole
from training.stages.sft import train_sft
from training.stages.trainers import WHOLE

ROOT = Path(__file__).parents[3]
STEPS = 5


def train_one(out: Path, die_at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.training.stages.train_one", str(out), str(STEPS), str(die_at)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_killed_at_an_update_it_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train_one(tmp_path / "whole", 0)
    assert whole.stdout.split()[-1] == str(STEPS), whole.stderr[-2000:]
    assert train_one(tmp_path / "cut", 3).returncode == -signal.SIGKILL
    assert files_of(tmp_path) == {"whole", "cut.work"}
    assert (last_whole(tmp_path / "cut.work") or "").endswith("checkpoint-3")
    again = train_one(tmp_path / "cut", 0)
    assert again.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert files_of(tmp_path) == {"whole", "cut"}


def test_a_checkpoint_that_is_not_whole_is_not_gone_on_from(tmp_path: Path) -> None:
    for number, whole in ((1, True), (2, False)):
        (tmp_path / f"checkpoint-{number}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{number}" / WHOLE).touch()
    assert last_whole(tmp_path) == str(tmp_path / "checkpoint-1")
    assert last_whole(tmp_path / "none") is None


def test_a_full_disk_leaves_no_checkpoint_in_its_place_and_the_next_try_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    items, recipe, out = [make_item(n) for n in range(2)], quick(1), tmp_path / "sft"
    (tmp_path / "sft.work").mkdir()
    (tmp_path / "sft.work" / FINGERPRINT).write_text("of another run", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(running, "sync_files", full)
        with pytest.raises(OSError, match="No space"):
            train_sft(DEMO_FOLDER, items, recipe, out)
    assert files_of(tmp_path) == {"sft.work"}
    assert train_sft(DEMO_FOLDER, items, recipe, out).steps == 1
    assert files_of(tmp_path) == {"sft"}
