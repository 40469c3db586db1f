from collections.abc import Sequence

import pytest

from ingest.dead_letters import DeadLetter, letter_of, message_of, target_of, without_value
from ingest.errors import SourceSyntax
from ingest.qta import Normalized, Record, Rejection, Withheld
from tests.factories import make_item, make_position, make_record, make_triple

HEADERS = (("tenant", b"acme"), ("raw", b"\x00\xff"))
SOURCE = "kafka:cluster1/agent-logs"


def letter(record: Record, reason: str = "not_json", detail: str = "9 bytes") -> DeadLetter:
    found = letter_of(Normalized(record, None, rejection=Rejection(record.position, reason, detail)))
    assert found
    return found


def test_a_message_is_the_record_byte_for_byte_with_connects_headers_behind_its_own() -> None:
    record = make_record(b"\x00{broken", 7, SOURCE, key=b"k\xff", headers=HEADERS, timestamp_ms=5)
    message = message_of(letter(record))
    assert (message.value, message.key, message.headers[:2]) == (record.value, record.key, HEADERS)
    assert dict(message.headers[2:]) == {
        "__connect.errors.topic": b"agent-logs",
        "__connect.errors.partition": b"0",
        "__connect.errors.offset": b"7",
        "__connect.errors.connector.name": b"traceaudit",
        "__connect.errors.task.id": b"0",
        "__connect.errors.stage": b"decode",
        "__connect.errors.class.name": b"ingest.normalize",
        "__connect.errors.exception.class.name": b"traceaudit.not_json",
        "__connect.errors.exception.message": b"not_json: 9 bytes",
        "__connect.errors.exception.stacktrace": b"none",
        "traceaudit.source": SOURCE.encode(),
        "traceaudit.sha256": b"fdc3fa76d5ea2b1a9f38d15a8d63ef4a82fb5f2fdd4cf9d69f5e39d07c0e7d36",
        "traceaudit.n_bytes": b"8",
        "traceaudit.timestamp_ms": b"5",
    } | {"traceaudit.sha256": letter(record).sha256.encode()}


def test_a_letter_too_large_for_the_topic_goes_with_its_hash_in_place_of_its_bytes() -> None:
    found = letter(make_record(b"x" * 100, 1, SOURCE, key=b"secret", headers=HEADERS))
    message = without_value(found, "too large")
    assert (message.value, message.key) == (b"", None)
    assert dict(message.headers)["traceaudit.n_bytes"] == b"100"
    assert dict(message.headers)["traceaudit.note"] == b"too large"
    assert "tenant" not in dict(message.headers)


def test_what_masking_withheld_goes_nowhere() -> None:
    record = Record(make_position(3, SOURCE), b"", withheld=Withheld("ab" * 32, 12))
    found = letter(record)
    assert (found.sha256, found.n_bytes) == ("ab" * 32, 12)
    message = message_of(found)
    assert (message.value, message.key) == (b"", None)
    assert dict(message.headers)["traceaudit.note"] == b"withheld by masking"


def test_a_record_with_triples_is_no_letter() -> None:
    assert letter_of(make_item(0, make_triple())) is None


@pytest.mark.parametrize(
    ("text", "sources", "brokers"),
    [
        ("kafka://b:1/dead", ["logs/"], ("b:1",)),
        ("dead", ["kafka://a:1,b:1/x", "logs/"], ("a:1", "b:1")),
        ("dead", ["kafka://a:1/x", "kafka://a:1/y?group=g"], ("a:1",)),
        ("kafka://b:1/x", ["kafka://a:1/x"], ("b:1",)),
    ],
)
def test_a_topic_is_named_in_full_or_by_its_name_on_the_cluster_that_is_read(
    text: str, sources: Sequence[str], brokers: tuple[str, ...]
) -> None:
    assert target_of(text, sources).brokers == brokers


@pytest.mark.parametrize(
    ("text", "sources", "says"),
    [
        ("dead", ["logs/"], "no topic is read"),
        ("dead", ["kafka://a:1/x", "kafka://b:1/x"], "several clusters are read"),
        ("kafka://a:1/x", ["kafka://a:1/x"], "is read itself"),
        ("x", ["kafka://a:1/y,x"], "is read itself"),
        ("kafka://a:1/x,y", ["logs/"], "write one topic"),
        ("kafka://a:1/", ["logs/"], "write it as kafka://"),
    ],
)
def test_a_topic_that_cannot_take_them_is_refused(text: str, sources: Sequence[str], says: str) -> None:
    with pytest.raises(SourceSyntax, match=says):
        target_of(text, sources)
