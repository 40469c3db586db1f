"""Records that cannot be read: into the table and the topic byte for byte, and out again once they can."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from auditor.__main__ import main
from tests.e2e.audits import OUTCOMES, VERDICTS, ledger, messages, rows, run, traceaudit
from tests.reports.web.service import serving

if TYPE_CHECKING:
    from tests.broker import Broker

GOOD = {"qta": 1, "question": "How deep?", "thinking": "Let me see.", "answer": "Nine.", "response_id": "r-0123456789"}
# Nothing tells the format of these; pinned to sharegpt, they can be read.
UNMARKED, OTHER = (
    json.dumps({"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": said}]}).encode()
    for said in ("So.", "Thus.")
)
BROKEN = b'{"qta": 1, broken \x00\xff\n'
LETTERS = (
    "SELECT reason, detail, stage, value, key, headers, n_bytes, replayed_at IS NULL, replay_state "
    'FROM dead_letters ORDER BY "partition", "offset"'
)
READ_IT = ("--set", "ingest.format=sharegpt", "--backend", "scripted")


def letters(db: Path, *options: str) -> list[dict[str, Any]]:
    return traceaudit("dead-letters", "list", "--db", str(db), "--json", *options)


def replay(db: Path, *options: str) -> dict[str, Any]:
    (summary,) = traceaudit("dead-letters", "replay", "--db", str(db), "--json", *options)
    return summary


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The database of an audit that met one good record, three that are not marked, and two broken ones."""
    lines = [json.dumps(GOOD).encode(), UNMARKED, b"{", OTHER, b"[}", UNMARKED]
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    run(str(tmp_path / "log.jsonl"), tmp_path / "a.duckdb")
    return tmp_path / "a.duckdb"


def test_they_are_listed_with_their_reasons_and_without_their_text(db: Path) -> None:
    found = letters(db)
    assert [line["reason"] for line in found] == [*("unknown_format", "not_json") * 2, "unknown_format"]
    assert [line["n_bytes"] for line in letters(db, "--reason", "not_json")] == [1, 2]
    assert letters(db, "--source", "nowhere") == []
    assert len(letters(db, "--limit", "1")) == 1
    assert "Thus" not in json.dumps(found)


def test_those_that_can_be_read_now_are_settled_once_and_the_ledger_stays_balanced(db: Path) -> None:
    first = replay(db, *READ_IT)
    assert first["settled"] == {"duplicate": 1, "scored": 2}
    assert first["still_rejected"] == {"not_json": 2}
    assert (first["letters"], first["verdicts"]) == (5, 2)
    assert [line["replay_state"] for line in letters(db)] == ["scored", None, "scored", None, "duplicate"]
    (line,) = ledger(db)
    assert line["states"] == {"scored": 3, "duplicate": 1, "rejected": 2}
    before = rows(db, OUTCOMES), rows(db, VERDICTS), rows(db, LETTERS)
    again = replay(db, *READ_IT)
    assert (again["letters"], again["settled"], again["verdicts"]) == (2, {}, 0)
    assert (rows(db, OUTCOMES), rows(db, VERDICTS), rows(db, LETTERS)) == before


def test_they_are_read_again_while_a_service_has_the_database(db: Path) -> None:
    with serving(db):
        told = replay(db, *READ_IT)
        assert told["settled"] == {"duplicate": 1, "scored": 2}
    (line,) = ledger(db)
    assert line["states"] == {"scored": 3, "duplicate": 1, "rejected": 2}


def test_a_reason_narrows_what_is_read_again(db: Path) -> None:
    assert replay(db, *READ_IT, "--reason", "not_json")["letters"] == 2
    assert ledger(db)[0]["states"] == {"scored": 1, "rejected": 5}


def test_the_day_it_was_read_on_still_accounts_for_it(db: Path) -> None:
    before = rows(db, 'SELECT "offset", stored_at FROM outcomes ORDER BY ALL')
    replay(db, *READ_IT)
    assert rows(db, 'SELECT "offset", stored_at FROM outcomes ORDER BY ALL') == before


