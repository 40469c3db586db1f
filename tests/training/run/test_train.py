"""A training from what people said to a candidate in the registry, and every way in which there is none."""

import json
import os
import resource
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.errors import ModelNotFound
from auditor.models import DEMO, find_checkpoint
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Judgment
from conf.errors import TraceauditError
from tests.training.run import made
from tests.training.run.made import (
    AT,
    HARMFUL,
    SAFE,
    configured,
    left,
    ordered,
    registry_of,
    review,
    reviewed,
    rows,
)
from training.errors import TrainingBusy, TrainingFailed, TrainingRefused
from training.run.begin import mixed
from training.run.folder import alone
from training.run.told import Outcome
from training.run.train import train

BASE = find_checkpoint(DEMO, "").revision


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    with made.quick_gate():
        yield


def run(folder: Path, said: list[str] | None = None, **changes: str) -> Outcome:
    return train(ordered(folder, configured(folder, **changes), (said if said is not None else []).append))


def assert_untouched(folder: Path) -> None:
    """What serves is what served, whole; nothing half-made lies about, and no text of a case."""
    registry = registry_of(folder)
    assert (registry.champion(), registry.serving(), registry.broken()) == (BASE, None, [])
    assert left(folder) == []


def test_reviews_become_a_candidate_with_its_lineage_and_the_texts_go(tmp_path: Path) -> None:
    ids = reviewed(tmp_path)
    said: list[str] = []
    outcome = run(tmp_path, said)
    (version,) = registry_of(tmp_path).versions()
    registry_of(tmp_path).check(version)
    manifest = version.manifest
    assert (version.revision, manifest.base_revision, manifest.run_id) == (outcome.candidate, BASE, outcome.run_id)
    assert version.revision != BASE
    assert [stage.name for stage in manifest.stages] == ["sft", "dpo", "ogdpo"][: len(manifest.stages)]
    assert {"sft", "dpo"} <= {stage.name for stage in manifest.stages}
    assert manifest.gate == outcome.gate
    assert manifest.gate.candidate == version.revision
    assert "# Data card" in version.card
    assert "ann" in version.card
    assert rows(tmp_path, "SELECT run_id, candidate, state IN ('done', 'refused') FROM training_runs") == [
        (outcome.run_id, version.revision, True)
    ]
    assert rows(tmp_path, "SELECT triple_id, reviewers FROM training_items ORDER BY 1") == [
        (name, ["ann", "bob"]) for name in sorted(ids)
    ]
    assert rows(tmp_path, "SELECT candidate FROM gate_runs") == [(version.revision,)]
    assert any(line.startswith("sft: 4 items, 2 steps") for line in said)
    assert any(line.startswith("dpo: ") for line in said)
    assert_untouched(tmp_path)


