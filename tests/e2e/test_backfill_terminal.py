"""A backfill on a terminal: it asks before it begins, and Ctrl-C ends it after the batch at hand."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.audits import rows, run, traceaudit, unique_logs

N_TRIPLES = 40
AGAIN = "SELECT count(*) FROM verdicts WHERE model_revision <> 'everything-safe'"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A backfill in steps of one triple of a database that a run made."""
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(unique_logs(N_TRIPLES, 0)) + b"\n")
    (tmp_path / "table.json").write_text("[]", encoding="utf-8")
    run(str(tmp_path / "log.jsonl"), tmp_path / "a.duckdb")
    sets = (f"auditor.scripted_table={tmp_path / 'table.json'}", "backfill.batch_triples=1")
    words = ["backfill", "--since", "2026-01-01", "--db", str(tmp_path / "a.duckdb"), "--backend", "scripted"]
    return [*words, *(word for one in sets for word in ("--set", one))]


@contextmanager
def on_a_terminal(command: list[str]) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The process, and our end of its terminal; standard output is a pipe."""
    ours, its = pty.openpty()
    words = [sys.executable, "-m", "auditor", *command]
    process = subprocess.Popen(words, stdin=its, stderr=its, stdout=subprocess.PIPE, close_fds=True)
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(ours: int, words: str) -> str:
    """What the terminal shows up to `words`, or up to the end."""
    shown, deadline = "", time.monotonic() + 60
    while words not in shown and time.monotonic() < deadline:
        try:
            shown += os.read(ours, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
    return shown


@pytest.mark.parametrize(("answer", "judged"), [(b"n\n", 0), (b"\n", 0), (b"y\n", N_TRIPLES)])
def test_it_asks_before_it_begins(command: list[str], tmp_path: Path, answer: bytes, judged: int) -> None:
    with on_a_terminal(command) as (process, ours):
        shown = read_until(ours, "begin? [y/N]")
        assert f"{N_TRIPLES} of {N_TRIPLES} stored triples to judge" in shown
        os.write(ours, answer)
        shown = read_until(ours, "the end that never comes")
        assert process.wait(60) == 0
    assert rows(tmp_path / "a.duckdb", AGAIN) == [(judged,)]


def test_it_does_not_ask_who_said_yes(command: list[str], tmp_path: Path) -> None:
    with on_a_terminal([*command, "--yes"]) as (process, ours):
        assert "begin?" not in read_until(ours, "the end that never comes")
        assert process.wait(60) == 0
    assert rows(tmp_path / "a.duckdb", AGAIN) == [(N_TRIPLES,)]


def test_an_interrupt_ends_it_after_the_batch_and_says_how_to_go_on(command: list[str], tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.e2e.die_at", "interrupted", "3", *command, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["judged"], told["left"]) == (3, N_TRIPLES - 3)
    assert "stopping after this batch" in done.stderr
    assert f"{N_TRIPLES - 3} left; the same command goes on from here" in done.stderr
    assert traceaudit(*command, "--json")[0]["judged"] == N_TRIPLES - 3
    assert rows(tmp_path / "a.duckdb", AGAIN) == [(N_TRIPLES,)]
