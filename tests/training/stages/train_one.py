"""A stage in a process of its own, killed at an update: python -m tests.training.stages.train_one OUT UPDATES DIE_AT"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from auditor.models import DEMO_FOLDER
from tests.training.stages.made import make_item, quick
from training.stages import trainers
from training.stages.dpo import train_dpo


def main(out: Path, steps: int, die_at: int) -> None:
    """Six pairs, a checkpoint after each update; killed at the one that is named, 0 for none."""
    if die_at:

        def die(self: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        trainers.Log.on_step_begin = die
    recipe = quick(steps, method="lora", save_every_steps=1)
    recipe = recipe.model_copy(update={"dpo": recipe.dpo.model_copy(update={"epochs": 4.0, "lr": 1e-3})})
    result = train_dpo(DEMO_FOLDER, [make_item(n) for n in range(6)], recipe, out)
    print(result.revision, result.steps)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
