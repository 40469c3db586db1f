"""OpenAI's messages, as the Chat API, compatible servers, older OpenTelemetry events and training rows have them.

Thinking stands in several fields, depending on the server: `reasoning_content` (DeepSeek, Z.ai, SGLang, LiteLLM),
`reasoning` (vLLM, Groq, Cerebras, Ollama), `reasoning_details` (OpenRouter), `thinking_blocks` (LiteLLM), and parts of
type `thinking` (Mistral). Gateways fill several of them with the same text.

Source: openai-python types/chat; the servers' documentation of their reasoning fields.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import (
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Unknown,
    image_from_url,
    result_of,
)
from ingest.formats.reading import Json, Malformed, as_mapping, as_text, first_text, mapping, objects, text
from ingest.qta import ImageReason, RefKind, ThinkingKind

ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "human": Role.USER,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}

DETAIL_KINDS = {"reasoning.summary": ThinkingKind.SUMMARY}  # reasoning.text may be either: see ingest.thinking


def messages_in(value: Any) -> tuple[Message, ...]:
    """A list of messages."""
    return tuple(message_of(item) for item in objects(value, "messages"))


def message_of(message: Json, role: str | None = None) -> Message:
    """One message.

    Args:
        message: as logged.
        role: for messages that leave it out, such as events named after it.

    Raises:
        Malformed: a role that nobody has.
    """
    name = ROLES.get(str(message.get("role") or role).lower())
    if name is None:
        raise Malformed("messages[].role")
    if name is Role.TOOL:
        return Message(name, (tool_result(message),))
    if name is not Role.ASSISTANT:
        return Message(name, tuple(content_parts(message.get("content"))))
    return Message(name, (*thinking_in(message), *content_parts(message.get("content")), *spoken_otherwise(message)))


def spoken_otherwise(message: Json) -> Iterator[Part]:
    """What an assistant's message holds beside thinking and content."""
    if refusal := text(message.get("refusal")):
        yield Refusal(refusal)
    if audio := text(mapping(message.get("audio"), "messages[].audio").get("transcript")):
        yield Text(audio)
    for image in objects(message.get("images"), "messages[].images"):
        yield from content_part(image)
    yield from (tool_use(call) for call in objects(message.get("tool_calls"), "messages[].tool_calls"))
    if as_mapping(call := message.get("function_call")).get("name"):  # some servers have it empty
        yield tool_use({"function": call})


def tool_use(call: Json) -> ToolUse:
    """A tool call; `custom` tools have their input as text, Ollama's own form has arguments as an object."""
    function = mapping(call.get("function") or call.get("custom") or call, "tool_calls[].function")
    arguments = function.get("arguments", function.get("input"))
    return ToolUse(as_text(function.get("name")), as_text(arguments), text(call.get("id")))


def tool_result(message: Json) -> ToolResult:
    """The message of a tool."""
    call_id = first_text(message.get("tool_call_id"), message.get("id"), message.get("name"))
    return result_of(content_parts(message.get("content")), call_id)


def content_parts(content: Any) -> Iterator[Part]:
    """The parts of `content`, which is a string, a list, or None."""
    if isinstance(content, str):
        yield Text(content)
        return
    if isinstance(content, dict):
        content = [content]
    for item in content or ():
        if isinstance(item, str):
            yield Text(item)
        else:
            yield from content_part(mapping(item, "messages[].content[]"))


def content_part(part: Json) -> Iterator[Part]:
    """One typed part; training rows have `value` where the API has a field named after the type."""
    kind = part.get("type") or "text"
    if kind in ("text", "input_text", "output_text"):
        yield Text(as_text(part.get("text", part.get("value"))))
    elif kind in ("image_url", "input_image", "image", "computer_screenshot"):
        yield image_part(part)
    elif kind == "thinking":
        yield Thinking(thinking_text(part.get("thinking")), fallback=ThinkingKind.RAW)
    elif kind == "refusal":
        yield Refusal(as_text(part.get("refusal")))
    elif kind in ("file", "input_file") and is_image_file(part):
        yield file_part(file_of(part))
    else:
        yield Unknown(str(kind))


def image_part(part: Json) -> Image:
    """An `image_url` part: the URL stands in an object, or, with some servers, alone."""
    found = part.get("image_url", part.get("image", part.get("url", part.get("value"))))
    url = found.get("url") if isinstance(found, dict) else found
    if isinstance(url, str) and url:
        return image_from_url(url)
    if file_id := text(part.get("file_id")):
        return Image(RefKind.FILE_ID, file_id)
    return Image(RefKind.DATA, failure=ImageReason.BAD_SHAPE)


def is_image_file(part: Json) -> bool:
    """Whether a `file` part is an image."""
    data = file_of(part).get("file_data")
    return isinstance(data, str) and data.startswith("data:image/")


def file_of(part: Json) -> Json:
    """What a `file` part says of its file; an `input_file` says it itself."""
    return mapping(part.get("file"), "messages[].content[].file") or part


def file_part(file: Json) -> Image:
    """An image in a `file` part."""
    return image_from_url(as_text(file.get("file_data")))


def thinking_in(message: Json) -> Iterator[Thinking]:
    """The thinking in an assistant's message, each text once.

    The structured fields come first: they say more. A plain field beside them is read where it says something else.
    """
    places = (message, as_mapping(message.get("provider_specific_fields")))
    structured = [
        segment
        for place in places
        for segment in (*details(place.get("reasoning_details")), *blocks(place.get("thinking_blocks")))
    ]
    yield from structured
    said = words("".join(part.text or "" for part in structured))
    for plain in (place.get(name) for place in places for name in ("reasoning_content", "reasoning", "thinking")):
        found = thinking_text(plain)
        if found and words(found) not in said:
            said += words(found)
            yield Thinking(found, fallback=ThinkingKind.RAW)


def words(value: str) -> str:
    """`value` without white space, to compare what two fields say."""
    return "".join(value.split())


def thinking_text(value: Any) -> str | None:
    """Thinking as a string, or as Mistral's list of text parts."""
    if isinstance(value, list):
        return (
            "\n\n".join(as_text(part.get("text")) for part in objects(value, "thinking[]") if text(part.get("text")))
            or None
        )
    return text(value)


def details(value: Any) -> Iterator[Thinking]:
    """OpenRouter's `reasoning_details`; `reasoning.encrypted` holds ciphertext alone."""
    for detail in objects(value, "reasoning_details"):
        kind = str(detail.get("type"))
        found = None if kind == "reasoning.encrypted" else first_text(detail.get("text"), detail.get("summary"))
        if found or detail.get("data") or detail.get("signature"):
            yield Thinking(found, DETAIL_KINDS.get(kind) if found else None, ThinkingKind.RAW)


def blocks(value: Any) -> Iterator[Thinking]:
    """LiteLLM's `thinking_blocks`, in Anthropic's form."""
    for block in objects(value, "thinking_blocks"):
        yield Thinking(text(block.get("thinking")) if block.get("type") == "thinking" else None)
