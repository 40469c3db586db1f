"""Items made up for the stages' tests, and a recipe of a few steps."""

from pathlib import Path
from typing import Any

from auditor.verdict import Judgment
from conf.schema import DEFAULT_FILE
from tests.factories import make_triple
from training.items import Bucket, Item, Said
from training.recipe import Recipe

SAID = "The query concerns {what}. No thinking is on record, and the response answers."
DEMO_RECIPE = DEFAULT_FILE.with_name("train") / "demo.toml"


def make_item(number: int = 0, **changes: Any) -> Item:
    """An item about something of its own; harmful where its number is odd."""
    label = Judgment.HARMFUL if number % 2 else Judgment.SAFE
    other = Judgment.SAFE if number % 2 else Judgment.HARMFUL
    values: dict[str, Any] = {
        "triple": make_triple(id=f"made-{number}", question=f"How do I do thing {number}?" + " Please." * number),
        "label": label,
        "bucket": Bucket.MAJORITY,
        "chosen": Said(SAID.format(what=f"thing {number}"), label),
        "rejected": Said(SAID.format(what=f"matter {number}"), other),
    }
    return Item(**{**values, **changes})


def quick(steps: int = 2, **changes: Any) -> Recipe:
    """The demo's recipe with so many updates in each stage, in batches of a few rows."""
    recipe = Recipe.read(DEMO_RECIPE)
    stages = {name: getattr(recipe, name).model_copy(update={"max_steps": steps}) for name in ("sft", "dpo", "ogdpo")}
    batches = recipe.batches.model_copy(update={"rows": 2})
    return recipe.model_copy(update={**stages, "batches": batches, **changes})


def files_of(folder: Path) -> set[str]:
    """Names of the files in a folder."""
    return {path.name for path in folder.iterdir()}
