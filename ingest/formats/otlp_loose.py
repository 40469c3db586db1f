"""Spans outside OTLP: as an SDK's console exporter or Phoenix writes them, or their attributes alone.

    {"context": {"trace_id": …, "span_id": …}, "parent_id": …, "start_time": …, "attributes": {…}}
    {"attributes.llm.model_name": …, "context.trace_id": …}      a row of a table of spans
    {"llm.model_name": …, "gen_ai.operation.name": …}            attributes alone

Attributes are flat or nested; nested ones are flattened, so that all readers see the same names.
"""

from collections.abc import Iterator
from typing import Any

from ingest.formats.otlp import Signal, attributes_of, pick
from ingest.formats.reading import Json, as_list, as_mapping, first_text, instant, unquoted

SPAN_LISTS = ("spans", "data")
ATTRIBUTES = ("gen_ai.", "llm.", "openinference.", "ai.prompt.", "ai.response.", "langfuse.observation.", "mlflow.span")
NESTED = ("llm", "openinference", "gen_ai")
TREES = {"llm", "openinference", "gen_ai", "input", "output", "session", "user", "message", "metadata", "tag", "ai"}
MAX_DEPTH = 12


def spans_in(outer: Json) -> Iterator[Signal]:
    """The spans in an object that is one, or lists some; none where nothing in it has a span's names."""
    listed = next((outer[name] for name in SPAN_LISTS if isinstance(outer.get(name), list)), None)
    if listed is not None:
        yield from (span for item in listed for span in spans_in(as_mapping(item)) if not as_list(item))
        return
    attributes = attributes_in(outer)
    if any(name.startswith(ATTRIBUTES) for name in attributes):
        yield span_of(outer, attributes)


def attributes_in(outer: Json) -> dict[str, Any]:
    """The attributes of a span, flat; none where this is no span."""
    held = unquoted(outer.get("attributes"))
    if isinstance(held, dict | list):
        return flat(attributes_of({"attributes": held}))
    row = {str(name).removeprefix("attributes."): value for name, value in outer.items()}
    marked = any(name.startswith(ATTRIBUTES) or (isinstance(outer.get(name), dict) and name in NESTED) for name in row)
    return flat(row) if marked else {}


def flat(attributes: Json, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Attributes with dotted names, places in lists as numbers."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        path = f"{prefix}{name}"
        is_tree = path.partition(".")[0] in TREES and depth < MAX_DEPTH and not is_message_list(path, value)
        if is_tree and isinstance(value, dict) and value:
            found |= flat(value, f"{path}.", depth + 1)
        elif is_tree and isinstance(value, list) and any(isinstance(item, dict) for item in value):
            found |= flat({str(number): item for number, item in enumerate(value)}, f"{path}.", depth + 1)
        else:
            found[path] = value
    return found


def is_message_list(path: str, value: Any) -> bool:
    """Whether a value is one that its reader takes whole."""
    return isinstance(value, list) and path.startswith(("gen_ai.", "ai."))


def span_of(outer: Json, attributes: dict[str, Any]) -> Signal:
    """The span; kinds and ids that stand beside the attributes are as good as those among them."""
    context = as_mapping(outer.get("context")) or outer
    kind = first_text(outer.get("span_kind"), outer.get("spanKind"))
    if kind and "openinference.span.kind" not in attributes and any(name.startswith("llm.") for name in attributes):
        attributes = {**attributes, "openinference.span.kind": kind}
    began = instant(pick(outer, "startTimeUnixNano"), outer.get("start_time"), outer.get("startTime"))
    status = as_mapping(outer.get("status"))
    codes = (outer.get("status_code"), outer.get("statusCode"), status.get("status_code"), status.get("code"))
    return Signal(
        name=first_text(outer.get("name")) or "",
        trace_id=hexadecimal(pick(context, "traceId") or outer.get("context.trace_id")),
        span_id=hexadecimal(pick(context, "spanId") or outer.get("context.span_id")),
        time_ns=int(began.timestamp() * 1e6) * 1000 if began else 0,
        attributes=attributes,
        resource=flat(attributes_of(as_mapping(outer.get("resource")))),
        failed=any(str(code).upper() in ("ERROR", "STATUS_CODE_ERROR", "2") for code in codes),
        events=(),
        parent_id=hexadecimal(outer.get("parent_id") or pick(outer, "parentSpanId") or outer.get("parentId")),
        is_span=True,
    )


def hexadecimal(value: Any) -> str | None:
    """An id in lower case, without the 0x that SDKs write."""
    found = first_text(value)
    return found.lower().removeprefix("0x") if found else None
