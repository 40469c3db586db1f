"""LangChain's messages, in each of the forms that its serializers write.

    {"lc": 1, "type": "constructor", "id": […, "AIMessage"], "kwargs": {"content": …}}    dumpd
    {"type": "ai", "data": {"content": …}}                                               messages_to_dict
    {"type": "ai", "content": …}                                                         model_dump
    ["ai", "text"], {"role": "assistant", "content": …}                                  as applications write them

Thinking stands in content blocks (v1 `reasoning`, Anthropic's own, Bedrock's), or in `additional_kwargs`.

Source: langchain-core messages/*.py; the partner packages for what their providers add.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import Message, Part, Refusal, Role, Text, Thinking, ToolUse, result_of
from ingest.formats.langchain_blocks import block_parts, parts_of, reasoning
from ingest.formats.reading import Json, Malformed, as_text, first_text, mapping, objects, sequence, text
from ingest.qta import Status, ThinkingKind

ROLES = {
    "human": Role.USER,
    "user": Role.USER,
    "ai": Role.ASSISTANT,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
NO_MESSAGE = {"remove"}  # LangGraph's order to delete one
FINISHES = {
    "length": Status.INCOMPLETE,
    "max_tokens": Status.INCOMPLETE,
    "MAX_TOKENS": Status.INCOMPLETE,
    "content_filter": Status.BLOCKED,
    "SAFETY": Status.BLOCKED,
    "refusal": Status.BLOCKED,
    "guardrail_intervened": Status.BLOCKED,
}
# Whose text in a `reasoning` block is a summary that the provider wrote.
SUMMARIZING = ("openai", "azure", "google", "gemini", "xai")
PLAIN_THINKING = ("reasoning_content", "reasoning", "thinking")


def is_message(value: Any) -> bool:
    """Whether `value` has a mark that only LangChain's messages have."""
    if not isinstance(value, dict):
        return False
    if value.get("lc") == 1 and value.get("type") == "constructor":
        return class_of(value).endswith(("Message", "MessageChunk"))
    if isinstance(value.get("data"), dict) and "content" in value["data"]:
        return name_of(value.get("type")) in ROLES
    marked = "additional_kwargs" in value or "response_metadata" in value or "role" not in value
    return "content" in value and marked and name_of(value.get("type")) in ROLES


def class_of(value: Json) -> str:
    """The class of a serialized object."""
    path = value.get("id")
    return str(path[-1]) if isinstance(path, list) and path else ""


def name_of(kind: Any) -> str:
    """A message's kind from its type or its class, such as "ai" from AIMessageChunk."""
    return str(kind).removesuffix("Chunk").removesuffix("Message").lower()


def opened(value: Any) -> tuple[str, Json]:
    """Kind and fields of a message in any of its forms."""
    if isinstance(value, str):
        return "human", {"content": value}
    if isinstance(value, list):
        kind, content = sequence(value, "messages[]")
        return name_of(kind), {"content": content}
    body = mapping(value, "messages[]")
    if body.get("lc") == 1:
        kwargs = mapping(body.get("kwargs"), "messages[].kwargs")
        kind = name_of(class_of(body))
        return (str(kwargs.get("role")), kwargs) if kind == "chat" else (kind, kwargs)
    fields = mapping(body.get("data"), "messages[].data") if "data" in body and "content" not in body else body
    kind = name_of(body.get("type") or fields.get("type") or fields.get("role"))
    return (str(fields.get("role")).lower() if kind in ("chat", "message") else kind), fields


def messages_in(value: Any) -> tuple[Message, ...]:
    """A list of messages, or one."""
    listed = [value] if isinstance(value, str | dict) else sequence(value, "messages")
    return tuple(message for item in listed for message in message_of(item))


