import shutil
from pathlib import Path

import pytest

from auditor.errors import ModelNotFound, ModelUnusable
from auditor.models import DEMO, DEMO_FOLDER, find_checkpoint


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO_FOLDER, tmp_path / "copy"))


def test_a_copy_of_a_checkpoint_has_its_revision_and_a_changed_one_has_not(copy: Path) -> None:
    shipped = find_checkpoint(DEMO, "")
    assert find_checkpoint(str(copy), "").revision == shipped.revision
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert find_checkpoint(str(copy), "").revision != shipped.revision


def test_pickled_weights_are_not_loaded(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelUnusable, match="no safetensors"):
        find_checkpoint(str(copy), "")


@pytest.mark.parametrize("model", ["./nowhere", "/nowhere/at/all", "nowhere"])
def test_a_folder_that_is_not_there_is_named(model: str) -> None:
    with pytest.raises(ModelNotFound, match=model):
        find_checkpoint(model, "")


def test_a_hub_name_that_is_not_in_the_cache_says_how_to_bring_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelNotFound, match="hf download somebody/something --revision abc"):
        find_checkpoint("somebody/something", "abc")
