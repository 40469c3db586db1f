"""OTLP in protobuf, written from the JSON fixtures with OpenTelemetry's own types."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from conf.schema import load
from ingest.formats.otlp_proto import otlp_in
from ingest.normalize import normalize
from ingest.qta import Normalized
from tests.factories import make_record

CONFIG = load()
IDS = ("traceId", "spanId", "parentSpanId")
HERE = Path(__file__).parent


def become(value: bytes) -> Normalized:
    return normalize(make_record(value), CONFIG.ingest, CONFIG.images)


def as_bytes(value: Any) -> Any:
    """OTLP JSON with its ids in base64, as protobuf's own JSON has bytes."""
    if isinstance(value, dict):
        return {
            name: base64.b64encode(bytes.fromhex(held)).decode() if name in IDS else as_bytes(held)
            for name, held in value.items()
        }
    return [as_bytes(item) for item in value] if isinstance(value, list) else value


def in_protobuf(line: dict[str, Any]) -> bytes:
    request = ExportTraceServiceRequest() if "resourceSpans" in line else ExportLogsServiceRequest()
    ParseDict(as_bytes(line), request)
    return bytes(request.SerializeToString())


def fixtures() -> list[bytes]:
    """The lines that are OTLP as its specification has it, no older field names or ids in base64."""
    lines = [json.loads(line) for line in (HERE / "otel_genai" / "in.jsonl").read_bytes().splitlines()]
    return [json.dumps(line).encode() for line in lines if is_plain(line)]


def is_plain(line: dict[str, Any]) -> bool:
    try:
        in_protobuf(line)
    except Exception:  # noqa: BLE001 - protobuf's own errors and those of hex: what it cannot hold is no fixture here
        return False
    return "resourceSpans" in line or "resourceLogs" in line


LINES = fixtures()
assert len(LINES) > 5


@pytest.mark.parametrize("line", LINES)
def test_protobuf_is_read_as_its_json_is(line: bytes) -> None:
    value = in_protobuf(json.loads(line))
    assert become(value).triples == become(line).triples
    assert become(gzip.compress(value)).triples == become(line).triples


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_half_a_message_is_no_otlp(cut: int) -> None:
    assert otlp_in(in_protobuf(json.loads(LINES[0]))[:-cut]) is None


def test_a_span_without_whole_ids_is_no_otlp() -> None:
    line = LINES[0].replace(b'"00000000000000000000000000000001"', b'"0001"')
    assert otlp_in(in_protobuf(json.loads(line))) is None


@given(st.binary(max_size=200))
def test_random_bytes_are_no_otlp(tail: bytes) -> None:
    assert otlp_in(b"\x0a" + tail) is None


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damaged_bytes_give_a_reason(place: int, wrong: bytes) -> None:
    value = in_protobuf(json.loads(LINES[0]))
    item = become(value[:place] + wrong + value[place + len(wrong) :])
    assert item.triples or item.rejection or item.empty_reason
