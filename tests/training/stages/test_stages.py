"""SFT, DPO and OGDPO on a real checkpoint: what comes of them is whole, loads, and is what the seed makes of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.models import DEMO_FOLDER, find_checkpoint, hash_files
from tests.training.stages.made import files_of, make_item, quick
from training.errors import StageRefused
from training.items import Bucket, Item
from training.stages.dpo import train_dpo
from training.stages.judging import judge
from training.stages.ogdpo import train_ogdpo
from training.stages.oracle import Conflict, Ruled
from training.stages.sft import train_sft

ITEMS = [make_item(n) for n in range(6)]


class LabelIsRight:
    name = "the label is right"

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        return [Ruled.LABEL_RIGHT for _ in conflicts]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_each_stage_goes_on_from_the_one_before_and_leaves_a_whole_checkpoint(method: str, tmp_path: Path) -> None:
    recipe = quick(method=method)
    sft = train_sft(DEMO_FOLDER, ITEMS, recipe, tmp_path / "sft")
    dpo = train_dpo(sft.folder, ITEMS, recipe, tmp_path / "dpo")
    experts = [make_item(n, bucket=Bucket.SPLIT) for n in (7, 8)]
    ogdpo = train_ogdpo(dpo.folder, [*ITEMS, *experts], LabelIsRight(), recipe, tmp_path / "ogdpo")
    assert len({hash_files(DEMO_FOLDER), sft.revision, dpo.revision, ogdpo.revision}) == 4
    assert find_checkpoint(str(ogdpo.folder), "").revision == ogdpo.revision
    assert files_of(ogdpo.folder) == (files_of(DEMO_FOLDER) - {"README.md"}) | {"log.jsonl", "stage.json"}
    assert files_of(tmp_path) == {"sft", "dpo", "ogdpo"}
    assert len(judge(ogdpo.folder, ITEMS[:1], recipe)) == 1


def test_a_stage_that_ended_gives_its_result_again_and_an_other_is_not_put_in_its_place(tmp_path: Path) -> None:
    first = train_sft(DEMO_FOLDER, ITEMS, quick(1), tmp_path / "sft")
    assert train_sft(DEMO_FOLDER, ITEMS, quick(1), tmp_path / "sft") == first
    with pytest.raises(StageRefused, match="remove it"):
        train_sft(DEMO_FOLDER, ITEMS[:4], quick(1), tmp_path / "sft")


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path: Path) -> None:
    def revision(name: str, seed: int) -> str:
        return train_sft(DEMO_FOLDER, ITEMS, quick(2, seed=seed, method="lora"), tmp_path / name).revision

    assert revision("a", 3) == revision("b", 3) != revision("c", 4)


def test_nothing_to_learn_from_is_refused_with_the_reason(tmp_path: Path) -> None:
    items: list[Item] = [make_item(0, rejected=None)]
    with pytest.raises(StageRefused, match="1 no_rejected"):
        train_dpo(DEMO_FOLDER, items, quick(), tmp_path / "dpo")
    assert files_of(tmp_path) == set()
