"""Messages in whatever form a library had at hand; what has no known form is taken as the text that it is."""

from collections.abc import Sequence
from typing import Any

from ingest.exchange import Message, Role, Text
from ingest.formats import (
    anthropic_messages,
    bedrock_blocks,
    gemini_parts,
    langchain_messages,
    openai_items,
    openai_messages,
    otel_events,
    otel_parts,
)
from ingest.formats.reading import FAULTS, Json, as_list, as_mapping, as_text, text, unquoted

MAX_QUOTES = 3
MESSAGE_LISTS = ("messages", "input_messages", "contents", "input", "chat_history", "history")
SYSTEMS = ("system", "instructions", "system_prompt", "systemInstruction", "system_instruction")
QUESTIONS = ("prompt", "question", "query", "user_input", "user_message", "user_prompt", "text", "content", "message")
ITEM_TYPES = ("function_call", "function_call_output", "reasoning", "message", "custom_tool_call")
ANTHROPIC_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use")
BEDROCK_BLOCKS = ("toolUse", "toolResult", "reasoningContent")


def unwrapped(value: Any) -> Any:
    """What a string holds, quoted however often, when it holds JSON in the end."""
    for _ in range(MAX_QUOTES):
        if isinstance(value, str) and value[:1] == '"' == value[-1:]:
            value = from_quotes(value)
        value = unquoted(value)
    return value


def from_quotes(value: str) -> Any:
    """A JSON string without its quotes, or as it is where it is none."""
    found = unquoted(f"[{value}]")
    return found[0] if isinstance(found, list) and len(found) == 1 else value


def asked(request: Any) -> tuple[Message, ...]:
    """The messages in a request of any shape."""
    value = unwrapped(request)
    try:
        return asked_as_known(value)
    except FAULTS:
        return said_by(Role.USER, value)


def asked_as_known(value: Any) -> tuple[Message, ...]:  # noqa: PLR0911 - a table in words
    """The messages of a request whose shape is known."""
    if isinstance(value, list):
        return listed(value)
    if not isinstance(value, dict):
        return said_by(Role.USER, value)
    if is_one_message(value):
        return listed([value])
    for wrapper in ("kwargs", "body", "request"):
        if isinstance(value.get(wrapper), dict) and value[wrapper]:
            return asked_as_known(value[wrapper])
    if isinstance(value.get("args"), list) and len(value["args"]) == 1:
        return asked_as_known(unwrapped(value["args"][0]))
    places = (value, as_mapping(value.get("config")))
    held = next((place[name] for place in places for name in SYSTEMS if place.get(name)), None)
    system = system_of(held)
    for name in MESSAGE_LISTS:
        held = unwrapped(value.get(name))
        if isinstance(held, list | dict) and held:
            return (*system, *asked_as_known(held))
    question = next((value[name] for name in (*QUESTIONS, *MESSAGE_LISTS) if text(value.get(name))), None)
    return (*system, *said_by(Role.USER, value if question is None else question))


def system_of(value: Any) -> tuple[Message, ...]:
    """A system prompt: text, blocks, or a content of Gemini's."""
    held = unwrapped(value)
    if isinstance(held, dict) and "parts" in held:
        return tuple(Message(Role.SYSTEM, message.parts) for message in gemini_parts.messages_in([held]))
    if isinstance(held, str):
        return said_by(Role.SYSTEM, held)
    return (Message(Role.SYSTEM, tuple(openai_messages.content_parts(held))),) if held else ()


def listed(items: Sequence[Any]) -> tuple[Message, ...]:  # noqa: PLR0911 - a table in words
    """The messages in a list, in whichever form they are."""
    if len(items) == 1 and isinstance(items[0], list):  # a batch of one
        return listed(items[0])
    bodies = [as_mapping(item) for item in items]
    if any("event.name" in body for body in bodies):
        return otel_events.from_list(list(items)).messages
    if any(map(langchain_messages.is_message, items)):
        return langchain_messages.messages_in(list(items))
    if any("parts" in body for body in bodies):
        return parted(items)
    if any(body.get("type") in ITEM_TYPES and "role" not in body for body in bodies):
        return openai_items.items_in(list(items))
    blocks = [as_mapping(block) for body in bodies for block in as_list(unwrapped(body.get("content")))]
    if any(block.get("type") in ANTHROPIC_BLOCKS for block in blocks):
        return anthropic_messages.messages_in({"messages": list(items)})
    if any(name in block for block in blocks for name in BEDROCK_BLOCKS):
        return bedrock_blocks.messages_in({"messages": list(items)})
    return tuple(message for item in items for message in one(item))


def parted(items: Sequence[Any]) -> tuple[Message, ...]:
    """Messages with parts: OpenTelemetry's have a type each, Gemini's have none."""
    parts = [as_mapping(part) for item in items for part in as_list(as_mapping(item).get("parts"))]
    return (
        otel_parts.messages_in(items)
        if any("type" in part for part in parts)
        else gemini_parts.messages_in(list(items))
    )


def one(item: Any) -> tuple[Message, ...]:
    """One message in OpenAI's form or close to it: the AI SDK has parts of its own in it."""
    if not isinstance(item, dict):
        return said_by(Role.USER, item)
    body = {**item, "content": unwrapped(item.get("content"))}
    content = body["content"]
    if isinstance(content, list) and any(as_mapping(part).get("type") in SDK_PARTS for part in content):
        return otel_parts.messages_in([{"role": body.get("role"), "parts": [sdk_part(as_mapping(p)) for p in content]}])
    if isinstance(content, dict) and "type" not in content:
        body["content"] = as_text(content)
    return (openai_messages.message_of(body, "user"),)


SDK_PARTS = {"tool-call": "tool_call", "tool-result": "tool_call_response", "reasoning": "reasoning"}


def sdk_part(part: Json) -> Json:
    """A part of the AI SDK as OpenTelemetry has it."""
    kind = str(part.get("type"))
    if kind == "tool-call":
        arguments = part.get("input", part.get("args"))
        return {"type": "tool_call", "id": part.get("toolCallId"), "name": part.get("toolName"), "arguments": arguments}
    if kind == "tool-result":
        output = part.get("output", part.get("result"))
        held = as_mapping(output).get("value", output)
        return {"type": "tool_call_response", "id": part.get("toolCallId"), "response": held}
    if kind == "image":
        mime = part.get("mediaType") or part.get("mimeType") or "image/*"
        return {"type": "image", "uri": part.get("image"), "mime_type": mime, "modality": "image"}
    return {**part, "content": part.get("text", part.get("content"))} if kind in ("text", "reasoning") else part


def is_one_message(value: Json) -> bool:
    """Whether an object is a message."""
    return ("role" in value and ("content" in value or "parts" in value or "tool_calls" in value)) or (
        langchain_messages.is_message(value)
    )


def said_by(role: Role, value: Any) -> tuple[Message, ...]:
    """A value as text; none where it says nothing."""
    said = as_text(value)
    return (Message(role, (Text(said),)),) if said.strip() else ()