def message_of(value: Any) -> Iterator[Message]:
    """One message; none where it is an order to delete another.

    Raises:
        Malformed: a kind of message that nobody writes.
    """
    kind, body = opened(value)
    role = ROLES.get(kind)
    if kind in NO_MESSAGE:
        return
    if role is None:
        raise Malformed("messages[].type")
    if role is Role.TOOL:
        yield Message(role, (result(body),))
    elif role is Role.ASSISTANT:
        metadata = mapping(body.get("response_metadata"), "messages[].response_metadata")
        yield Message(role, tuple(said(body, metadata)), id=id_of(body, metadata), model=model_of(metadata))
    else:
        yield Message(role, parts_of(body.get("content")))


def id_of(body: Json, metadata: Json) -> str | None:
    """The provider's id of the response, else LangChain's own of the run."""
    return text(metadata.get("id")) or text(body.get("id"))


def model_of(metadata: Json) -> str | None:
    """The model that wrote a message; each partner package has its own name for the field."""
    return first_text(*(metadata.get(name) for name in ("model_name", "model", "model_id", "ls_model_name")))


def finish_of(value: Any) -> Status:
    """Whether a model's message is whole, as far as it says why it ended."""
    _, body = opened(value)
    metadata = mapping(body.get("response_metadata"), "messages[].response_metadata")
    ended = first_text(*(metadata.get(name) for name in ("finish_reason", "stop_reason", "stopReason", "done_reason")))
    return FINISHES.get(ended or "", Status.COMPLETE)


def result(body: Json) -> Part:
    """What a tool gave back."""
    call_id = first_text(body.get("tool_call_id"), body.get("name"))
    return result_of(parts_of(body.get("content")), call_id, is_error=body.get("status") == "error")


def said(body: Json, metadata: Json) -> Iterator[Part]:
    """Thinking, content and calls of a model's message; a call stands in several fields, and counts once."""
    extra = mapping(body.get("additional_kwargs"), "messages[].additional_kwargs")
    provider = first_text(metadata.get("model_provider"), metadata.get("ls_provider")) or ""
    fallback = ThinkingKind.SUMMARY if provider.startswith(SUMMARIZING) else ThinkingKind.UNKNOWN
    blocks = list(block_parts(body.get("content"), fallback))
    if not any(isinstance(part, Thinking) for part in blocks):
        yield from thinking_beside(extra)
    yield from blocks
    if not any(isinstance(part, Refusal) for part in blocks) and (refused := text(extra.get("refusal"))):
        yield Refusal(refused)
    if heard := text(mapping(extra.get("audio"), "additional_kwargs.audio").get("transcript")):
        yield Text(heard)
    known = {part.call_id for part in blocks if isinstance(part, ToolUse)}
    yield from (call for call in calls(body, extra) if call.call_id is None or call.call_id not in known)


def thinking_beside(extra: Json) -> Iterator[Thinking]:
    """Thinking that a partner package keeps beside the content: text, or OpenAI's reasoning item."""
    for name in PLAIN_THINKING:
        held = extra.get(name)
        if isinstance(held, dict):
            yield from reasoning(held, ThinkingKind.SUMMARY)
            return
        if found := text(held):
            yield Thinking(found, fallback=ThinkingKind.RAW)
            return


def calls(body: Json, extra: Json) -> Iterator[ToolUse]:
    """The tool calls of a message: parsed, as they came where nothing parsed them, and those that are no JSON."""
    parsed = list(objects(body.get("tool_calls"), "messages[].tool_calls"))
    broken = list(objects(body.get("invalid_tool_calls"), "messages[].invalid_tool_calls"))
    for call in (*parsed, *broken):
        function = mapping(call.get("function"), "tool_calls[].function")
        arguments = call.get("args", function.get("arguments"))
        yield ToolUse(as_text(call.get("name") or function.get("name")), as_text(arguments), text(call.get("id")))
    if parsed or broken:
        return
    for call in objects(extra.get("tool_calls"), "additional_kwargs.tool_calls"):
        function = mapping(call.get("function"), "tool_calls[].function")
        yield ToolUse(as_text(function.get("name")), as_text(function.get("arguments")), text(call.get("id")))
    if call := mapping(extra.get("function_call"), "additional_kwargs.function_call"):
        yield ToolUse(as_text(call.get("name")), as_text(call.get("arguments")))
