"""Recipes: each that ships can be read, and one that cannot says where."""

from pathlib import Path

import pytest

from conf.errors import ConfigError
from training.recipe import DEFAULT, Recipe


@pytest.mark.parametrize("file", sorted(DEFAULT.parent.glob("*.toml")), ids=lambda path: path.name)
def test_each_recipe_that_ships_can_be_read(file: Path) -> None:
    assert Recipe.read(file).seed >= 0


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("beta = 0.1", "beta = 0", "dpo.beta"),
        ("seed = 7", "", "seed"),
        ("seed = 7", "seed = 7\nsead = 7", "sead"),
        ("rank = 16", "rank = ", "not readable"),
        ('tracking = "files"', 'tracking = "mlflow"', "tracking.*pip install"),  # no library of ours brings it
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_its_file_and_key(was: str, now: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(DEFAULT.read_text(encoding="utf-8").replace(was, now), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"mine\.toml.*{why}"):
        Recipe.read(file)


def test_what_is_kept_of_a_recipe_has_its_knobs_and_not_how_the_guard_is_asked() -> None:
    kept = Recipe.read().model_dump()
    assert kept["dpo"]["beta"] == 0.1
    assert "auditor" not in kept
