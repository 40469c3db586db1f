"""The schedule as users run it: by cron and inside the service; each night once, whoever is killed when."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.store import Store
from tests.reports.seed import judged, seed
from tests.reports.sending.servers import Hook, hook_server

N_NIGHTS = 4
NOW = datetime.now(UTC)
NIGHTS = [(NOW.date() - timedelta(days=n)).isoformat() for n in range(N_NIGHTS, 0, -1)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as running:
        yield running


def prepared(folder: Path, url: str) -> Path:
    """A database whose nightly job was first looked for some nights ago, and a configuration that sends to a hook."""
    noon = NOW.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
    with Store.open(str(folder / "a.duckdb")) as store:
        seed(store, [judged(n, 0.97 if n == 0 else 0.6, noon - timedelta(days=2)) for n in range(3)])
        since = noon - timedelta(days=N_NIGHTS)
        store.connection.execute("INSERT INTO job_marks VALUES ('nightly', ?)", [since])
        store.connection.execute("INSERT INTO job_marks VALUES ('golden', ?)", [since])
        store.connection.execute("INSERT INTO alert_marks VALUES ('ops', ?)", [since])
    config = folder / "mine.toml"
    config.write_text(f"""
[store]
path = "{folder / "a.duckdb"}"
[report]
out_dir = "{folder / "out"}"
[auditor]
backend = "scripted"
[serve]
port = 0
[schedule]
nightly = "1 0 * * *"
weekly = ""
monthly = ""
checkpoint = ""
urgent_s = 0.2
[delivery.ops]
channel = "webhook"
what = ["nightly", "urgent"]
url = "{url}"
details = true
""")
    return config


def start(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "auditor", *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with Store.open(str(folder / "a.duckdb")) as store:
        return store.connection.execute(query).fetchall()


def told(hook: Hook) -> dict[str, set[str]]:
    """Subjects that were posted, with the ids under which they came."""
    found: dict[str, set[str]] = {}
    for headers, body in hook.posts:
        found.setdefault(json.loads(body)["details"]["subject"], set()).add(headers["webhook-id"])
    return found


def assert_each_night_once(folder: Path, hook: Hook) -> None:
    runs = rows(folder, "SELECT period, state FROM job_runs WHERE job = 'nightly' ORDER BY due_at")
    assert runs == [(night, "done") for night in NIGHTS]
    query = "SELECT subject FROM events WHERE kind = 'job.run' AND contains(details, '\"done\"') ORDER BY seq"
    ended = [(subject,) for (subject,) in rows(folder, query) if subject.startswith("nightly/")]
    assert ended == [(f"nightly/{night}",) for night in NIGHTS]
    assert {f"audit-{night}.html" for night in NIGHTS} <= {path.name for path in (folder / "out").iterdir()}
    subjects = told(hook)
    assert {f"nightly/{night}" for night in NIGHTS} <= set(subjects)
    assert len([subject for subject in subjects if subject.startswith("urgent/")]) == 1
    assert {len(ids) for ids in subjects.values()} == {1}
    assert rows(folder, "SELECT DISTINCT state FROM deliveries") == [("sent",)]


def test_cron_runs_what_is_due_once_however_many_start_at_a_time(tmp_path: Path, hook: Hook) -> None:
    config = prepared(tmp_path, hook.url)
    words = ("schedule", "run-due", "--json", "--config", str(config))
    for _ in range(2):
        running = [start(*words) for _ in range(3)]
        ended = [(process.communicate(timeout=120), process.returncode) for process in running]
        assert 0 in {code for _, code in ended}
        for (_, errors), code in ended:
            assert code == 0 or ("in use by" in errors and "Traceback" not in errors)
    assert_each_night_once(tmp_path, hook)
    assert len(hook.posts) == N_NIGHTS + 1


@pytest.mark.slow
def test_cron_that_is_killed_again_and_again_gets_there_and_runs_each_night_once(tmp_path: Path, hook: Hook) -> None:
    config = prepared(tmp_path, hook.url)
    for pause_s in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0):
        process = start("schedule", "run-due", "--config", str(config))
        time.sleep(pause_s)
        process.kill()
        process.communicate()
    process = start("schedule", "run-due", "--config", str(config))
    assert "Traceback" not in process.communicate(timeout=120)[1]
    assert process.returncode == 0
    assert_each_night_once(tmp_path, hook)


def test_the_service_without_a_topic_of_outcomes_makes_reports_and_tells_what_is_urgent(
    tmp_path: Path, hook: Hook
) -> None:
    config = prepared(tmp_path, hook.url)
    process = start("serve", "--config", str(config), "--set", "schedule.golden=7 * * * *")
    try:
        deadline = time.monotonic() + 90
        while len(told(hook)) <= N_NIGHTS and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.2)
        time.sleep(20)  # the golden set comes after the reports; another process tries it, which the service hears of
        other = start("schedule", "run-due", "--config", str(config))
        assert "runs what is due itself" in other.communicate(timeout=60)[1]
        assert other.returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "no topic of outcomes" in errors
    assert_each_night_once(tmp_path, hook)
    ((state, detail),) = rows(tmp_path, "SELECT state, detail FROM job_runs WHERE job = 'golden'")
    assert state == "done"
    assert detail.endswith("alarms")
    assert rows(tmp_path, "SELECT count(*) FROM golden_runs") == [(1,)]


def test_a_run_tells_what_is_urgent_before_it_ends(tmp_path: Path, hook: Hook) -> None:
    config = tmp_path / "mine.toml"
    table = tmp_path / "table.json"
    rule = {"contains": "", "completion": "“Analysis”: harm.\n“Judgment”: 1", "p": [0.01, 0.01, 0.98]}
    table.write_text(json.dumps([rule]))
    config.write_text(f"""
[store]
path = "{tmp_path / "a.duckdb"}"
[auditor]
backend = "scripted"
scripted_table = "{table}"
diagnose = false
[delivery.ops]
channel = "webhook"
what = ["urgent"]
url = "{hook.url}"
""")
    line = {"qta": 1, "question": "q", "thinking": "t", "answer": "a", "response_id": "r1"}
    (tmp_path / "log.jsonl").write_text(json.dumps(line) + "\n")
    for _ in range(2):
        process = start("run", str(tmp_path / "log.jsonl"), "--config", str(config))
        assert process.communicate(timeout=120)[1].count("Traceback") == 0
        assert process.returncode == 0
    ((_, body),) = hook.posts
    assert "1 exchange is urgent" in json.loads(body)["text"]
