r"""What was said, in whatever shape a framework handed it to a tracer: messages of any API, wrapped or plain.

    "text"   "system: …\nuser: …"                                    plain text, or a transcript in it
    {"role": …, "content": …}   [{"role": …, "parts": […]}, …]       messages of any API, mixed
    {"messages": […], "system": …}   {"contents": […], "config": …}  requests
    {"choices": […]}   {"content": {"parts": […]}}                   responses
    {"args": [x]}   {"kwargs": {"messages": […]}}   {"prompt": x}    what stands around them

Each message goes by its own marks, since frameworks mix them.
"""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson

from ingest.exchange import Message, Role, Text
from ingest.formats import (
    ai_sdk_parts,
    anthropic_messages,
    bedrock_blocks,
    gemini,
    gemini_parts,
    langchain_messages,
    openai_items,
    openai_messages,
    otel_events,
    otel_parts,
)
from ingest.formats.reading import Json, as_list, as_mapping, as_text, first_text, text, unquoted

MAX_DEPTH = 6
# What holds the messages, the surest first; what is under the later ones may be plain text.
HOLDERS = ("messages", "chat_history", "history", "new_message", "message", "input", "inputs", "prompt", "prompts")
ANSWERS = ("output", "outputs", "response", "completion", "answer", "result", "generated_text", "raw")
TEXTS = ("question", "query", "user_input", "user_message", "text", "content", "task", "args", "kwargs", "state")
SYSTEMS = ("system", "system_prompt", "systemPrompt", "instructions", "system_instruction", "systemInstruction")
BESIDE = {
    *("finish_reason", "finishReason", "stop_reason", "usage", "usage_metadata", "token_usage", "model", "id", "type"),
    *("intermediate_steps", "input", "chat_history", "metadata", "response_metadata", "pydantic", "json_dict"),
    *("tasks_output", "additional_kwargs", "source_nodes", "generation_info", "object", "created", "index", "logprobs"),
}
TRANSCRIPT = re.compile(r"^(system|developer|user|human|assistant|ai|tool): ?", re.MULTILINE)
BLOCKS = {"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use", "document"}
CONVERSE = {"toolUse", "toolResult", "reasoningContent"}
LANGCHAIN = ("additional_kwargs", "response_metadata", "usage_metadata", "invalid_tool_calls")


def decoded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """`value`, out of the strings that it was written into, one in another."""
    while isinstance(value, str) and depth:
        inner = unquoted(value)
        if inner is value and value.startswith("{'role'"):
            inner = literal(value)
        if inner is value and value[:1] == '"' == value[-1:] and len(value) > 1:
            inner = as_mapping(unquoted(f'{{"held": {value}}}')).get("held", value)
        if inner is value or inner == value:
            break
        value, depth = inner, depth - 1
    return value


def literal(value: str) -> Any:
    """A message that was logged as Python writes it; the text as it is where it is none, or holds what is no Unicode.

    Python's escapes can write half of a surrogate pair, which nothing behind this could store or tokenize.
    """
    try:
        found = ast.literal_eval(value)
        orjson.dumps(found, default=str, option=orjson.OPT_NON_STR_KEYS)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return value
    return found


def messages_in(value: Any, role: Role = Role.USER, depth: int = MAX_DEPTH) -> tuple[Message, ...]:
    """The messages in a value.

    Args:
        value: of any shape; None says nothing.
        role: of what does not say who said it.
        depth: how far to look into what stands around messages.
    """
    value = decoded(value)
    if value is None or value in ("", [], {}) or depth == 0:
        return ()
    if isinstance(value, str):
        return tuple(lines_in(value)) if role is Role.USER else (Message(role, (Text(value),)),)
    if isinstance(value, list):
        return tuple(listed(value, role, depth))
    if isinstance(value, dict):
        return tuple(held(value, role, depth))
    return (Message(role, (Text(as_text(value)),)),)


def lines_in(said: str) -> Iterator[Message]:
    """A text, or the messages of a transcript that begins with somebody's name."""
    if not TRANSCRIPT.match(said):
        yield Message(Role.USER, (Text(said),))
        return
    _, *pieces = TRANSCRIPT.split(said)
    for name, words in zip(pieces[::2], pieces[1::2], strict=True):
        if words.strip():
            yield Message(openai_messages.ROLES[name], (Text(words.strip()),))