@pytest.mark.parametrize("statement", [0, 1])
def test_killed_while_settling_it_is_as_if_it_had_not_begun(db: Path, statement: int) -> None:
    before = rows(db, OUTCOMES), rows(db, VERDICTS), rows(db, LETTERS)
    words = ["dead-letters", "replay", "--db", str(db), *READ_IT]
    died = subprocess.run([sys.executable, "-c", DIE, str(statement), *words], check=False)
    assert died.returncode == -signal.SIGKILL
    assert (rows(db, OUTCOMES), rows(db, VERDICTS), rows(db, LETTERS)) == before
    assert replay(db, *READ_IT)["settled"] == {"duplicate": 1, "scored": 2}
    assert ledger(db)[0]["balanced"]


# Dies once the statement of that number in SETTLE was executed.
DIE = """
import os, signal, sys
from auditor import store_letters
from auditor.__main__ import main
joined, fatal = store_letters.joined, list(store_letters.SETTLE.values())[int(sys.argv[1])]
def dying(store, statement, *rest):
    result = joined(store, statement, *rest)
    if statement is fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
store_letters.joined = dying
main(sys.argv[2:])
"""


def test_bytes_come_out_as_they_went_in(db: Path, tmp_path: Path) -> None:
    letters(db, "--export", str(tmp_path / "out"))
    assert sorted(file.read_bytes() for file in (tmp_path / "out").iterdir()) == sorted(
        [UNMARKED, b"{", OTHER, b"[}", UNMARKED]
    )
    assert replay(db, "--to", str(tmp_path / "again.jsonl")) == {"letters": 5, "sent": 5, "left_out": 0}
    assert (tmp_path / "again.jsonl").read_bytes().splitlines()[:2] == [UNMARKED, b"{"]
    assert len(letters(db)) == 5


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list", "--to", "x"], "--to belongs to `traceaudit dead-letters replay`"),
        (["replay", "--limit", "3"], "--limit belongs to `traceaudit dead-letters list`"),
        (["replay", "--to", "/nowhere/x"], "/nowhere/x"),
        (["list", "--export", "/proc/x"], "/proc/x"),
    ],
)
def test_a_mistake_is_one_line(db: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["dead-letters", *words, "--db", str(db)]) in {1, 2}
    err = capsys.readouterr().err
    assert says in err
    assert err.removeprefix(f"opened {db}\n").count("\n") == 1


def filled(broker: "Broker", values: Sequence[bytes]) -> tuple[str, str]:
    """A topic with these values, with keys and headers, and one for dead letters."""
    topic, dead = (broker.create_topic(f"{kind}-{uuid4().hex[:8]}", 1) for kind in ("t", "dead"))
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=2**24)
    for number, value in enumerate(values):
        producer.send(topic, value, key=b"key\x00%d" % number, headers=[("h", b"\xff\x00")])
    producer.close()
    return topic, dead


@pytest.mark.kafka
def test_a_topic_gets_them_byte_for_byte_and_they_can_be_sent_on(broker: "Broker", tmp_path: Path) -> None:
    topic, dead = filled(broker, [json.dumps(GOOD).encode(), BROKEN, UNMARKED])
    db = tmp_path / "a.duckdb"
    run(f"kafka://{broker.bootstrap}/{topic}", db, "--set", f'dead_letters.topic="{dead}"')
    first, second = messages(broker, dead)
    assert (first.value, first.key, first.headers[0]) == (BROKEN, b"key\x001", ("h", b"\xff\x00"))
    headers = dict(first.headers)
    assert headers["__connect.errors.topic"] == topic.encode()
    assert headers["__connect.errors.offset"] == b"1"
    assert headers["__connect.errors.stage"] == b"decode"
    assert second.value == UNMARKED
    assert dict(second.headers)["__connect.errors.stage"] == b"detect"
    assert rows(db, LETTERS)[0][3:7] == (BROKEN, b"key\x001", [{"name": "h", "value": b"\xff\x00"}], len(BROKEN))

    again = broker.create_topic(f"again-{uuid4().hex[:8]}", 1)
    assert replay(db, "--to", f"kafka://{broker.bootstrap}/{again}")["sent"] == 2
    assert [(m.value, m.key, m.headers) for m in messages(broker, again)] == [
        (BROKEN, b"key\x001", [("h", b"\xff\x00")]),
        (UNMARKED, b"key\x002", [("h", b"\xff\x00")]),
    ]


