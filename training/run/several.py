"""A stage on several processes of this machine, one for each GPU: torch's launcher starts them on what is on disk.

Each of them is `training.run.member`. They train as one (see `training/stages/running.py`), and end with this process.
"""

import os
import subprocess
import sys
from pathlib import Path

from auditor.files import write_whole
from conf.schema import Config
from training.errors import TrainingFailed

TOLD = "config.json"
LAUNCH = ("torch.distributed.run", "--standalone", "--nproc_per_node")


def n_processes(config: Config) -> int:
    """How many train together: as configured, else one for each GPU, and one where there is none."""
    import torch

    return config.training.processes or max(1, torch.cuda.device_count())


def train_together(config: Config, stage: str, model: Path, home: Path) -> None:
    """Make the stage's checkpoint in the run's folder, unless it is there, or there is nothing to learn from.

    Raises:
        TrainingFailed: a process failed; started again, the run goes on from the last checkpoint.
    """
    import torch

    write_whole(home / TOLD, config.model_dump_json().encode())
    n = n_processes(config)
    command = [sys.executable, "-m", *LAUNCH, str(n), "-m", "training.run.member", stage, str(model), str(home)]
    # Without a GPU accelerate has to be told, or each of them takes itself for the only one.
    told = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // n)))}
    told |= {} if torch.cuda.is_available() else {"ACCELERATE_USE_CPU": "true"}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, **told}
    ) as process:
        code = process.wait()
    if code:
        raise TrainingFailed(
            f"{stage}: one of {n} processes failed; the log above says why. "
            "Start it again, and it goes on from its last checkpoint"
        )