def listed(values: list[Any], role: Role, depth: int) -> Iterator[Message]:
    """The messages of a list: of events, of items, of blocks, of messages, or of lists of them."""
    bodies = [decoded(value) for value in values]
    objects = [body for body in bodies if isinstance(body, dict)]
    if objects and all("event.name" in body for body in objects):
        said = otel_events.from_list(objects)
        yield from (*said.messages, *chain.from_iterable(choice.messages for choice in said.choices))
    elif any(is_item(body) for body in objects):
        yield from openai_items.items_in([body for body in objects if not is_definition(body)])
    elif objects and all(is_block(body) for body in objects):
        yield from message({"role": role.value, "content": objects}, role)
    else:
        yield from (found for body in bodies for found in messages_in(body, role, depth - 1))


def is_item(body: Json) -> bool:
    """Whether this is an item of the Responses API that is not a message."""
    kind = str(body.get("type"))
    return "role" not in body and (kind.endswith(("_call", "_call_output")) or (kind == "reasoning" and "id" in body))


def is_block(body: Json) -> bool:
    """Whether this is a part of a message, on its own."""
    if "role" in body or langchain_messages.is_message(body):
        return False
    return "toolCallId" in body or (isinstance(body.get("type"), str) and ("text" in body or body["type"] in BLOCKS))


def is_definition(body: Json) -> bool:
    """Whether a message under role tool says which tools there are, as LangChain's callback has it."""
    content = as_mapping(decoded(body.get("content")))
    return (
        body.get("role") == "tool"
        and content.get("type") == "function"
        and "parameters" in as_mapping(content.get("function"))
    )


def held(body: Json, role: Role, depth: int) -> Iterator[Message]:
    """The messages in an object: one message, or what stands around some; any other is its JSON."""
    if is_message(body):
        yield from message(body, role)
    elif body.get("contents") is not None:
        yield from gemini.asked({**body, "config": as_mapping(body.get("config"))}, {})
    elif answers := as_list(body.get("choices") or body.get("candidates") or body.get("generations")):
        yield from (found for answer in answers for found in messages_in(answer, Role.ASSISTANT, depth - 1))
    elif isinstance(body.get("content"), dict):
        yield from messages_in(body["content"], role, depth - 1)
    elif "toolCalls" in body or "tool_calls" in body or "reasoning" in body or "reasoning_content" in body:
        yield from message({"role": "assistant", **ai_sdk_parts.as_message(body)}, Role.ASSISTANT)
    else:
        yield from around(body, role, depth)


def around(body: Json, role: Role, depth: int) -> Iterator[Message]:
    """The messages in what stands around them, with the system prompt beside them."""
    names = (*HOLDERS, *ANSWERS, *TEXTS) if role is Role.USER else answering(body)
    found = next((said for name in names if body.get(name) and (said := messages_in(body[name], role, depth - 1))), ())
    system = first_text(*(body.get(name) for name in SYSTEMS))
    if system and not any(each.role is Role.SYSTEM for each in found):
        yield Message(Role.SYSTEM, (Text(system),))
    yield from found or ([] if system else [Message(role, (Text(as_text(body)),))])


def answering(body: Json) -> Iterator[str]:
    """What holds the model's answer; what has fields of its own beside it is the answer, in the form asked for."""
    yield from ("messages", "message")
    yield from (name for name in (*ANSWERS, *TEXTS) if not body.keys() - {name} - BESIDE)


def is_message(body: Json) -> bool:
    """Whether an object is one message."""
    if langchain_messages.is_message(body):
        return True
    return isinstance(body.get("role"), str) and any(
        name in body for name in ("content", "parts", "blocks", "tool_calls", "function_call", "text", "refusal")
    )


