"""Commands beside a running audit, as real processes: it answers, of one instant; killed, nothing is lost."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from auditor.service import find_service
from tests.e2e.audits import ledger, rows
from tests.e2e.fleet import QUICK, wait_until

if TYPE_CHECKING:
    from tests.broker import Broker

N_BATCH = 40
ODD = """
import sys
from auditor.__main__ import main
from auditor.questions import QUESTIONS
from tests.auditor.odd_questions import ODD
QUESTIONS.update(ODD)
sys.exit(main(sys.argv[1:]))
"""
ASK = """
import sys
from auditor.owner import ask
from auditor.questions import QUESTIONS
from conf.cli import guarded
from conf.schema import load
from tests.auditor.odd_questions import ODD
QUESTIONS.update(ODD)
def asked(argv):
    return int(ask(load(overrides={"store.path": repr(argv[0])}), argv[1], *map(float, argv[2:])))
sys.exit(guarded(asked, sys.argv[1:]))
"""


def line(number: int) -> bytes:
    fields = {"qta": 1, "question": f"q{number}", "thinking": "t", "answer": "a", "response_id": f"r{number}"}
    return json.dumps(fields | {"tenant": f"tenant-{number % 3}"}).encode() + b"\n"


class Feed:
    """An audit of a log that grows, in batches of one size, until it is told to end."""

    def __init__(self, db: Path, *python: str) -> None:
        settings = [f"batching.max_records={N_BATCH}", "batching.max_age_s=600"]
        words = ["run", "-", "--backend", "scripted", "--db", str(db), "--json"]
        words += [word for setting in settings for word in ("--set", setting)]
        python = python or ("-m", "auditor")
        self.process = subprocess.Popen(
            [sys.executable, *python, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self) -> None:
        assert self.process.stdin
        number = 0
        try:
            while not self.stop.is_set():
                self.process.stdin.writelines(line(number + n) for n in range(N_BATCH))
                self.process.stdin.flush()
                number += N_BATCH
                time.sleep(0.05)
            self.process.stdin.close()
        except OSError:  # it was killed
            return

    def end(self) -> dict[str, Any]:
        """What it told when it had read to the end."""
        self.stop.set()
        self.thread.join()
        self.process.stdin = None
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, err
        summary: dict[str, Any] = json.loads(out)
        return summary


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "a.duckdb"


@pytest.fixture
def feed(db: Path) -> Iterator[Feed]:
    one = Feed(db)
    yield one
    one.stop.set()
    one.process.kill()
    one.process.wait()


def command(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words], input=given, capture_output=True, text=True, check=False
    )


def begun(db: Path, feed: Feed) -> None:
    """Wait until a few batches are stored."""
    wait_until(lambda: find_service(str(db)) or feed.process.poll() is not None)
    wait_until(lambda: n_stored(db) >= 2 * N_BATCH)


def n_stored(db: Path) -> int:
    done = command("ledger", "--db", str(db), "--json")
    assert done.returncode == 0, done.stderr
    return sum(json.loads(told)["records"] for told in done.stdout.splitlines())


@pytest.mark.slow
def test_reports_beside_a_running_audit_are_each_of_one_instant(db: Path, feed: Feed, tmp_path: Path) -> None:
    """Batches of one size come whole, each record with its triple and verdict: in each report all counts agree."""
    begun(db, feed)
    asked = f"asked the run at http://127.0.0.1:{find_service(str(db)).port} (PID {feed.process.pid})"  # type: ignore[union-attr]
    seen = []
    for _ in range(4):
        done = command("report", "--db", str(db), "--out", str(tmp_path / "out"), "--json")
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines() == [asked]
        files = [Path(name) for name in json.loads(done.stdout)["files"]]
        told = json.loads(next(name for name in files if name.suffix == ".json").read_text())
        seen.append(assert_of_one_instant(told))
    assert seen == sorted(set(seen))
    assert seen[-1] <= feed.end()["records"]
    assert all(one["balanced"] for one in ledger(db))


def assert_of_one_instant(told: dict[str, Any]) -> int:
    """The number of records, which every part of the report agrees on."""
    n = int(told["totals"]["records"])
    assert n > 0
    assert n % N_BATCH == 0
    assert told["totals"]["difference"] == 0
    assert told["totals"]["states"]["scored"] == told["verdicts"]["triples"] == n
    assert sum(one["triples"] for one in told["by_tenant"]) == n
    return n


def test_votes_come_in_and_go_out_beside_a_running_audit(db: Path, feed: Feed) -> None:
    begun(db, feed)
    wanted = rows_of(command("doctor", "-", "--json", given=line(1).decode()))[0]["triples"][0]["id"]
    vote = {"triple_id": wanted, "reviewer": "r", "vote": 1, "at": "2026-01-01T00:00:00Z", "rationale": "a rationale"}
    come = command("review", "import", "-", "--db", str(db), "--json", given=json.dumps(vote))
    assert come.returncode == 0, come.stderr
    assert rows_of(come)[0]["new"] == 1
    assert f"(PID {feed.process.pid})" in come.stderr
    gone = command("review", "export", "--db", str(db))
    assert rows_of(gone)[0]["rationale"] == "a rationale"
    few = command("calibrate", "--db", str(db))
    assert (few.returncode, few.stderr.count("\n")) == (1, 2)
    assert "not calibrated" in few.stderr
    second = command("run", "-", "--backend", "scripted", "--db", str(db), given=line(0).decode())
    assert second.returncode == 1
    assert f"(PID {feed.process.pid})" in second.stderr
    assert second.stderr.count("\n") == 1
    summary = feed.end()
    assert rows(db, "SELECT count(*) FROM reviews") == [(1,)]
    assert rows(db, "SELECT count(*) FROM verdicts") == [(summary["records"],)]


def rows_of(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(told) for told in done.stdout.splitlines()]


def test_an_owner_that_is_killed_while_it_answers_is_one_line_and_then_the_file_is_opened(db: Path) -> None:
    feed = Feed(db, "-c", ODD)
    begun(db, feed)
    with subprocess.Popen(
        [sys.executable, "-c", ASK, str(db), "test.sleep", "60"], stderr=subprocess.PIPE, text=True
    ) as asker:
        wait_until(lambda: n_connections(feed.process.pid, db) > 0)
        feed.process.kill()
        feed.process.wait()
        _, said = asker.communicate(timeout=60)
    assert asker.returncode == 1
    assert said.count("\n") == 1
    assert said.startswith("traceaudit: the run at ")
    assert "went away when asked" in said
    after = command("ledger", "--db", str(db))
    assert after.stderr == f"opened {db}\n"
    assert all(one["balanced"] for one in ledger(db))


def n_connections(pid: int, db: Path) -> int:
    """How many others are connected to the process's local API."""
    service = find_service(str(db))
    assert service
    assert service.pid == pid
    port = f"0100007F:{service.port:04X}"
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    return sum(entry.split()[1] == port and entry.split()[3] == "01" for entry in table[1:])


@pytest.mark.kafka
def test_a_run_that_follows_a_topic_answers_too(db: Path, broker: "Broker", tmp_path: Path) -> None:
    topic = broker.create_topic(f"t-{uuid4().hex[:8]}", 2)
    broker.produce(topic, [line(n) for n in range(90)])
    settings = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    words = ["run", f"kafka://{broker.bootstrap}/{topic}", "--follow", "--db", str(db), *settings]
    with subprocess.Popen([sys.executable, "-m", "auditor", *words], stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: find_service(str(db)))
            wait_until(lambda: n_stored(db) == 90)
            made = command("report", "--db", str(db), "--out", str(tmp_path / "out"))
            assert "0 of 90 exchanges need a person" in made.stdout
            assert f"asked the run at http://127.0.0.1:{find_service(str(db)).port}" in made.stderr  # type: ignore[union-attr]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
