"""Masking over whole runs: what is planted anywhere in any format's logs is nowhere in what a run leaves behind."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import pytest
from kafka import KafkaProducer
from PIL import ExifTags, Image

from auditor.__main__ import main
from ingest.formats import FORMATS
from tests.e2e.audits import arguments, ledger, messages, rows, run

if TYPE_CHECKING:
    from tests.broker import Broker

FIXTURES = Path(__file__).parents[1] / "ingest" / "formats"
# Each kind once, with words that stand nowhere else; found as they are, and without what stands between their digits.
CANARIES = {
    "EMAIL_ADDRESS": "canary.alice@harbour.example",
    "CREDIT_CARD": "4111 1111 1111 1111",
    "PHONE_NUMBER": "+49 30 7654321",
    "IBAN_CODE": "DE89 3704 0044 0532 0130 00",
    "IP_ADDRESS": "203.0.113.77",
    "CASE_NUMBER": "CASE-778899",
}
PLANTED = " | ".join(CANARIES.values())
ON = (
    *("--set", "masking.enabled=true", "--set", 'masking.patterns={CASE_NUMBER = "CASE-[0-9]{6}"}'),
    *("--set", "batching.max_records=2000", "--set", "assembly.enabled=false"),
)


def variants(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """`value` once for each string in it, with the canaries behind that string; JSON within strings is looked into."""
    if isinstance(value, dict):
        kind = str(value.get("key") or value.get("type") or value.get("role") or "")
        for key, inner in value.items():
            yield from ((at, {**value, key: changed}) for at, changed in variants(inner, (*path, kind, key)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for at, changed in variants(inner, (*path, "[]")):
                yield at, [*value[:place], changed, *value[place + 1 :]]
    elif isinstance(value, str):
        yield path, f"{value} {PLANTED}"
        if value.lstrip()[:1] in ("{", "["):
            try:
                yield from ((at, json.dumps(changed)) for at, changed in variants(json.loads(value), (*path, "json")))
            except ValueError:
                return


def planted_logs() -> Iterator[bytes]:
    """Every format's fixtures, each string of each place in them planted once."""
    seen = set()
    for name in FORMATS:
        for line in (FIXTURES / name / "in.jsonl").read_bytes().splitlines():
            try:
                whole = json.loads(line)
            except ValueError:
                yield line + PLANTED.encode()
                continue
            for path, changed in variants(whole):
                if (name, path) not in seen:
                    seen.add((name, path))
                    yield json.dumps(changed, ensure_ascii=False).encode()


def planted_images() -> Iterator[bytes]:
    """Records with an image of each type, the canaries in its EXIF and beside it."""
    tags = Image.Exif()
    tags[ExifTags.Base.ImageDescription] = PLANTED
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        file = BytesIO()
        options = {"comment": PLANTED.encode()} if kind == "GIF" else {"exif": tags.tobytes()}
        Image.new("RGB", (3, 3), kind and "red").save(file, kind, **options)
        data = base64.b64encode(file.getvalue() + PLANTED.encode()).decode()
        yield json.dumps({"qta": 1, "question": kind, "answer": "a", "images": [{"data": data}]}).encode()


def planted_labels() -> bytes:
    """A record with the canaries in all that says whose it is."""
    names = ("tenant", "application", "user", "model", "conversation_id", "response_id")
    return json.dumps({"qta": 1, "question": "q", "answer": "a", **dict.fromkeys(names, PLANTED)}).encode()


@pytest.fixture(scope="module")
def planted(broker: "Broker") -> tuple[str, str]:
    """A SOURCE of all that is planted, each record of another tenant and so never a duplicate; a topic for letters."""
    topic, dead = (broker.create_topic(f"{kind}-{uuid4().hex[:8]}", 1) for kind in ("planted", "dead"))
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20)
    values = [*planted_logs(), *planted_images(), planted_labels(), b'{"broken": ' + PLANTED.encode()]
    for number, value in enumerate(values):
        headers = [("tenant", b"t%d" % number), ("note", PLANTED.encode())]
        producer.send(topic, value, key=PLANTED.encode(), headers=headers)
    producer.close()
    return f"kafka://{broker.bootstrap}/{topic}", dead


