import stat
from pathlib import Path

import pytest

from conf.schema import load
from ingest.errors import UserKeyMissing, UserKeyUnusable
from ingest.user_key import user_key_of

INGEST = load().ingest
ENOUGH = "k" * 16


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INGEST.user_key_env, raising=False)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb.key"
    first = user_key_of(INGEST, path)
    assert len(first) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert user_key_of(INGEST, path) == first
    assert user_key_of(INGEST, tmp_path / "b.duckdb.key") != first
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.duckdb.key", "b.duckdb.key"]


def test_the_environment_wins_over_a_file_and_a_file_over_one_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").write_text(f"{ENOUGH}\n")
    named = load(overrides={"ingest.user_key_file": str(tmp_path / "own")}).ingest
    assert user_key_of(named, tmp_path / "beside") == ENOUGH.encode()
    monkeypatch.setenv(INGEST.user_key_env, "e" * 16)
    assert user_key_of(named, tmp_path / "beside") == b"e" * 16
    assert [file.name for file in tmp_path.iterdir()] == ["own"]


def test_where_several_processes_share_it_none_is_made() -> None:
    with pytest.raises(UserKeyMissing, match=r"TRACEAUDIT_USER_KEY, or ingest\.user_key_file"):
        user_key_of(INGEST)


@pytest.mark.parametrize("text", ["", "short"])
def test_a_key_that_could_be_guessed_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(text)
    with pytest.raises(UserKeyUnusable, match="at least 16") as caught:
        user_key_of(load(overrides={"ingest.user_key_file": str(tmp_path / "own")}).ingest)
    assert not text or text not in str(caught.value).replace(str(tmp_path), "")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserKeyUnusable, match="nowhere"):
        user_key_of(INGEST, tmp_path / "nowhere" / "a.key")
