"""Spans of frameworks that have attributes of their own beside OpenTelemetry's: the AI SDK of Vercel, Pydantic Logfire.

    ai.prompt.messages, ai.response.text, ai.response.reasoning, ai.response.toolCalls    AI SDK, on its inner spans
    request_data, response_data                                                         Logfire around an SDK's client
    gcp.vertex.agent.llm_request, gcp.vertex.agent.llm_response                          Google's Agent Development Kit
    mlflow.spanInputs, mlflow.spanOutputs                                               MLflow
    langfuse.observation.input, langfuse.observation.output                              Langfuse's SDK
    {"input": {"messages": …}, "output": {"messages": …}} as the body of a log record     AWS Distro for OpenTelemetry

Source: vercel/ai packages/ai/src/telemetry; pydantic/logfire logfire/_internal/integrations/llm_providers;
google/adk-python src/google/adk/telemetry; mlflow/mlflow mlflow/tracing/constant.py; langfuse/langfuse-python
langfuse/_client/attributes.py; aws-otel-python-instrumentation llo_handler.py.
"""

import re
from dataclasses import replace
from typing import Any

from ingest.exchange import Choice, Message, Part, Role, Text, Thinking, ToolUse
from ingest.formats import anyones
from ingest.formats.anyones_messages import asked
from ingest.formats.otel_events import Conversation
from ingest.formats.otel_parts import status_of
from ingest.formats.otlp import Signal
from ingest.formats.reading import Json, as_list, as_mapping, as_text, first_text, text, unquoted

ADK = "gcp.vertex.agent.llm_"
# Request and response by the names of their attributes.
PAIRS = {
    f"{ADK}request": f"{ADK}response",
    "mlflow.spanInputs": "mlflow.spanOutputs",
    "langfuse.observation.input": "langfuse.observation.output",
    "body.input": "body.output",
}
MARKS = ("ai.prompt.messages", "ai.response.", "response_data", *PAIRS, *PAIRS.values())
# The kinds of spans that are calls of a model; others of the same framework are around them, or are no calls.
KINDS = {
    "ai.operationId": re.compile(r"ai\.\w+\.do(?:Generate|Stream)"),
    "mlflow.spanType": re.compile(r'"?(?:CHAT_MODEL|LLM)"?'),
    "langfuse.observation.type": re.compile(r"generation", re.IGNORECASE),
    "llm.request.type": re.compile(r"chat|completion"),
}


def is_other(attributes: Json) -> bool:
    """Whether a span is one of a framework's that is no call of a model, such as one around calls."""
    return any(name in attributes and not kind.fullmatch(str(attributes[name])) for name, kind in KINDS.items())


def with_body(log: Signal) -> Signal:
    """A log record whose body is a pair, with that among its attributes."""
    body = as_mapping(log.body)
    if not any("messages" in as_mapping(body.get(name)) for name in ("input", "output")):
        return log
    said = {f"body.{name}": body.get(name) for name in ("input", "output")}
    return replace(log, attributes={**log.attributes, **said})


def conversation_of(attributes: Json) -> Conversation | None:
    """What was said in a call, where the span is a framework's."""
    if any(name in attributes for name in ("ai.prompt.messages", "ai.response.text", "ai.response.toolCalls")):
        return Conversation(asked(attributes.get("ai.prompt.messages")), (sdk_choice(attributes),))
    if "response_data" in attributes:
        return logfire(attributes)
    for request, response in PAIRS.items():
        if request in attributes or response in attributes:
            held = attributes.get(response)
            return anyones.conversation_of(
                attributes.get(request), adk_response(held) if request.startswith(ADK) else held
            )
    return None


def sdk_choice(attributes: Json) -> Choice:
    """The AI SDK's answer."""
    parts: list[Part] = []
    if thought := text(attributes.get("ai.response.reasoning")):
        parts.append(Thinking(thought))
    if said := first_text(attributes.get("ai.response.text"), attributes.get("ai.response.object")):
        parts.append(Text(said))
    for call in as_list(unquoted(attributes.get("ai.response.toolCalls"))):
        body = as_mapping(call)
        arguments = body.get("input", body.get("args"))
        parts.append(ToolUse(as_text(body.get("toolName")), as_text(arguments), text(body.get("toolCallId"))))
    finish = str(attributes.get("ai.response.finishReason") or "").replace("-", "_")
    return Choice((Message(Role.ASSISTANT, tuple(parts)),), status_of(finish))


def logfire(attributes: Json) -> Conversation:
    """Logfire's pair: the request as it was sent, and of the response the message, or the text of a stream."""
    response = as_mapping(unquoted(attributes["response_data"]))
    streamed = response.get("combined_chunk_content")
    said: Any = streamed if isinstance(streamed, str) else response.get("message", response)
    return anyones.conversation_of(attributes.get("request_data"), said)


def adk_response(response: Any) -> Any:
    """A response of the ADK, which has the content without the candidate around it."""
    held = unquoted(response)
    if not isinstance(held, dict) or "candidates" in held or "content" not in held:
        return held
    return {"candidates": [held]}
