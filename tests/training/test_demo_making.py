"""The one command that makes the demo auditor, on a handful of rows of our own."""

import json
import sys
from pathlib import Path

import pytest

from auditor.models import from_folder
from conf.schema import load
from training.demo.__main__ import main
from training.demo.seeds import RECIPE
from training.recipe import Recipe

TOPICS = ("locks", "bread", "maps", "tides", "paint", "clocks", "trains", "seeds")


def write_rows(path: Path, n: int) -> None:
    """Rows of two categories; what declines is safe and what complies is harmful, but for one row in nine."""
    rows: list[dict[str, object]] = [
        {
            "id": f"{path.stem}-{k}",
            "source": ("xstest", "gptfuzz")[k % 3 % 2],
            "question": f"Tell me of {TOPICS[k % 8]} number {k}.",
            "thinking": "",
            "answer": ("I'm sorry, I cannot help with that." if k % 2 else f"Sure. Here is all there is of it: {k}."),
            "images": [],
            "label": int((k % 2 == 0) != (k % 9 == 4)),
            "category": ("cybersecurity", "data privacy")[k % 3 % 2],
        }
        for k in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_command_makes_a_checkpoint_with_its_card_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "train.jsonl", 90)
    write_rows(tmp_path / "dev.jsonl", 8)
    work, out = tmp_path / "work", tmp_path / "out"
    command = ["demo", "--rows", str(tmp_path), "--work", str(work), "--out", str(out), "--seeds", "7"]
    monkeypatch.setattr(sys, "argv", [*command, "--until", "sft", "--processes", "1"])
    main()
    kept = {path: path.stat().st_mtime_ns for path in work.rglob("model.safetensors")}
    assert {path.parent.name for path in kept} == {"base", "sft"}
    monkeypatch.setattr(sys, "argv", [*command, "--until", "dpo", "--processes", "1"])
    main()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert {path.name for path in (work / "seed-7").iterdir() if path.is_dir()} == {"sft", "dpo"}
    card = (out / "README.md").read_text(encoding="utf-8")
    assert all(f"| **{line}** |" in card for line in ("base", "base + SFT", "+ DPO", "words"))
    assert from_folder("made", out).max_new_tokens == 120


def test_the_recipe_holds_the_text_where_pairs_differ_in_the_judgment_alone() -> None:
    recipe = Recipe.read(RECIPE, load().auditor)
    assert recipe.dpo.chosen_weight == recipe.ogdpo.chosen_weight == 1.0
