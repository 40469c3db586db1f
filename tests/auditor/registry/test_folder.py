"""A version is whole and signed, or it is not there; whatever was changed in it is seen."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import ModelNotFound, ModelUnusable, OutputUnwritable
from auditor.evidence.keys import by_id, signing_key
from auditor.models import hash_files
from auditor.registry.folder import Registry, Version
from auditor.registry.results import GateResult
from auditor.registry.serving import Serving
from tests.auditor.registry.made import BASE_REVISION, MANIFEST, NOW, added, at_most, checkpoint, gate, registry_in


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)


@pytest.fixture
def version(registry: Registry, tmp_path: Path) -> Version:
    return added(registry, tmp_path / "made", 0.01)


def test_what_was_added_is_found_again_with_all_that_is_known_of_it(registry: Registry, version: Version) -> None:
    assert version.revision not in {BASE_REVISION, ""}
    assert registry.versions() == [version] == [registry.version(version.revision[:8])]
    assert version.manifest.stages == MANIFEST.stages
    assert isinstance(version.manifest.gate, GateResult)
    assert version.manifest.gate.passed
    assert version.model_id == "registry/builtin:demo"
    assert hash_files(version.folder) == version.revision
    registry.check(version)


def test_what_is_there_already_stays_as_it_is(registry: Registry, version: Version, tmp_path: Path) -> None:
    again = registry.add(tmp_path / "made", replace(MANIFEST, run_id="another"))
    assert again == version
    assert len(registry.versions()) == 1


def test_a_revision_that_is_not_there_or_not_one_alone(registry: Registry, version: Version, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="no revision 'zz'"):
        registry.version("zz")
    with pytest.raises(ModelNotFound, match="no revision ''"):
        registry.version("")
    shutil.copytree(version.folder, version.folder.with_name(version.revision[:10] + "0"))
    with pytest.raises(ModelNotFound, match="2 revisions that begin with"):
        registry.version(version.revision[:9])


@pytest.mark.parametrize("name", ["pytorch_model.bin", "optimizer.pt", "weights.pkl", "modeling.py", "trainer.bin"])
def test_what_could_run_code_is_not_taken(registry: Registry, tmp_path: Path, name: str) -> None:
    made = checkpoint(tmp_path / "made", 0.02)
    (made / name).write_bytes(b"\x80\x04.")
    with pytest.raises(ModelUnusable, match=name):
        registry.add(made, MANIFEST)
    assert registry.versions() == []
    assert list(registry.home.iterdir()) == []


@pytest.mark.parametrize("n_bytes", [0, 1_000, 1_000_000])
def test_a_disk_that_is_full_leaves_nothing_half_written(
    registry: Registry, version: Version, tmp_path: Path, n_bytes: int
) -> None:
    made = checkpoint(tmp_path / "another", 0.02)
    with at_most(n_bytes), pytest.raises(OutputUnwritable, match="File too large; nothing was changed there"):
        registry.add(made, MANIFEST)
    with at_most(50), pytest.raises(OutputUnwritable):
        registry.attach_gate(version.revision, gate(version.revision, BASE_REVISION))
    assert [path.name for path in registry.home.iterdir()] == [version.revision]
    assert registry.versions() == [version]
    registry.check(version)
    assert len(registry.add(made, MANIFEST).revision) == 64


def test_a_checkpoint_that_is_not_the_one_named_is_not_taken(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="is revision"):
        registry.add(checkpoint(tmp_path / "made", 0.02), replace(MANIFEST, revision="a" * 64))
    assert list(registry.home.iterdir()) == []


def test_a_gate_that_tried_another_one_is_not_kept(registry: Registry, version: Version) -> None:
    with pytest.raises(ModelUnusable, match="the gate tried"):
        registry.attach_gate(version.revision, gate("b" * 64, BASE_REVISION))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(bytes(data))


def with_metrics(path: Path) -> None:
    told = json.loads(path.read_text())
    told["metrics"]["f1"] = 0.99
    path.write_text(json.dumps(told, indent=2))


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a weight": (lambda at: flip(at / "model.safetensors"), "'model.safetensors' is not what was added"),
    "the tokenizer": (lambda at: flip(at / "tokenizer.json"), "'tokenizer.json' is not what was added"),
    "a file gone": (lambda at: (at / "config.json").unlink(), "'config.json' is not there"),
    "an adapter beside": (
        lambda at: shutil.copy(at / "model.safetensors", at / "adapter_model.safetensors"),
        "none of",
    ),
    "a pickle beside": (lambda at: (at / "pytorch_model.bin").write_bytes(b"\x80\x04."), "'pytorch_model.bin' is none"),
    "a link": (lambda at: linked(at / "model.safetensors"), "'model.safetensors' is not what was added"),
    "the manifest": (lambda at: with_metrics(at / "manifest.json"), "not signed"),
    "the signature": (lambda at: flip(at / "manifest.sig"), "not signed"),
    "no signature": (lambda at: (at / "manifest.sig").unlink(), "No such file"),
    "no manifest": (lambda at: (at / "manifest.json").unlink(), "No such file"),
}


def linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere.safetensors")
    path.symlink_to(path.parent.parent / "elsewhere.safetensors")


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_was_changed_is_seen(registry: Registry, version: Version, what: str) -> None:
    change, reason = TAMPERED[what]
    change(version.folder)
    with pytest.raises(ModelUnusable, match=reason):
        registry.check(registry.version(version.revision))


def test_a_manifest_of_another_version_or_another_key_counts_for_nothing(
    registry: Registry, version: Version, tmp_path: Path
) -> None:
    other = added(registry, tmp_path / "other", 0.03)
    for name in ("manifest.json", "manifest.sig"):
        shutil.copy(other.folder / name, version.folder / name)
    with pytest.raises(ModelUnusable, match="its manifest is that of"):
        registry.version(version.revision)
    strangers = replace(registry, keys=by_id([signing_key(tmp_path / "stranger").public]))
    assert [one.name for one in strangers.broken()] == sorted([version.revision, other.revision])
    assert registry.versions() == [other]


def test_the_pointer_is_signed_too(registry: Registry, version: Version) -> None:
    assert registry.serving() is None
    assert registry.champion() == BASE_REVISION
    one = Serving(1, version.revision, "ben", NOW, "")
    registry.point(one)
    assert registry.serving() == one
    assert registry.champion() == version.revision
    path = registry.folder / "serving.json"
    path.write_text(path.read_text().replace('"number": 1', '"number": 2'))
    with pytest.raises(ModelUnusable, match="not signed"):
        registry.serving()
    path.write_text("{")
    with pytest.raises(ModelUnusable, match="cannot be read"):
        registry.serving()


def test_the_pointer_names_what_is_there(registry: Registry, version: Version) -> None:
    with pytest.raises(ModelNotFound):
        registry.point(Serving(1, "c" * 64, "ben", NOW, ""))
    (version.folder / "manifest.sig").unlink()
    with pytest.raises(ModelUnusable):
        registry.point(Serving(1, version.revision, "ben", NOW, ""))
    assert registry.serving() is None


def test_who_reads_cannot_write(registry: Registry, version: Version) -> None:
    with pytest.raises(ModelUnusable, match="no key to sign with"):
        replace(registry, key=None).point(Serving(1, version.revision, "ben", NOW, ""))


def test_what_a_kill_left_is_taken_away_and_breaks_nothing(registry: Registry, version: Version) -> None:
    (registry.home / ".new-abc").mkdir()
    (version.folder / ".new-def").write_text("half")
    registry.check(registry.version(version.revision))
    assert registry.broken() == []
    registry.point(Serving(1, version.revision, "ben", NOW, ""))
    assert not list(registry.folder.rglob(".new-*"))