@pytest.mark.parametrize(
    ("n", "only", "people", "reason"),
    [
        (2, None, ("ann", "bob"), "2 reviewed cases can be learned from, and it takes 4 (hygiene.min_items)"),
        (6, HARMFUL, ("ann", "bob"), "all 6 reviewed cases that can be learned from are harmful"),
        (6, SAFE, ("ann", "bob"), "all 6 reviewed cases that can be learned from are safe"),
        (6, None, ("ann",), "0 reviewed cases can be learned from, and it takes 4"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused_with_the_reason(
    tmp_path: Path, n: int, only: Judgment | None, people: tuple[str, ...], reason: str
) -> None:
    reviewed(tmp_path, n, people, only)
    with pytest.raises(TrainingRefused) as caught:
        run(tmp_path)
    assert str(caught.value).startswith(f"nothing was trained: {reason}")
    assert rows(tmp_path, "SELECT count(*) FROM training_runs") == [(0,)]
    assert_untouched(tmp_path)


def test_votes_that_contradict_each_other_are_left_out_and_said(tmp_path: Path) -> None:
    ids = reviewed(tmp_path, 6)
    with Store.open(str(tmp_path / "a.duckdb")) as store:
        against = [review(name, "cem", HARMFUL if at % 2 == 0 else SAFE) for at, name in enumerate(ids)]
        against += [review(name, "eve", one.vote) for name, one in zip(ids, against, strict=True)]
        add_reviews(store, against, AT)
    with pytest.raises(TrainingRefused, match="6 people contradict each other, and no expert decided"):
        run(tmp_path)
    assert_untouched(tmp_path)


def test_what_was_erased_before_is_not_learned_from(tmp_path: Path) -> None:
    ids = reviewed(tmp_path)
    erase(tmp_path, ids[0])
    run(tmp_path)
    learned = {name for (name,) in rows(tmp_path, "SELECT triple_id FROM training_items")}
    assert learned == set(ids[1:])


def erase(folder: Path, triple_id: str) -> None:
    assert (
        main(["erase", "--triple", triple_id, "--reason", "asked", "--by", "ann", "--db", str(folder / "a.duckdb")])
        == 0
    )


@pytest.mark.parametrize("after", ["sft", "gate"])
def test_what_is_erased_while_it_trains_takes_the_candidate_with_it(tmp_path: Path, after: str) -> None:
    """The erasure finds and deletes its file, the run deletes what it made of it; the next one learns without it."""
    ids = reviewed(tmp_path)

    def say(line: str) -> None:
        if line.startswith(after):
            erase(tmp_path, ids[3])

    with pytest.raises(TrainingFailed, match="1 of the cases that it learned from were erased"):
        train(ordered(tmp_path, say=say))
    assert rows(tmp_path, "SELECT state FROM training_runs") == [("failed",)]
    assert registry_of(tmp_path).versions() == []
    assert_untouched(tmp_path)
    run(tmp_path)
    assert len(registry_of(tmp_path).versions()) == 1


def test_a_base_that_is_missing_is_named_before_anything_is_done(tmp_path: Path) -> None:
    reviewed(tmp_path)
    with pytest.raises(ModelNotFound, match="nowhere"):
        run(tmp_path, training__base=f'"{tmp_path / "nowhere"}"')
    with pytest.raises(ModelNotFound, match="is not in the local cache"):
        run(tmp_path, auditor__registry_base='"someone/nothing"')
    assert not (tmp_path / "a.duckdb.training").exists()


def test_only_one_trains_at_a_time(tmp_path: Path) -> None:
    reviewed(tmp_path)
    with alone(tmp_path / "a.duckdb.training"), pytest.raises(TrainingBusy, match=f"PID {os.getpid()} trains already"):
        run(tmp_path)


@pytest.mark.parametrize("limit", [20_000, 2_000_000, 7_500_000])
def test_a_full_disk_is_said_in_a_line_and_the_run_goes_on_when_there_is_room(tmp_path: Path, limit: int) -> None:
    """No file may grow beyond the limit, as on a full disk: met while items, trainer and checkpoint are written."""
    reviewed(tmp_path)
    order = ordered(tmp_path)
    asked = order.ask

    def unlimited(*words: object) -> object:
        """The database is on another disk."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        soft = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        try:
            return asked(*words)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    limited = replace(order, ask=unlimited)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(TraceauditError, match=r"no room left|File too large"):
            train(limited)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    registry = registry_of(tmp_path)
    assert (registry.champion(), registry.versions(), registry.broken()) == (BASE, [], [])
    run(tmp_path)
    assert len(registry_of(tmp_path).versions()) == 1
    assert_untouched(tmp_path)


def test_a_run_with_other_settings_is_given_up_and_its_files_go(tmp_path: Path) -> None:
    reviewed(tmp_path)

    def stop(line: str) -> None:
        if line.startswith("sft"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(ordered(tmp_path, say=stop))
    assert len(left(tmp_path)) == 1
    said: list[str] = []
    run(tmp_path, said, training__stages='["sft"]')
    assert "is given up: it was begun with other settings" in said[0]
    states = rows(tmp_path, "SELECT state FROM training_runs ORDER BY started_at, ended_at")
    assert len(states) == 2
    assert ("failed",) in states
    assert_untouched(tmp_path)


@pytest.mark.parametrize("stage", ["sft", "dpo", "ogdpo"])
def test_a_run_goes_on_where_it_was_and_makes_the_same_candidate(tmp_path: Path, stage: str) -> None:
    """One is broken off after a stage and goes on; beside it one that was not."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    for name in ("whole", "broken"):
        reviewed(tmp_path / name)
    straight = run(tmp_path / "whole")

    def stop(line: str) -> None:
        if line.startswith(f"{stage}:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(ordered(tmp_path / "broken", say=stop))
    said: list[str] = []
    again = run(tmp_path / "broken", said)
    assert said[0].startswith("goes on with the training")
    assert again.candidate == straight.candidate


def test_the_command_tells_what_came_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    reviewed(tmp_path)
    words = [word for pair in made.overrides(tmp_path).items() for word in ("--set", "=".join(pair))]
    assert main(["train", "--check", *words]) == 0
    assert "# Data card" in capfd.readouterr().out
    assert main(["train", "--json", "--by", "ann", "--stages", "sft", *words]) == 0
    out, err = capfd.readouterr()
    told = json.loads(out)
    assert told["state"] in {"candidate", "refused"}
    assert told["detail"]
    assert {check["ruling"] for check in told["checks"]} <= {"passed", "failed", "too_few", "not_asked"}
    assert "Traceback" not in err
    shutil.rmtree(tmp_path / "a.duckdb.models")
    assert main(["train", "--json", "--set", "hygiene.min_items=40", *words[: -len(words)], *words]) == 0
    capfd.readouterr()
    assert main(["train", "--json", *words, "--set", "hygiene.min_items=40"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["state"] == "refused"
    assert err.splitlines()[-1].startswith("traceaudit: nothing was trained: 8 reviewed cases can be learned from")


def test_base_rows_are_mixed_in_by_share() -> None:
    from tests.training.stages.made import make_item
    from training.choosing.choose import Chosen
    from training.items import Bucket

    items = (*(make_item(at) for at in range(7)), *(make_item(at, bucket=Bucket.BASE) for at in range(7, 60)))
    found = mixed(Chosen(items, ()), 0.3, 7)
    assert (len(found.items), len(found.reviewed)) == (10, 7)
    assert mixed(Chosen(items, ()), 0.3, 7) == found
    assert mixed(Chosen(items[:8], ()), 0.9, 7).items == items[:8]