def found_in(db: Path) -> dict[str, int]:
    """How often each canary stands in a database, its texts read and its bytes looked through, and in its images."""
    files = [file for file in db.parent.rglob("*") if file.is_file() and file.name.startswith(db.name)]
    files += [file for file in db.with_name(f"{db.name}.blobs").rglob("*") if file.is_file()]
    haystack = b"\n".join(file.read_bytes() for file in files) + texts_of(db)
    return {name: haystack.count(canary.encode()) for name, canary in CANARIES.items()}


def texts_of(db: Path) -> bytes:
    """Every value of every table, since a file of them may be compressed."""
    with duckdb.connect(str(db), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        cells = [connection.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables]  # noqa: S608
    return repr(cells).encode()


@pytest.mark.kafka
def test_with_masking_on_nothing_planted_is_left_anywhere(
    planted: tuple[str, str], broker: "Broker", tmp_path: Path
) -> None:
    (source, dead), db = planted, tmp_path / "a.duckdb"
    summary = run(source, db, *ON, "--set", f'dead_letters.topic="{dead}"')
    assert found_in(db) == dict.fromkeys(CANARIES, 0)
    assert summary["records"] == sum(line["records"] for line in ledger(db))
    letters = messages(broker, dead)
    assert len(letters) == summary["states"]["rejected"] > 0
    assert not [m for m in letters if m.value or m.key or any(c in repr(m.headers) for c in CANARIES.values())]
    assert rows(db, "SELECT count(*) FROM dead_letters WHERE value IS NULL AND n_bytes > 0") == [(len(letters),)]
    assert rows(db, "SELECT DISTINCT key, headers[1].name, len(headers) FROM dead_letters") == [(None, "tenant", 1)]
    assert len(list(db.with_name(f"{db.name}.blobs").glob("*/*"))) >= 4
    # What was planted came as far as each text that is kept, from each format; else there would be nothing to mask.
    for column in ("question", "thinking", "answer", "system_prompt", "context", "tool_calls", "application", "model"):
        query = f"SELECT count(*) FROM triples WHERE contains({column}::VARCHAR, '<EMAIL_ADDRESS>')"  # noqa: S608
        assert rows(db, query)[0][0] > 0, column
    masked = rows(db, "SELECT format, count(*) FROM triples WHERE contains(question, '<CASE_NUMBER>') GROUP BY ALL")
    assert {name for name, _ in masked} == set(FORMATS)


@pytest.mark.kafka
def test_with_masking_off_all_of_it_is_there(planted: tuple[str, str], tmp_path: Path) -> None:
    """Else the test above would find nothing whatever masking did."""
    db = tmp_path / "a.duckdb"
    run(planted[0], db, *ON, "--set", "masking.enabled=false")
    assert min(found_in(db).values()) > 500


def test_records_that_masking_withheld_can_be_told_and_not_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "a.duckdb"
    (tmp_path / "log.jsonl").write_bytes(b'{"broken": ' + PLANTED.encode())
    run(str(tmp_path / "log.jsonl"), db, *ON)
    assert main(["dead-letters", "replay", "--db", str(db), "--backend", "scripted", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["withheld"] == 1


def test_without_its_library_masking_starts_nothing(tmp_path: Path) -> None:
    """In a process of its own, since the library is loaded here."""
    code = "import sys; sys.modules['presidio_analyzer'] = None; from auditor.__main__ import main; sys.exit(main())"
    (tmp_path / "log.jsonl").write_text('{"qta": 1, "question": "q", "answer": "a"}')
    words = arguments("run", str(tmp_path / "log.jsonl"), tmp_path / "a.duckdb", *ON)
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "traceaudit: masking needs the extra 'mask': pip install 'traceaudit[mask]'"
    assert rows(tmp_path / "a.duckdb", "SELECT * FROM outcomes") == []
