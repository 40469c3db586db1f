"""What stands around a model's request and response in a log: gateways wrap the pair each in their own way.

{"request": …, "response": …, "tenant": …}    also input/output, request_body/response_body, …
{"messages": […], "response": …}              the request's fields beside the response
{"messages": […], "choices": […]}             both in one object
data: {…}                                     a stream on its own
"""

from dataclasses import dataclass, field, replace
from typing import Any

from ingest.exchange import Identity, Labels
from ingest.formats.events import STREAM_FIELDS, events_of
from ingest.formats.reading import Json, as_mapping, first_text, instant, text, unquoted

REQUEST_FIELDS = (
    *("request", "input", "request_body", "requestBody", "req"),
    *("full_request", "request_payload", "requestPayload", "request_json"),
)
RESPONSE_FIELDS = (
    *("response", "output", "response_body", "responseBody", "resp", "completion"),
    *("full_response", "response_payload", "responsePayload", "response_json"),
)
# Amazon Bedrock's invocation log has the bodies under the last two.
BODY_FIELDS = ("body", "json", "payload", "kwargs", "parsed_body", "inputBodyJson", "outputBodyJson")
BODY_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Logged:
    """One record, opened as far as that does not depend on its format.

    Attributes:
        value: the whole record, decoded.
        outer: the record, when it is an object.
        request: the request body; empty when there is none.
        response: the response body; empty when there is none or it is a stream.
        events: the response's stream, one object for each event.
    """

    value: Any
    outer: Json = field(default_factory=dict)
    request: Json = field(default_factory=dict)
    response: Json = field(default_factory=dict)
    events: tuple[Json, ...] = ()


def open_envelope(value: Any, request_path: str = "", response_path: str = "") -> Logged:
    """Find request and response in a decoded record.

    Args:
        value: JSON of any shape, or the text of a stream.
        request_path: dotted path to the request body, for logs that have it elsewhere; empty looks in the usual places.
        response_path: the same for the response body.
    """
    value = unquoted(value)  # some bridges send JSON as a JSON string
    if not isinstance(value, dict):
        return with_response(Logged(value), value)
    request = at_path(value, request_path) if request_path else body_of(value, REQUEST_FIELDS)
    response = at_path(value, response_path) if response_path else body_of(value, RESPONSE_FIELDS)
    logged = Logged(value, value, request if isinstance(request, dict) else value)
    return with_response(logged, value if response is None else response)


def with_response(logged: Logged, response: Any) -> Logged:
    """`logged` with its response, which may be an object, a list of chunks, or the text of a stream."""
    if isinstance(response, dict) and response is not logged.value:
        response = next((response[name] for name in STREAM_FIELDS if isinstance(response.get(name), list)), response)
    if isinstance(response, dict):
        return replace(logged, response=response)
    return replace(logged, events=tuple(events_of(response)))


def body_of(outer: Json, names: tuple[str, ...]) -> Any:
    """What stands under the first of `names` that is there, looked through `body` and JSON in a string."""
    found = next((unquoted(outer[name]) for name in names if outer.get(name) is not None), None)
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        alone = unquoted(found[0])  # as in a row of Vertex AI's own log
        found = found if isinstance(alone, str) else alone
    for _ in range(BODY_DEPTH):
        found = first_body(found) if isinstance(found, dict) else found
    return found


def first_body(found: Json) -> Any:
    """What stands in the first of BODY_FIELDS that says something; `found` itself where none does."""
    return next((unquoted(found[name]) for name in BODY_FIELDS if found.get(name)), found)


def at_path(outer: Json, path: str) -> Any:
    """What stands at a dotted path; None where it ends early."""
    found: Any = outer
    for name in path.split("."):
        found = unquoted(found.get(name)) if isinstance(found, dict) else None
    return found


def labels_of(logged: Logged) -> Labels:
    """Whose interaction it was: from the envelope's own fields, else from the request's metadata."""
    return labels_in(logged.outer, as_mapping(logged.outer.get("metadata")), as_mapping(logged.request.get("metadata")))


def labels_in(*places: Json) -> Labels:
    """The labels in the first of `places` that has each."""

    def look(*names: str) -> str | None:
        return first_text(*(place.get(name) for place in places for name in names))

    return Labels(
        tenant=look("tenant", "tenant_id"),
        application=look("application", "app", "application_id"),
        user=look("user", "user_id", "end_user"),
        conversation_id=look("conversation_id", "session_id", "thread_id"),
        occurred_at=instant(*(place.get(name) for place in places for name in TIME_FIELDS)),
    )


TIME_FIELDS = (
    *("occurred_at", "timestamp", "time", "ts", "created_at", "start_time", "startTime"),
    *("request_time", "requestTime", "logging_time", "@timestamp"),
)


def identity_of(logged: Logged, response: Json) -> Identity:
    """The response's id; beside it what the envelope has, which may stand for one call or for a whole request."""
    outer = {} if logged.outer is logged.response else logged.outer
    return Identity(
        response_id=text(response.get("id")),
        trace_id=first_text(outer.get("trace_id"), outer.get("traceId")),
        span_id=first_text(outer.get("span_id"), outer.get("spanId")),
        message_id=first_text(*(outer.get(name) for name in ("request_id", "requestId", "uuid", "id"))),
    )
