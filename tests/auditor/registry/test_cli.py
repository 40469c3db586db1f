"""`traceaudit models` in the registry, as a person types it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.__main__ import main
from auditor.evidence.keys import signing_key
from auditor.registry.folder import Registry
from auditor.registry.places import open_registry
from auditor.store import Store
from conf.schema import load
from reports.cli import worker_command
from tests.auditor.registry.made import BASE_REVISION, MANIFEST, added, checkpoint


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "a.duckdb"
    Store.open(str(path)).close()
    return path


@pytest.fixture
def registry(db: Path) -> Registry:
    return open_registry(load(overrides={"store.path": str(db)}), write=True)


def say(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert main(["models", *words]) == code
    out = capsys.readouterr()
    return out.out, "".join(line for line in out.err.splitlines(True) if not line.startswith("opened "))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_from_a_candidate_to_what_serves_and_back(
    db: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version, of = added(registry, tmp_path / "made", 0.01), ("--db", str(db))
    at = version.revision
    shown = say(capsys, "show", at[:8], *of)[0]
    assert "gate g1: passed" in shown
    assert "sft: 20 steps" in shown
    assert "registry/builtin:demo" in shown
    assert "models promote 1 --by NAME" in say(capsys, "propose", at[:8], "--by", "ana", *of)[0]
    assert "another person approves it" in say(capsys, "promote", "1", "--by", "Ana", *of, code=2)[1]
    told = say(capsys, "promote", at[:8], "--by", "ben", "--note", "looks right", *of)[0]
    assert told == f"number 1 is approved by ben; {at[:12]} serves, and who judges takes it up with the next batch\n"
    (line,) = [line for line in lines(say(capsys, "list", *of, "--json")[0]) if line.get("revision") == at]
    assert (line["serving"], line["gate"], line["problem"], line["n_items"]) == (True, "passed", None, 12)
    assert say(capsys, "rollback", "--by", "cleo", *of, code=2)[1] == (
        "traceaudit: say why it is rolled back: --note WHY\n"
    )
    told = say(capsys, "rollback", "--by", "cleo", "--note", "false alarms", *of)[0]
    assert told == f"the base serves again instead of {at[:12]}, by cleo\n"
    assert registry.champion() == BASE_REVISION
    one, two = lines(say(capsys, "history", *of, "--json")[0])
    assert (one["decision_note"], one["serving"], two["kind"], two["serving"]) == ("looks right", 1, "rollback", 2)
    assert "rolled back by cleo on" in say(capsys, "history", *of)[0]


def test_what_was_changed_is_told_and_fails(
    db: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (added(registry, tmp_path / str(n), 0.01 * n) for n in (1, 2))
    of = ("--db", str(db), "--dir", str(tmp_path / "none"))
    assert f"{good.revision}\tas added" in say(capsys, "verify", *of)[0]
    (bad.folder / "model.safetensors").write_bytes(b"x")
    (registry.folder / "serving.json").write_text("{}")
    found = {line["commit"]: line for line in lines(say(capsys, "verify", *of, "--json", code=1)[0])}
    assert found[good.revision]["ok"]
    assert "'model.safetensors' is not what was added" in found[bad.revision]["problem"]
    assert "cannot be read" in found["serving.json"]["problem"]
    (bad.folder / "manifest.sig").unlink()
    (line,) = [line for line in lines(say(capsys, "list", *of, "--json")[0]) if line.get("revision") == bad.revision]
    assert "manifest.sig" in line["problem"] or "No such file" in line["problem"]


def test_a_pointer_that_was_lost_is_written_anew(
    db: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version, of = added(registry, tmp_path / "made", 0.01), ("--db", str(db))
    say(capsys, "propose", version.revision, "--by", "ana", *of)
    say(capsys, "promote", "1", "--by", "ben", *of)
    assert say(capsys, "mend", *of)[0] == "the pointer says what was decided\n"
    (registry.folder / "serving.json").unlink()
    assert say(capsys, "mend", *of)[0] == f"the pointer was behind; {version.revision[:12]} serves\n"
    assert registry.champion() == version.revision


def test_mistakes_give_one_line(
    db: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("--db", str(db))
    version = registry.add(checkpoint(tmp_path / "made", 0.03), MANIFEST)
    for words, code, line in (
        (("show", "zz"), 1, f"{registry.folder} has no revision 'zz'; see: traceaudit models list"),
        (("propose", version.revision, "--by", "ana"), 2, f"{version.revision[:12]} was tried by no gate"),
        (("promote", "7", "--by", "ben"), 2, "nothing was proposed under number 7; see: traceaudit models history"),
        (("reject", "abc", "--by", "ben"), 2, "0 open proposals are of 'abc'; see: traceaudit models history"),
        (("rollback", "--note", "x"), 2, "there is nothing to go back to: no model that was promoted serves"),
    ):
        assert say(capsys, *words, *of, code=code) == ("", f"traceaudit: {line}\n")


def test_a_key_that_is_not_known_is_no_registry_of_ours(
    db: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = added(registry, tmp_path / "made", 0.01)
    signing_key(tmp_path / "other")
    words = ("show", version.revision, "--db", str(db), "--set", f"auditor.registry_keys={tmp_path / 'other.pub'}")
    assert "is not signed by a key that is known here" in say(capsys, *words, code=1)[1]


def test_local_workers_of_the_service_look_into_its_registry(db: Path, registry: Registry) -> None:
    """They have no database, by which they could know where it is."""
    config = load(overrides={"store.path": str(db)})
    command = worker_command(argparse.Namespace(set=["auditor.model=registry"], config=[]), config)
    told = load(overrides=dict(command[at + 1].split("=", 1) for at, word in enumerate(command) if word == "--set"))
    assert told.auditor.registry_dir == str(registry.folder)
    assert told.auditor.registry_keys == f"{db}.signing-key.pub"
    assert Path(told.auditor.registry_keys).exists()
