"""What a micro-batch covers: read off the checkpoint's files as Spark writes them, with what is missing named."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.errors import ConfigError
from conf.schema import load
from ingest.errors import SourceChanged
from ingest.qta import Gap, Position, Record
from ingest.spark_options import security, source_options
from ingest.spark_ranges import Span, offsets_in, spans_of
from ingest.spark_rows import Rows
from ingest.topics import NO_RECORD, RETENTION, parse_topics

SOURCE = "kafka:c/t"
OFFSETS = 'v1\n{"batchWatermarkMs":0,"conf":{"a":"{}"}}\n{"t":{"0":4,"1":7},"u":{"0":0}}'
INITIAL = '\0v1\n{"t":{"0":0,"1":2}}\n'
TYPES = {
    "topic": pa.string(),
    "partition": pa.int32(),
    "offset": pa.int64(),
    "key": pa.binary(),
    "value": pa.binary(),
    "headers": pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())])),
    "timestamp_ms": pa.int64(),
}


def batch(*offsets: int, partition: int = 0) -> pa.RecordBatch:
    rows = [{"topic": "t", "partition": partition, "offset": at, "value": b"%d" % at} for at in offsets]
    return pa.RecordBatch.from_pylist(rows, pa.schema(list(TYPES.items())))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(OFFSETS, {("t", 0): 4, ("t", 1): 7, ("u", 0): 0}), (INITIAL, {("t", 0): 0, ("t", 1): 2})],
    ids=["offsets", "initial"],
)
def test_the_files_of_a_checkpoint_are_read(text: str, wanted: dict[tuple[str, int], int]) -> None:
    assert offsets_in(text) == wanted


def test_a_partition_that_was_added_begins_at_0_and_one_without_news_is_empty() -> None:
    spans = spans_of({("t", 0): 4}, {("t", 0): 4, ("t", 1): 3}, {("t", 1): 1}, {"t": SOURCE})
    assert spans == {("t", 0): Span(SOURCE, 0, 4, 4), ("t", 1): Span(SOURCE, 1, 0, 3, first=1)}


@pytest.mark.parametrize("after", [{("t", 0): 3}, {}], ids=["shorter", "gone"])
def test_a_topic_that_was_made_anew_is_not_read_on(after: dict[tuple[str, int], int]) -> None:
    with pytest.raises(SourceChanged, match="kafka:c/t partition 0"):
        spans_of({("t", 0): 4}, after, {}, {"t": SOURCE})


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_what_is_missing_is_named_once_and_what_the_broker_deleted_as_such(first: int, at: int, more: int) -> None:
    gaps = list(Span(SOURCE, 0, 0, 20, first).gaps(at, at + more))
    named = {offset: gap.reason for gap in gaps for offset in range(gap.first, gap.last + 1)}
    assert named == {offset: RETENTION if offset < first else NO_RECORD for offset in range(at, at + more)}
    assert sum(gap.last - gap.first + 1 for gap in gaps) == more


def test_rows_are_records_with_the_gaps_between_them_from_where_the_span_begins() -> None:
    source = Rows([batch(3, 4), batch(7), batch(1, partition=1)], {("t", 0): Span(SOURCE, 0, 2, 9)} | spans_of_one())
    polls = [source.poll() for _ in range(4)]
    assert [poll.starts for poll in polls] == [{(SOURCE, 0): 2}, {}, {(SOURCE, 1): 1}, {}]
    assert [poll.exhausted for poll in polls] == [False, False, False, True]
    first, *records = polls[0].items
    assert first == Gap(SOURCE, 0, 2, 2, NO_RECORD)
    assert records == [Record(Position(SOURCE, 0, at), b"%d" % at) for at in (3, 4)]
    assert polls[1].items[0] == Gap(SOURCE, 0, 5, 6, NO_RECORD)


def spans_of_one() -> dict[tuple[str, int], Span]:
    return spans_of({("t", 1): 1}, {("t", 1): 2}, {}, {"t": SOURCE})


def test_a_record_keeps_key_headers_and_time_and_an_empty_value_is_one() -> None:
    row = {"topic": "t", "partition": 0, "offset": 0, "key": b"k", "value": None, "timestamp_ms": 5}
    row |= {"headers": [{"key": "tenant", "value": b"a"}, {"key": "none", "value": None}]}
    source = Rows(
        [pa.RecordBatch.from_pylist([row], pa.schema(list(TYPES.items())))], {("t", 0): Span(SOURCE, 0, 0, 1)}
    )
    wanted = Record(Position(SOURCE, 0, 0), b"", b"k", (("tenant", b"a"), ("none", b"")), 5)
    assert source.poll().items == (wanted,)


def test_partitions_are_never_cut_and_what_is_not_committed_is_never_read() -> None:
    options = source_options(parse_topics("kafka://a:1,b:2/t,u"), load())
    assert not [name for name in options if name.lower() in {"minpartitions", "maxrecordsperpartition"}]
    assert (options["kafka.isolation.level"], options["subscribe"]) == ("read_committed", "t,u")
    assert options["kafka.bootstrap.servers"] == "a:1,b:2"


def test_credentials_and_files_go_to_the_java_client(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.write_text("the authority")
    values = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-256", "ssl_cafile": str(ca)}
    settings = load(overrides={f"kafka.{name}": value for name, value in values.items()}).kafka
    with pytest.raises(ConfigError, match="TRACEAUDIT_KAFKA_USERNAME"):
        security(settings)
    monkeypatch.setenv("TRACEAUDIT_KAFKA_USERNAME", "us")
    monkeypatch.setenv("TRACEAUDIT_KAFKA_PASSWORD", 'pa"ss')
    options = security(settings)
    assert options["ssl.truststore.certificates"] == "the authority"
    assert 'username="us" password="pa\\"ss";' in options["sasl.jaas.config"]
