"""What was promoted is taken up between two batches when it is whole; else the one in force judges on."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from safetensors.torch import load_file, save_file

from auditor.errors import ModelNotFound, ModelUnusable
from auditor.evidence.keys import signing_key
from auditor.evidence.store_checkpoints import key_path
from auditor.pipeline import Audit, StoreKeeper
from auditor.registry.folder import Registry, Version
from auditor.registry.following import IN_FORCE, TRY_AGAIN_S, Following, follows, pinned
from auditor.registry.places import find_configured, open_registry, placed
from auditor.registry.serving import Serving
from auditor.scorer import Scorer
from auditor.seat import Seat
from auditor.store import MEMORY, Store
from auditor.store_rows import Run
from conf.schema import Config, load
from tests.auditor.registry.made import BASE_REVISION, MANIFEST, NOW, added, checkpoint
from tests.factories import make_batch, make_item, make_triple


@pytest.fixture
def config(tmp_path: Path) -> Config:
    values = {"auditor.model": "registry", "store.path": str(tmp_path / "a.duckdb"), "auditor.mode": "triage"}
    found = load(overrides={**values, "auditor.diagnose": "false", "auditor.audit_share": "0"})
    signing_key(key_path(found))
    return found


@pytest.fixture
def registry(config: Config) -> Registry:
    return open_registry(config, write=True)


@pytest.fixture
def version(registry: Registry, tmp_path: Path) -> Version:
    return added(registry, tmp_path / "made", 0.01)


@pytest.fixture
def refused() -> list[None]:
    return []


@pytest.fixture
def following(config: Config, refused: list[None]) -> Following[Scorer]:
    seat = Seat(config, lambda run: StoreKeeper(None, run.run_id, lambda: NOW), None, None, lambda: NOW)  # type: ignore[arg-type]
    return Following(config, seat.tried, lambda: refused.append(None))


def serves(registry: Registry, version: Version, number: int = 1) -> None:
    registry.point(Serving(number, version.revision, "ben", NOW + timedelta(hours=number), ""))


def test_before_anything_was_promoted_the_base_judges_and_then_what_was(
    registry: Registry, version: Version, following: Following[Scorer]
) -> None:
    assert following.start().key.model_revision == BASE_REVISION
    assert following.next() is None
    serves(registry, version)
    scorer = following.next()
    assert scorer is not None
    assert (scorer.key.model_revision, scorer.key.model_id) == (version.revision, "registry/builtin:demo")
    assert following.next() is None


def test_a_revision_can_be_named_and_then_nothing_is_followed(
    config: Config, registry: Registry, version: Version
) -> None:
    named = pinned(config, version.revision[:9])
    assert not follows(named)
    assert find_configured(placed(named)).folder == version.folder
    assert follows(config)
    with pytest.raises(ModelNotFound, match="no revision 'abc'"):
        find_configured(placed(pinned(config, "abc")))


def break_weights(version: Version) -> None:
    path = version.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def break_manifest(version: Version) -> None:
    path = version.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model": "another"}))


def add_pickle(version: Version) -> None:
    (version.folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")


@pytest.mark.parametrize("change", [break_weights, break_manifest, add_pickle])
def test_what_is_not_as_it_was_signed_is_not_taken_up(
    registry: Registry,
    version: Version,
    following: Following[Scorer],
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Version], object],
) -> None:
    now = [0.0]
    following.clock = lambda: now[0]
    following.start()
    whole = version.folder.with_name("kept")
    shutil.copytree(version.folder, whole)
    serves(registry, version)
    change(version)
    for _ in range(3):
        assert following.next() is None
        now[0] += TRY_AGAIN_S / 2
    assert capsys.readouterr().err.count("is not taken up, and the one in force judges on") == 1
    shutil.rmtree(version.folder)
    whole.rename(version.folder)
    now[0] += TRY_AGAIN_S
    scorer = following.next()
    assert scorer is not None
    assert scorer.key.model_revision == version.revision


def test_a_model_that_does_not_load_is_not_taken_up(
    registry: Registry, following: Following[Scorer], tmp_path: Path, refused: list[None]
) -> None:
    made = checkpoint(tmp_path / "made", 0.01)
    weights = load_file(made / "model.safetensors")
    name = max(weights, key=lambda one: weights[one].numel())
    save_file(weights | {name: weights[name][:3].clone()}, made / "model.safetensors", {"format": "pt"})
    following.start()
    serves(registry, registry.add(made, MANIFEST))
    assert following.next() is None
    assert refused == [None]


def test_a_pointer_that_is_gone_or_was_put_back_is_not_followed(
    registry: Registry, version: Version, following: Following[Scorer], capsys: pytest.CaptureFixture[str]
) -> None:
    path = registry.folder / "serving.json"
    serves(registry, version, 1)
    old = path.read_bytes()
    registry.point(Serving(2, "", "cleo", NOW, version.revision))
    assert following.start().key.model_revision == BASE_REVISION
    path.write_bytes(old)
    assert following.next() is None
    assert "went back from number 2" in capsys.readouterr().err
    path.unlink()
    assert following.next() is None
    assert "is gone; see: traceaudit models mend" in capsys.readouterr().err
    path.write_text("{}")
    assert following.next() is None
    assert "cannot be read" in capsys.readouterr().err


def test_one_that_was_started_anew_for_what_is_no_good_goes_on_with_what_it_had(
    registry: Registry, version: Version, following: Following[Scorer], monkeypatch: pytest.MonkeyPatch
) -> None:
    serves(registry, version)
    break_weights(version)
    with pytest.raises(ModelUnusable, match="not what was added"):
        following.start()
    monkeypatch.setenv(IN_FORCE, "")
    assert following.start().key.model_revision == BASE_REVISION
    assert (following.in_force, following.next()) == ("", None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        yield opened


def test_each_batch_is_of_one_revision_and_each_revision_has_its_run(
    config: Config, registry: Registry, version: Version, store: Store
) -> None:
    def keeper_of(run: Run) -> StoreKeeper:
        store.begin_run(run)
        return StoreKeeper(store, run.run_id, lambda: NOW)

    seat = Seat(config, keeper_of, None, store.recall, lambda: NOW)
    judge, keeper, _ = seat.first()
    audit = Audit(judge, keeper, renewed=seat.next_one(Event()))
    for at in range(4):
        if at == 2:
            serves(registry, version)
        audit.handle(make_batch(make_item(at, make_triple(id=f"t{at}", question=f"q{at}"))))
    query = "SELECT triple_id, v.model_revision, r.model_revision FROM verdicts v JOIN runs r USING (run_id) ORDER BY 1"
    new = version.revision
    assert store.connection.execute(query).fetchall() == [
        *(("t0", BASE_REVISION, BASE_REVISION), ("t1", BASE_REVISION, BASE_REVISION)),
        *(("t2", new, new), ("t3", new, new)),
    ]


def test_a_backend_that_is_alone_in_its_process_is_started_anew_for_what_is_whole(
    config: Config, registry: Registry, version: Version, store: Store
) -> None:
    """What vLLM does, with the demo's own backend in its place: nothing is loaded beside the one in force."""
    seat = Seat(config, lambda run: StoreKeeper(store, run.run_id, lambda: NOW), None, None, lambda: NOW, True)
    seat.first()
    seat.config = replace_backend(config, "vllm")
    stop = Event()
    renewed = seat.next_one(stop)
    assert renewed() is None
    assert not stop.is_set()
    serves(registry, version)
    assert renewed() is None
    assert (seat.start_anew, stop.is_set()) == ("", True)


def replace_backend(config: Config, name: str) -> Config:
    return config.model_copy(update={"auditor": config.auditor.model_copy(update={"backend": name})})


def test_keys_in_the_registry_count_for_nothing(config: Config, registry: Registry, version: Version) -> None:
    """Who can write to the registry could have put a key of their own there."""
    stranger = signing_key(registry.folder / "key")
    forged = replace(registry, key=stranger, keys={stranger.public.id: stranger.public})
    forged.sign(version.folder, version.manifest)
    forged.point(Serving(1, version.revision, "eve", NOW, ""))
    assert open_registry(config).versions() == []
    with pytest.raises(ModelUnusable, match="not signed by a key that is known here"):
        find_configured(placed(config))
