"""10,000 records gone wrong, and good ones between them, through the real command into a real database."""

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
import pytest
from kafka import KafkaProducer

from conf.schema import load
from ingest.normalize import normalizer
from tests.e2e.audits import ledger, rows
from tests.factories import make_record
from tests.malformed import HOPELESS, KINDS, Bad, bad_records, made

if TYPE_CHECKING:
    from tests.broker import Broker

N_BAD, N_GOOD, SEED = 10_000, 2_500, 20260302
MOST_MB = 1300  # some 820 where nothing else wants the processor, more where batches wait
CHILD = """
import json, sys, threading, time
from auditor.__main__ import main
seen, done = [], threading.Event()
def watch():
    while not done.wait(0.05):
        rss = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
        seen.append(int(rss.split()[1]) // 1024)
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
code = main(sys.argv[1:])
done.set()
watcher.join()
print(json.dumps(seen), file=sys.stderr)
sys.exit(code)
"""


def good(number: int) -> bytes:
    row = {"qta": 1, "question": f"q{number}", "answer": f"a{number}", "response_id": f"good-{number:012}"}
    return orjson.dumps(row)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_something(kind: str) -> None:
    """Without a broker: nothing raises, and what nobody can read is rejected."""
    normalize = normalizer(load())
    for seed in range(1 if "bomb" in kind else 10):
        bad = made(kind, random.Random(seed))  # noqa: S311 - the same every time
        item = normalize(make_record(bad.value, headers=bad.headers))
        assert item.rejection or item.triples or item.fragments or item.empty_reason
        assert item.rejection or kind not in HOPELESS


def test_a_rejection_says_nothing_of_what_it_rejects() -> None:
    normalize = normalizer(load())
    for bad in bad_records(SEED, 400):
        rejection = normalize(make_record(bad.value, headers=bad.headers)).rejection
        if rejection:
            assert rejection.detail.isascii()
            assert rejection.detail.isprintable()
            assert "Nine." not in rejection.detail
            assert len(rejection.detail) < 200


def produced(broker: "Broker", bad: list[Bad]) -> tuple[str, dict[tuple[int, int], Bad]]:
    """A topic in which bad and good records are mixed, and where the bad ones lie."""
    topic = broker.create_topic(f"bad-{uuid4().hex[:8]}", 4)
    mixed: list[Bad] = [*bad, *(Bad("good", good(number)) for number in range(N_GOOD))]
    random.Random(SEED).shuffle(mixed)  # noqa: S311 - the same every time
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", max_request_size=64 * 2**20, linger_ms=20)
    sent = [
        (producer.send(topic, one.value, headers=list(one.headers), partition=at % 4), one)
        for at, one in enumerate(mixed)
    ]
    found = [(future.get(timeout=60), one) for future, one in sent]
    producer.close()
    places = {(place.partition, place.offset): one for place, one in found if one.kind != "good"}
    return f"kafka://{broker.bootstrap}/{topic}", places


def large_files(folder: Path) -> dict[str, bytes]:
    """The record in each file: 100 MB of a string, of zeros, of bytes that are nothing; and arrays in arrays."""
    folder.mkdir()
    n_bytes = 100_000_000
    values = {
        "string.jsonl": b'{"qta":1,"question":"' + b"x" * n_bytes + b'","answer":"a"}',
        "deep.json": b"[" * 3_000_000,
        "zeros.bin": bytes(n_bytes),
        "noise.pb": random.Random(SEED).randbytes(n_bytes),  # noqa: S311 - the same every time
    }
    for name, value in values.items():
        (folder / name).write_bytes(b"[" * name.endswith(".json") + value)  # an element of an array is a record
    return values


@pytest.mark.kafka
def test_ten_thousand_bad_records_are_each_accounted_for(broker: "Broker", tmp_path: Path) -> None:
    source, places = produced(broker, bad_records(SEED, N_BAD))
    files = large_files(tmp_path / "large")
    db = tmp_path / "a.duckdb"
    command = [sys.executable, "-c", CHILD, "run", source, str(tmp_path / "large"), "--db", str(db)]
    done = subprocess.run(
        [*command, "--backend", "scripted", "--json"], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr

    outcomes = rows(db, 'SELECT source, "partition", "offset", state, triple_ids FROM outcomes')
    states = {(partition, offset): state for name, partition, offset, state, _ in outcomes if name.startswith("kafka")}
    assert len(outcomes) == len(states) + len(files) == N_BAD + N_GOOD + len(files)
    assert ledger(db)  # and it balances

    letters = {
        (partition, offset): value
        for name, partition, offset, value in rows(db, 'SELECT source, "partition", "offset", value FROM dead_letters')
        if name.startswith("kafka")
    }
    assert letters.keys() == {place for place, state in states.items() if state == "rejected"}
    assert {place: places[place].value for place in letters} == letters
    assert {places[place].kind for place in places.keys() - letters.keys()}.isdisjoint(HOPELESS)

    kept = rows(db, "SELECT question, answer FROM triples WHERE response_id LIKE 'good-%'")
    assert sorted(kept) == sorted((f"q{number}", f"a{number}") for number in range(N_GOOD))
    assert [state for place, state in states.items() if place not in places] == ["scored"] * N_GOOD

    limit = load().ingest.max_record_bytes + 1
    large = dict(rows(db, "SELECT source, value FROM dead_letters WHERE source LIKE 'file:%'"))
    assert {Path(name).name: value for name, value in large.items()} == {name: v[:limit] for name, v in files.items()}

    used = orjson.loads(done.stderr.splitlines()[-1])
    print(f"memory at most {max(used)} MB, at the end {used[-1]} MB")
    assert max(used) < MOST_MB
