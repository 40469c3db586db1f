"""One of several processes that make a stage: python -m training.run.member STAGE MODEL HOME; see `several`."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from auditor.child import end_with_parent
from conf.schema import Config
from training.errors import StageRefused
from training.files import read_items
from training.run.order import Order, recipe_of
from training.run.several import TOLD
from training.run.stages import STAGES


def main(stage: str, model: Path, home: Path) -> None:
    """Train with the others; what refuses a stage is told by the process that started them, which tries it alone."""
    Thread(target=end_with_parent, name="parent", daemon=True).start()
    config = Config.model_validate_json((home / TOLD).read_bytes())
    order = Order(ask_nobody, config, recipe_of(config), "", lambda: datetime.now(UTC), lambda _: None)
    choose, train = STAGES[stage]
    with suppress(StageRefused):
        train(order, model, choose(read_items(home / "items")), home / stage)


def ask_nobody(name: str, *_: Any) -> Any:
    """The database is asked by the process that started this one."""
    raise AssertionError(f"a stage asks for {name}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
