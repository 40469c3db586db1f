"""R25: whatever a log holds, none of it shows in our own logs, metrics, dead letters' headers or messages."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from ingest.formats import FORMATS
from tests.e2e.audits import arguments, messages, rows

if TYPE_CHECKING:
    from tests.broker import Broker

FIXTURES = Path(__file__).parents[1] / "ingest" / "formats"
CANARY = "zq7canary"
# Everything that a logger is told, its extra fields included, on standard error.
LOUD = """
import logging, sys
class Everything(logging.Handler):
    def emit(self, record):
        print(repr(record.__dict__), record.getMessage(), file=sys.stderr)
logging.basicConfig(level=logging.DEBUG, handlers=[Everything()])
from auditor.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def spoilt(value: Any) -> Iterator[Any]:
    """`value` once for each place in it, with something there that it cannot be: text, an object, a list, a key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            rest = {name: other for name, other in value.items() if name != key}
            yield rest | {f"{key}{CANARY}": inner}
            yield from (rest | {key: changed} for changed in spoilt(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in spoilt(inner))
    yield CANARY
    yield {CANARY: CANARY}
    yield [CANARY, [CANARY]]


def spoilt_logs() -> Iterator[bytes]:
    """Fixtures of every format, spoilt in every place; and what is no JSON, no text, not compressed and no image."""
    for name in FORMATS:
        for line in (FIXTURES / name / "in.jsonl").read_bytes().splitlines()[:2]:
            yield from (json.dumps(changed).encode() for changed in spoilt(json.loads(line)))
    said = CANARY.encode()
    yield from (
        b'{"qta": 1, "question": "' + said,
        said,
        b"\xff" + said,
        b"\x1f\x8b" + said,
        b"\x28\xb5\x2f\xfd" + said,
    )
    yield from (b"data: " + said, b"event: " + said + b"\ndata: {" + said, b"\0\0\0\0\x07" + said, b'"' + said + b'"')
    images = [f"data:image/png;base64,{CANARY}", f"https://{CANARY}/a.png", f"file:///{CANARY}", f"s3://{CANARY}/a"]
    yield json.dumps({"qta": 1, "question": CANARY, "answer": CANARY, "user": CANARY, "images": images}).encode()


def loud(*words: str) -> "subprocess.CompletedProcess[str]":
    """A command with all of its loggers at DEBUG."""
    return subprocess.run([sys.executable, "-c", LOUD, *words], capture_output=True, text=True, check=False)


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_nothing_of_a_log_shows_in_what_we_say_about_it(broker: "Broker", tmp_path: Path) -> None:
    topic, dead, again = (broker.create_topic(f"{kind}-{uuid4().hex[:8]}", 1) for kind in ("spoilt", "dead", "again"))
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20)
    said = CANARY.encode()
    for value in spoilt_logs():
        producer.send(topic, value, key=said, headers=[("tenant", said), (CANARY, said)])
    producer.close()
    source, db = f"kafka://{broker.bootstrap}/{topic}", tmp_path / "a.duckdb"

    refused = loud(*arguments("run", source, db, "--set", 'dead_letters.topic="nowhere"'))
    assert (refused.returncode, refused.stdout) == (1, "")
    ran = loud(*arguments("run", source, db, "--set", f'dead_letters.topic="{dead}"'))
    assert ran.returncode == 0, ran.stderr[-2000:]
    listed = loud("dead-letters", "list", "--db", str(db), "--limit", "0")
    replayed = loud("dead-letters", "replay", "--db", str(db), "--backend", "scripted")
    sent = loud("dead-letters", "replay", "--db", str(db), "--to", f"kafka://{broker.bootstrap}/{again}")
    masked = loud(*arguments("run", source, tmp_path / "b.duckdb", "--set", "masking.enabled=true"))
    for done in (listed, replayed, sent, masked):
        assert done.returncode == 0, done.stderr[-2000:]

    summary = json.loads(ran.stdout)
    assert min(summary["states"][state] for state in ("scored", "rejected", "empty")) > 10
    for done in (refused, ran, listed, replayed, sent, masked):
        assert len(done.stderr) + len(done.stdout) > 50
        assert lines_with(CANARY, done.stdout + done.stderr) == []
    ours = [header for message in messages(broker, dead) for header in message.headers if is_ours(header[0])]
    assert len(ours) > 100 * 10
    assert CANARY not in repr(ours)
    words = rows(db, "SELECT DISTINCT reason, detail, stage, format FROM dead_letters")
    words += rows(db, "SELECT DISTINCT reason, format, unscorable_reason FROM outcomes, verdicts")
    assert CANARY not in repr(words)


def is_ours(name: str) -> bool:
    """Whether a header is one that we add."""
    return name.startswith(("__connect.errors.", "traceaudit."))


def lines_with(word: str, text: str) -> list[str]:
    """The lines that hold a word, to be read where there should be none."""
    return [line[:300] for line in text.splitlines() if word in line]