@pytest.mark.kafka
def test_one_that_is_larger_than_the_topic_takes_stops_nothing(broker: "Broker", tmp_path: Path) -> None:
    large = b"{" * 200_000
    topic, dead = filled(broker, [b"{", large, b"[" * 9])
    small = broker.create_topic(f"small-{uuid4().hex[:8]}", 1, max_message_bytes="100000")
    db = tmp_path / "a.duckdb"
    run(f"kafka://{broker.bootstrap}/{topic}", db, "--set", f'dead_letters.topic="{small}"')
    found = {dict(m.headers)["__connect.errors.offset"]: m for m in messages(broker, small)}
    assert [found[b"0"].value, found[b"1"].value, found[b"2"].value] == [b"{", b"", b"[" * 9]
    assert dict(found[b"1"].headers)["traceaudit.n_bytes"] == b"200000"
    assert rows(db, LETTERS)[1][3] == large
    assert messages(broker, dead) == []


@pytest.mark.kafka
def test_when_they_cannot_be_written_nothing_advances_and_a_later_run_loses_nothing(
    broker: "Broker", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic, dead = filled(broker, [json.dumps(GOOD).encode(), BROKEN])
    tiny = broker.create_topic(f"tiny-{uuid4().hex[:8]}", 1, max_message_bytes="100")
    db, source = tmp_path / "a.duckdb", f"kafka://{broker.bootstrap}/{topic}"
    words = ["run", source, "--backend", "scripted", "--db", str(db), "--set"]
    for target, says in (
        ("nowhere", "no such topic"),
        ("kafka://127.0.0.1:1/dead", "no broker answers within"),
        (tiny, "takes not even the headers"),
    ):
        assert main([*words, f'dead_letters.topic="{target}"', "--set", "kafka.connect_timeout_s=3"]) == 1
        err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("traceaudit: ")]
        assert len(err) == 1
        assert says in err[0]
        if db.exists():
            assert rows(db, "SELECT * FROM outcomes UNION ALL BY NAME SELECT * FROM positions") == []
    assert run(source, db, "--set", f'dead_letters.topic="{dead}"')["states"] == {"rejected": 1, "scored": 1}
    assert [message.value for message in messages(broker, dead)] == [BROKEN]
    assert sum(line["records"] for line in ledger(db)) == 2


# Dies with its letters acknowledged and nothing stored.
DIE_BEFORE_THE_STORE = """
import os, signal, sys
from auditor.__main__ import main
from auditor.store import Store
Store.save = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


@pytest.mark.kafka
def test_they_are_in_the_topic_before_anything_is_stored_and_a_crash_between_loses_none(
    broker: "Broker", tmp_path: Path
) -> None:
    topic, dead = filled(broker, [json.dumps(GOOD).encode(), BROKEN])
    source, db = f"kafka://{broker.bootstrap}/{topic}", tmp_path / "a.duckdb"
    to = ("--set", f'dead_letters.topic="{dead}"')
    words = ["run", source, "--backend", "scripted", "--db", str(db), *to]
    died = subprocess.run([sys.executable, "-c", DIE_BEFORE_THE_STORE, *words], check=False)
    assert died.returncode == -signal.SIGKILL
    assert rows(db, "SELECT * FROM outcomes") == []
    assert [message.value for message in messages(broker, dead)] == [BROKEN]
    assert run(source, db, *to)["states"] == {"rejected": 1, "scored": 1}
    assert len(rows(db, LETTERS)) == 1
    places = [dict(message.headers)["__connect.errors.offset"] for message in messages(broker, dead)]
    assert places == [b"1", b"1"]  # at least once, and known by where it was read
