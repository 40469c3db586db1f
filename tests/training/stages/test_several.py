"""Two processes train one stage: one whole checkpoint comes of it, and both are told the same result."""

import os
import subprocess
import sys
from pathlib import Path

from auditor.models import find_checkpoint

ROOT = Path(__file__).parents[3]


def test_two_processes_make_one_whole_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "dpo"
    launch = (
        "accelerate.commands.launch --cpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    )
    command = [sys.executable, "-m", *launch.split(), "--num_cpu_threads_per_process", "1"]
    command += ["-m", "tests.training.stages.train_one", str(out), "2", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line.endswith(" 2")]
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(told) == 2
    assert set(told) == {f"{find_checkpoint(str(out), '').revision} 2"}
    assert [path.name for path in tmp_path.iterdir()] == ["dpo"]
