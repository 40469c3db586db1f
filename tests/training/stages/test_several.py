"""Two processes train one stage: one whole checkpoint comes of it, and both are told the same result."""

import os
import subprocess
import sys
from pathlib import Path

from auditor.models import find_checkpoint

ROOT = Path(__file__).parents[3]


def test_two_processes_make_one_whole_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "dpo"
    launch = "torch.distributed.run --standalone --nproc_per_node 2 -m tests.training.stages.train_one"
    command = [sys.executable, "-m", *launch.split(), str(out), "2", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    # Two planned batches, one for each of them: one update.
    assert done.stdout.count(f"{find_checkpoint(str(out), '').revision} 1") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["dpo"]
