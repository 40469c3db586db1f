"""Amazon Bedrock Converse: request and response, its stream, and Bedrock's own log of model invocations.

The body does not name the model: it stands in the URL, in the log around the body, or in the arguments of the SDK.
Bodies of InvokeModel are those of the model's own API; Nova's have the shape of Converse.

Source: botocore data/bedrock-runtime; Amazon Bedrock "Monitor model invocation using CloudWatch Logs".
"""

from typing import Any

from ingest.exchange import Choice, Exchange, Identity
from ingest.formats.bedrock_blocks import message_of, messages_in
from ingest.formats.bedrock_guards import stop_signals, trace_signals
from ingest.formats.bedrock_stream import EVENTS, assembled
from ingest.formats.endpoint import model_called, urls_in
from ingest.formats.envelope import Logged, identity_of, labels_in
from ingest.formats.guards import beside
from ingest.formats.reading import Json, as_list, as_mapping, either, first_text, mapping, text
from ingest.qta import Status

STOPS = {
    "tool_use": Status.INCOMPLETE,
    "max_tokens": Status.INCOMPLETE,
    "model_context_window_exceeded": Status.INCOMPLETE,
    "malformed_model_output": Status.INCOMPLETE,
    "malformed_tool_use": Status.INCOMPLETE,
    "guardrail_intervened": Status.BLOCKED,
    "content_filtered": Status.BLOCKED,
}
OPERATIONS = ("Converse", "ConverseStream")
ERRORS = ("__type", "Error", "errorCode", "error", "message", "Message")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    if any(is_response(body) for body in (logged.response, logged.outer)):
        return "response.output.message"
    if any(either(event, name) is not None for event in logged.events[:20] for name in EVENTS):
        return "a stream with contentBlockDelta"
    if is_call(logged) and (any(logged.response.get(name) for name in ERRORS) or logged.outer.get("errorCode")):
        return "an error of a call of Converse"
    return None


def is_response(body: Json) -> bool:
    """Whether this is a response: its message has blocks without a type."""
    message = as_mapping(as_mapping(body.get("output")).get("message"))
    blocks = as_list(message.get("content"))
    untyped = all(isinstance(block, dict) and not isinstance(block.get("type"), str) for block in blocks)
    return "content" in message and untyped and (bool(blocks) or either(body, "stopReason") is not None)


def is_call(logged: Logged) -> bool:
    """Whether this API was called, as far as the log around the bodies says."""
    called = any("/converse" in url for url in urls_in(logged))
    return called or logged.outer.get("operation") in OPERATIONS or "inferenceConfig" in logged.request


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    streamed = bool(logged.events)
    bodies = [body for body in (logged.response, logged.outer) if is_response(body)]
    response = assembled(logged.events) if streamed else bodies[0] if bodies else logged.response
    found = mapping(as_mapping(response.get("output")).get("message"), "output.message")
    reason = text(either(response, "stopReason"))
    traced = tuple(trace_signals(response.get("trace")))
    message = message_of({"role": "assistant", **found})
    failed = not message.parts and not reason
    choice = Choice((message,), status_of(response, streamed=streamed), guards=stop_signals(reason, traced))
    return (
        Exchange(
            messages=messages_in(logged.request),
            choices=() if failed else (choice,),
            status=Status.INCOMPLETE if streamed and not response.get("error") else Status.ERROR,
            model=model_of(logged, response),
            labels=labels_in(
                logged.outer,
                *(as_mapping(place.get("metadata")) for place in (logged.outer, logged.request)),
                *(as_mapping(either(place, "requestMetadata")) for place in (logged.outer, logged.request)),
            ),
            identity=identity(logged, response),
            guards=(*traced, *beside(logged, response)),
        ),
    )


def status_of(response: Json, *, streamed: bool) -> Status:
    """Whether the answer is whole; a stream without a stop reason was cut off."""
    if response.get("error"):
        return Status.INCOMPLETE
    reason = either(response, "stopReason")
    return STOPS.get(str(reason), Status.COMPLETE) if reason or not streamed else Status.INCOMPLETE


def model_of(logged: Logged, response: Json) -> str | None:
    """The model: the one that a router chose, else the one that was asked for."""
    router = as_mapping(as_mapping(response.get("trace")).get("promptRouter"))
    named: tuple[Any, ...] = (router.get("invokedModelId"), either(logged.request, "modelId"))
    places = (either(logged.outer, "modelId"), logged.request.get("model"), logged.outer.get("model"))
    return first_text(*named, *places, model_called(logged))


def identity(logged: Logged, response: Json) -> Identity:
    """AWS's id of the request, which stands beside the body."""
    metadata = as_mapping(response.get("ResponseMetadata"))
    return identity_of(logged, {"id": first_text(metadata.get("RequestId"), logged.outer.get("requestId"))})
