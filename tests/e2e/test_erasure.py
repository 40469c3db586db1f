"""What is erased is in no file that the system owns, whoever is killed when; all else is as it was."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.audits import KILLED, ledger, rows
from tests.e2e.erasing import Kept, names

ALL = names(130)
GONE, LEFT = ALL[:100], ALL[100:]
WHO = ("--by", "Eve", "--reason", "letter 7")
SOUTH = """
    SELECT t.*, v.* FROM triples t JOIN verdicts v ON v.triple_id = t.id WHERE t.tenant = 'south' ORDER BY t.id
"""
# Where a process dies, and how often that is passed before.
DEATHS = [
    ("rows_half_erased", 3),
    ("erased", 1),
    ("blob_deleted", 2),
    ("report_made_again", 1),
    ("files_done", 1),
    ("copied", 1),
    ("renamed", 1),
]


def subjects(conversations: list[str]) -> list[str]:
    return [word for name in conversations for word in ("--conversation", f"conversation-{name}")]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Conversations of two tenants with everything that is made of them."""
    kept = Kept(tmp_path_factory.mktemp("filled"))
    kept.audit(ALL)
    kept.audit(["s001", "s002"], "south")
    kept.learn([*GONE[:20], *LEFT[:5]])
    kept.make_files([GONE[0], LEFT[0]])
    return kept


def test_a_hundred_conversations_are_in_no_file_and_the_record_is_whole(filled: Kept, tmp_path: Path) -> None:
    kept, south, before = filled, rows(filled.db, SOUTH), ledger(filled.db)
    places = {Path(name).parts[0] for name in kept.holding(GONE)}
    assert places == {
        "a.duckdb",
        "a.duckdb.blobs",
        "reports",
        "share",
        "exports",
        "training",
    }  # there was something to be erased
    shown = set(kept.holding(LEFT))
    (told,) = kept.command("erase", *subjects(GONE), *WHO)
    assert kept.holding(GONE) == []
    assert (told["triples"], told["letters"], told["rewritten"]) == (200, 100, True)
    (verified,) = kept.command("verify")
    assert verified["ok"], verified
    assert verified["checked"]["events_since_checkpoint"] == 0  # type: ignore[index]
    assert rows(kept.db, SOUTH) == south
    assert ledger(kept.db) == before
    assert rows(kept.db, "SELECT count(DISTINCT triple_id), count(DISTINCT id) FROM erasures") == [(200, 1)]
    assert rows(kept.db, "SELECT (SELECT count(*) FROM annotations), (SELECT count(*) FROM locked_cases)") == [(10, 5)]
    deleted = {Path(name).name for name in told["files"]["deleted"]}  # type: ignore[index]
    assert deleted >= {f"case-{GONE[0]}.zip", "label-studio", "records.json"}
    still = set(kept.holding(LEFT))
    exports = {"exports/label-studio", "exports/argilla/records.json"}
    assert {name for name in shown - still if "share" not in name} == exports
    assert any(name.startswith("reports/") and name.endswith(".html") for name in still)
    assert any(name.startswith("share/") and name.endswith(".html") for name in still)
    assert f"exports/case-{LEFT[0]}.zip" in still
    assert not [path for path in kept.folder.rglob("*") if path.name.startswith(".new-") or ".anew" in path.name]
    (again,) = kept.command("verify", str(kept.exports / f"case-{LEFT[0]}.zip"))
    assert again["ok"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A few conversations, to be copied and erased again and again."""
    kept = Kept(tmp_path_factory.mktemp("small"))
    kept.audit(ALL[:6])
    kept.make_files([ALL[0]])
    return kept


def copy_of(kept: Kept, folder: Path) -> Kept:
    """The same in another folder; what was noted of files names the new one."""
    made = Kept(folder)
    shutil.rmtree(made.folder)
    shutil.copytree(kept.folder, made.folder)
    import duckdb

    with duckdb.connect(str(made.db)) as connection:
        values = [str(kept.folder), str(made.folder)]
        connection.execute("UPDATE kept_files SET path = replace(path, ?, ?)", values)
    return made


def erase_command(kept: Kept) -> list[str]:
    return ["erase", *subjects(ALL[:4]), *WHO, "--config", str(kept.settings)]


def assert_gone(kept: Kept) -> None:
    """The next start ends what was begun; what was not begun is begun once more."""
    if rows(kept.db, "SELECT count(*) FROM erasures") == [(0,)]:
        kept.command(*erase_command(kept)[:-2])
    kept.command("retention", "run")
    assert kept.holding(ALL[:4]) == []
    assert kept.holding(ALL[4:6])
    (verified,) = kept.command("verify")
    assert verified["ok"], verified
    assert rows(kept.db, "SELECT count(*), count(DISTINCT tenant) FROM triples") == [(4, 1)]
    todo = (
        "SELECT (SELECT count(*) FROM rewrite_due), (SELECT count(*) FROM files_due), (SELECT count(*) FROM blobs_due)"
    )
    assert rows(kept.db, todo) == [(0, 0, 0)]
    assert not [path for path in kept.folder.rglob("*") if ".anew" in path.name or path.suffix == ".wal"]


@pytest.mark.parametrize(("point", "count"), DEATHS)
def test_killed_at_a_point_the_next_start_ends_the_erasure(small: Kept, tmp_path: Path, point: str, count: int) -> None:
    kept = copy_of(small, tmp_path / "copy")
    command = [sys.executable, "-m", "tests.e2e.die_at", point, str(count), *erase_command(kept)]
    died = subprocess.run(command, check=False, capture_output=True)
    assert died.returncode == KILLED, died.stderr
    assert_gone(kept)


def test_killed_at_random_moments_the_next_start_ends_the_erasure(small: Kept, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    luck, codes = random.Random(seed), []  # noqa: S311 - so that a failure can be seen again
    for number in range(4):
        kept = copy_of(small, tmp_path / str(number))
        with subprocess.Popen([sys.executable, "-m", "auditor", *erase_command(kept)]) as erasing:
            time.sleep(luck.uniform(1.0, 6.0))
            erasing.send_signal(signal.SIGKILL)
        codes.append(erasing.returncode)
        assert_gone(kept)
    print(codes)


def test_a_held_case_stays_and_so_does_the_rest(
    small: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from auditor.__main__ import main

    kept = copy_of(small, tmp_path / "copy")
    held: dict[str, Any] = kept.command("retention", "hold", "--triple", kept.ids(ALL[1])[0], *WHO)[0]
    assert main(erase_command(kept)) == 1
    assert f"legal hold, so nothing was erased: {held['id']}" in capsys.readouterr().err
    assert rows(kept.db, "SELECT count(*) FROM triples") == [(12,)]
    (shown,) = kept.command("retention", "show")
    assert [one["id"] for one in shown["holds"]] == [held["id"]]  # type: ignore[attr-defined]
    kept.command("retention", "release", held["id"], *WHO)
    kept.command(*erase_command(kept)[:-2])
    assert_gone(kept)
