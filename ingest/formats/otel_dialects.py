"""Spans of frameworks that have attributes of their own beside OpenTelemetry's: the AI SDK of Vercel, Pydantic Logfire.

    ai.prompt.messages, ai.response.text, ai.response.reasoning, ai.response.toolCalls    AI SDK, on its inner spans
    request_data, response_data                                                         Logfire around an SDK's client
    gcp.vertex.agent.llm_request, gcp.vertex.agent.llm_response                          Google's Agent Development Kit

Source: vercel/ai packages/ai/src/telemetry; pydantic/logfire logfire/_internal/integrations/llm_providers;
google/adk-python src/google/adk/telemetry.
"""

from typing import Any

from ingest.exchange import Choice, Message, Part, Role, Text, Thinking, ToolUse
from ingest.formats import anyones
from ingest.formats.anyones_messages import asked
from ingest.formats.otel_events import Conversation
from ingest.formats.otel_parts import status_of
from ingest.formats.reading import Json, as_list, as_mapping, as_text, first_text, text, unquoted

ADK = "gcp.vertex.agent.llm_"
MARKS = ("ai.prompt.messages", "ai.response.", "response_data", ADK)
# Outer spans of the AI SDK, which repeat those inside them.
WRAPPERS = ("ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject", "ai.toolCall", "ai.embed")


def is_wrapper(attributes: Json) -> bool:
    """Whether a span is around calls that have spans of their own."""
    return str(attributes.get("ai.operationId") or "").removesuffix("Many") in WRAPPERS


def conversation_of(attributes: Json) -> Conversation | None:
    """What was said in a call, where the span is a framework's."""
    if "ai.prompt.messages" in attributes or "ai.response.text" in attributes or "ai.response.toolCalls" in attributes:
        return Conversation(asked(attributes.get("ai.prompt.messages")), (sdk_choice(attributes),))
    if "response_data" in attributes:
        return logfire(attributes)
    if f"{ADK}request" in attributes or f"{ADK}response" in attributes:
        return anyones.conversation_of(attributes.get(f"{ADK}request"), adk_response(attributes))
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


def adk_response(attributes: Json) -> Any:
    """A response of the ADK, which has the content without the candidate around it."""
    held = unquoted(attributes.get(f"{ADK}response"))
    if not isinstance(held, dict) or "candidates" in held or "content" not in held:
        return held
    return {"candidates": [held]}