def message(body: Json, role: Role) -> Iterator[Message]:
    """One message, read as the API whose marks it has."""
    if is_definition(body):
        return
    name = str(body.get("role") or role.value).lower()
    content = decoded(body.get("content"))
    if calls := calls_in(content):
        yield openai_messages.message_of({"role": "assistant", "tool_calls": calls})
        return
    blocks = [block for block in as_list(content) if isinstance(block, dict)]
    kinds = {str(block.get("type")) for block in blocks}
    if isinstance(body.get("blocks"), list) and not body.get("content"):
        own = [llama_index_block(block) for block in body["blocks"] if isinstance(block, dict)]
        yield from ai_sdk_parts.messages_of(own, openai_messages.ROLES.get(name, Role.TOOL))
    elif "parts" in body:
        yield from in_parts(body, name)
    elif langchain_messages.is_message(body) or any(mark in body for mark in LANGCHAIN):
        yield from langchain_messages.message_of(named(body, name))
    elif any(map(ai_sdk_parts.is_part, blocks)) and not kinds & BLOCKS:
        yield from ai_sdk_parts.messages_of(blocks, openai_messages.ROLES.get(name, Role.TOOL))
    elif kinds & BLOCKS or any("source" in block for block in blocks):
        yield anthropic_messages.message_of({"role": "user" if name == "tool" else name, "content": content})
    elif any(block.keys() & CONVERSE for block in blocks):
        yield bedrock_blocks.message_of({"role": name, "content": blocks})
    elif name not in openai_messages.ROLES:
        yield openai_messages.message_of({**body, "role": "tool"})
    else:
        yield openai_messages.message_of({**body, "role": name, **spoken(body, content)})


def named(body: Json, role: str) -> Json:
    """A message of LangChain; one that a callback wrote has the tool's name where the role should be."""
    known = langchain_messages.is_message(body) or role in openai_messages.ROLES
    return body if known else {**body, "role": "tool"}


def in_parts(body: Json, role: str) -> Iterator[Message]:
    """A message with parts: OpenTelemetry's and the AI SDK's have types, Gemini's have none."""
    parts = [part for part in as_list(decoded(body["parts"])) if isinstance(part, dict)]
    if any(ai_sdk_parts.is_part(part) for part in parts):
        yield from ai_sdk_parts.messages_of(parts, openai_messages.ROLES.get(role, Role.USER))
    elif any("type" in part for part in parts):
        yield otel_parts.message_of({"role": role, "parts": [as_typed(part) for part in parts]})
    else:
        yield from gemini_parts.content_messages(body)


def llama_index_block(block: Json) -> Json:
    """A block of LlamaIndex, under the names of the AI SDK's parts."""
    kind = str(block.get("block_type"))
    if kind == "thinking":
        return {"type": "reasoning", "text": block.get("content")}
    if kind == "tool_call":
        names = {"toolCallId": "tool_call_id", "toolName": "tool_name", "input": "tool_kwargs"}
        return {"type": "tool-call", **{own: block.get(name) for own, name in names.items()}}
    media = {"mediaType": block.get("image_mimetype")} if kind == "image" else {}
    return {"type": kind, **{name: value for name, value in block.items() if value is not None}, **media}


def as_typed(part: Json) -> Json:
    """A part, with the class that .NET writes in place of reasoning's type as that type."""
    if not str(part.get("type")).endswith("ReasoningContent"):
        return part
    content = part.get("content", part.get("text"))
    return {"type": "reasoning", "content": first_text(as_mapping(content).get("text"), content) or ""}


def calls_in(content: Any) -> list[Json]:
    """The tool calls that some write where the content should be, as JSON."""
    listed = as_list(content)
    calls = [call for call in listed if "arguments" in as_mapping(as_mapping(call).get("function"))]
    return calls if len(calls) == len(listed) else []


def spoken(body: Json, content: Any) -> Json:
    """The content of a message; only a list of typed parts is taken out of the string that it stands in."""
    parts = content if isinstance(content, list) and all(map(is_typed, content)) else body.get("content")
    if isinstance(parts, dict):
        parts = text(parts.get("text")) or as_text(parts)
    return {"content": parts if parts is not None else text(body.get("text"))}


def is_typed(part: Any) -> bool:
    """Whether an element of a content list is text or a typed part."""
    return isinstance(part, str) or "type" in as_mapping(part)
