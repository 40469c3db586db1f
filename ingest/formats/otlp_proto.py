"""OTLP in protobuf, which collectors write to Kafka by default, becomes what OTLP JSON holds.

A message has no mark of its own, so that a value is taken for OTLP only if every span or log record in it is whole:
ids of their length, a plausible time, no field that OTLP does not have. ExportTraceServiceRequest and TracesData are
the same on the wire, and so are ExportLogsServiceRequest and LogsData.

Source: opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto, logs/v1/logs.proto, common/v1/common.proto.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

FIRST_FIELD = b"\x0a"  # field 1 of both messages, and all that they have
TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
EARLIEST_NS, LATEST_NS = 946_684_800 * 10**9, 4_102_444_800 * 10**9  # the years 2000 and 2100
MAX_SEVERITY = 24


def otlp_in(value: bytes) -> dict[str, Any] | None:
    """The request in `value`, as OTLP JSON has it, its attributes already plain; None where it is no OTLP."""
    if not value.startswith(FIRST_FIELD):
        return None
    return traces_in(value) or logs_in(value)


def traces_in(value: bytes) -> dict[str, Any] | None:
    """The spans in `value`; None where it holds none."""
    data = TracesData()
    if not is_read(data, value):
        return None
    groups = [scope for group in data.resource_spans for scope in group.scope_spans]
    spans = [span for scope in groups for span in scope.spans]
    if not spans or not all(map(is_span, spans)) or not all(map(is_known, (*data.resource_spans, *groups))):
        return None
    return {
        "resourceSpans": [
            {
                "resource": resource_of(group.resource),
                "scopeSpans": [{"spans": [span_of(span) for span in scope.spans]} for scope in group.scope_spans],
            }
            for group in data.resource_spans
        ]
    }


def logs_in(value: bytes) -> dict[str, Any] | None:
    """The log records in `value`; None where it holds none."""
    data = LogsData()
    if not is_read(data, value):
        return None
    groups = [scope for group in data.resource_logs for scope in group.scope_logs]
    records = [record for scope in groups for record in scope.log_records]
    if not records or not all(map(is_record, records)) or not all(map(is_known, (*data.resource_logs, *groups))):
        return None
    return {
        "resourceLogs": [
            {
                "resource": resource_of(group.resource),
                "scopeLogs": [
                    {"logRecords": [record_of(record) for record in scope.log_records]} for scope in group.scope_logs
                ],
            }
            for group in data.resource_logs
        ]
    }


def is_read(message: Message, value: bytes) -> bool:
    """Whether `value` is such a message, which then holds it."""
    try:
        message.ParseFromString(value)
    except DecodeError:
        return False
    return is_known(message)


def is_known(message: Message) -> bool:
    """Whether a message has no field but those that we know."""
    return len(UnknownFieldSet(message)) == 0


def is_span(span: Span) -> bool:
    """Whether this can be a span."""
    ids = len(span.trace_id) == TRACE_ID_BYTES and len(span.span_id) == SPAN_ID_BYTES
    return ids and len(span.parent_span_id) in (0, SPAN_ID_BYTES) and is_time(span.start_time_unix_nano)


def is_record(record: LogRecord) -> bool:
    """Whether this can be a log record; one outside a trace has no ids."""
    ids = len(record.trace_id) in (0, TRACE_ID_BYTES) and len(record.span_id) in (0, SPAN_ID_BYTES)
    times = [time for time in (record.time_unix_nano, record.observed_time_unix_nano) if time]
    return ids and bool(times) and all(map(is_time, times)) and 0 <= record.severity_number <= MAX_SEVERITY


def is_time(time_ns: int) -> bool:
    """Whether this is a time of our days."""
    return EARLIEST_NS < time_ns < LATEST_NS


def resource_of(resource: Resource) -> dict[str, Any]:
    """What emitted the signals."""
    return {"attributes": plain_pairs(resource.attributes)}


def span_of(span: Span) -> dict[str, Any]:
    """One span with its events."""
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": plain_pairs(span.attributes),
        "events": [
            {"name": event.name, "timeUnixNano": event.time_unix_nano, "attributes": plain_pairs(event.attributes)}
            for event in span.events
        ],
        "status": {"code": int(span.status.code)},
    }


def record_of(record: LogRecord) -> dict[str, Any]:
    """One log record."""
    return {
        "traceId": record.trace_id.hex(),
        "spanId": record.span_id.hex(),
        "timeUnixNano": record.time_unix_nano,
        "observedTimeUnixNano": record.observed_time_unix_nano,
        "eventName": record.event_name,
        "attributes": plain_pairs(record.attributes),
        "body": plain_value(record.body),
    }


def plain_pairs(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name."""
    return {pair.key: plain_value(pair.value) for pair in pairs}


def plain_value(value: AnyValue) -> Any:
    """An AnyValue without its wrapping; bytes as hex."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return plain_pairs(value.kvlist_value.values)
    return value.bytes_value.hex() if kind == "bytes_value" else getattr(value, kind)
