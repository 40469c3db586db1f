"""OpenTelemetry's wire form in JSON: a request of the exporter becomes spans and log records with plain attributes.

One request holds many spans of many traces. Field names are camelCase; some writers keep the snake_case of the
protobuf, and ids in base64 instead of hex.

Source: opentelemetry-proto, docs/specification.md "JSON Protobuf Encoding"; collector kafkaexporter, `otlp_json`.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.formats.reading import Json, mapping, objects, sequence, text

SCALARS = (
    "stringValue",
    "boolValue",
    "doubleValue",
    "bytesValue",
    "string_value",
    "bool_value",
    "double_value",
    "bytes_value",
)
HEX_TRACE_ID, HEX_SPAN_ID = 32, 16


@dataclass(frozen=True, slots=True)
class Signal:
    """A span, or a log record, or an event on a span.

    Attributes:
        name: of the span or event.
        resource: attributes of what emitted it.
        body: of a log record, unwrapped.
        failed: a span's status is error.
        events: a span's events, with the span's ids.
        parent_id: of the span around it; None for the root of a trace.
        is_span: neither a log record nor an event.
    """

    name: str
    trace_id: str | None
    span_id: str | None
    time_ns: int
    attributes: Json
    resource: Json
    body: Any = None
    failed: bool = False
    events: tuple["Signal", ...] = field(default=(), repr=False)
    parent_id: str | None = None
    is_span: bool = False


def spans_in(value: Json) -> Iterator[Signal]:
    """Every span of an ExportTraceServiceRequest."""
    for resource_spans in objects(pick(value, "resourceSpans"), "resourceSpans"):
        resource = attributes_of(mapping(resource_spans.get("resource"), "resource"))
        for scope_spans in objects(pick(resource_spans, "scopeSpans", "instrumentationLibrarySpans"), "scopeSpans"):
            for span in objects(scope_spans.get("spans"), "spans"):
                yield span_of(span, resource)


def logs_in(value: Json) -> Iterator[Signal]:
    """Every log record of an ExportLogsServiceRequest."""
    for resource_logs in objects(pick(value, "resourceLogs"), "resourceLogs"):
        resource = attributes_of(mapping(resource_logs.get("resource"), "resource"))
        for scope_logs in objects(pick(resource_logs, "scopeLogs", "instrumentationLibraryLogs"), "scopeLogs"):
            for record in objects(pick(scope_logs, "logRecords"), "logRecords"):
                yield log_of(record, resource)


def span_of(span: Json, resource: Json) -> Signal:
    """One span with its events."""
    trace_id, span_id = ids_of(span)
    events = objects(span.get("events"), "spans[].events")
    return Signal(
        name=text(span.get("name")) or "",
        trace_id=trace_id,
        span_id=span_id,
        time_ns=nanoseconds(pick(span, "startTimeUnixNano")),
        attributes=attributes_of(span),
        resource=resource,
        failed=mapping(span.get("status"), "spans[].status").get("code") in (2, "STATUS_CODE_ERROR"),
        events=tuple(event_of(event, trace_id, span_id, resource) for event in events),
        parent_id=hex_id(pick(span, "parentSpanId"), HEX_SPAN_ID),
        is_span=True,
    )


def event_of(event: Json, trace_id: str | None, span_id: str | None, resource: Json) -> Signal:
    """One event on a span."""
    time_ns = nanoseconds(pick(event, "timeUnixNano"))
    return Signal(text(event.get("name")) or "", trace_id, span_id, time_ns, attributes_of(event), resource)


def log_of(record: Json, resource: Json) -> Signal:
    """One log record; older SDKs have its event's name among the attributes."""
    attributes = attributes_of(record)
    time_ns = nanoseconds(pick(record, "timeUnixNano")) or nanoseconds(pick(record, "observedTimeUnixNano"))
    name = text(pick(record, "eventName")) or text(attributes.get("event.name")) or ""
    return Signal(name, *ids_of(record), time_ns, attributes, resource, body=plain(record.get("body")))


def attributes_of(owner: Json) -> dict[str, Any]:
    """Attributes by name: a list of key and value as in the protobuf, or already an object."""
    found = owner.get("attributes")
    if isinstance(found, dict):
        return {name: plain(value) for name, value in found.items()}
    return {str(pair.get("key")): plain(pair.get("value")) for pair in objects(found, "attributes")}


def plain(value: Any) -> Any:
    """An AnyValue without its wrapping; what is not wrapped stays as it is."""
    if not isinstance(value, dict) or len(value) != 1:
        return value if value != {} else None
    ((kind, held),) = value.items()
    if kind in SCALARS:
        return held
    if kind in ("intValue", "int_value"):
        return int(held)
    if kind in ("arrayValue", "array_value"):
        return [plain(item) for item in sequence(mapping(held, kind).get("values"), kind)]
    if kind in ("kvlistValue", "kvlist_value"):
        return {
            str(pair.get("key")): plain(pair.get("value")) for pair in objects(mapping(held, kind).get("values"), kind)
        }
    return value


def pick(owner: Json, *names: str) -> Any:
    """The first of `names` that is there, in camelCase or snake_case."""
    spellings = (spelling for name in names for spelling in (name, snake(name)))
    return next((owner[spelling] for spelling in spellings if owner.get(spelling) is not None), None)


def snake(name: str) -> str:
    """A camelCase name in snake_case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def ids_of(owner: Json) -> tuple[str | None, str | None]:
    """Trace and span id in lower-case hex; an id of zeros is none."""
    return hex_id(pick(owner, "traceId"), HEX_TRACE_ID), hex_id(pick(owner, "spanId"), HEX_SPAN_ID)


def hex_id(value: Any, length: int) -> str | None:
    """An id in lower-case hex, from hex or from base64."""
    found = text(value)
    if found is not None and len(found) != length:
        try:
            found = base64.b64decode(found, validate=True).hex()
        except (binascii.Error, ValueError):
            return found
    return found.lower() if found and found.strip("0") else None


def nanoseconds(value: Any) -> int:
    """Nanoseconds since 1970, which JSON has as a decimal string; 0 where there are none."""
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
