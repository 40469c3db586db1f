"""OpenTelemetry GenAI messages with typed parts: `[{role, parts[], finish_reason?}]`.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-input-messages.json; pydantic-ai for what it
writes in its own way (`thinking`, `binary`, `image-url`, `result`).
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from ingest.exchange import (
    Choice,
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
from ingest.formats import anthropic_messages
from ingest.formats.openai_messages import ROLES, content_parts
from ingest.formats.reading import Json, Malformed, as_text, first_text, mapping, objects, text, unquoted
from ingest.qta import RefKind, Status, ThinkingKind

FINISHES = {
    "tool_call": Status.INCOMPLETE,
    "tool_calls": Status.INCOMPLETE,
    "length": Status.INCOMPLETE,
    "max_tokens": Status.INCOMPLETE,
    "content_filter": Status.BLOCKED,
    "safety": Status.BLOCKED,
    "refusal": Status.BLOCKED,
    "recitation": Status.BLOCKED,
    "prohibited_content": Status.BLOCKED,
    "blocklist": Status.BLOCKED,
    "spii": Status.BLOCKED,
    "guardrail_intervened": Status.BLOCKED,
    "error": Status.ERROR,
}
TEXTS = ("text", "input_text", "output_text")
IMAGE_PARTS = ("blob", "uri", "file", "binary", "image-url", "image_url", "image", "input_image")
ANTHROPIC_PARTS = ("tool_use", "tool_result", "server_tool_use", "redacted_thinking")  # as some writers hand them on
REASONING_KINDS = {"summary_text": ThinkingKind.SUMMARY, "reasoning_text": ThinkingKind.RAW}


def messages_in(value: Any) -> tuple[Message, ...]:
    """The messages of an attribute, which is a JSON string or already a list."""
    return tuple(message_of(item) for item in objects(unquoted(value), "gen_ai messages"))


def choices_in(value: Any, finish_reasons: Any) -> tuple[Choice, ...]:
    """The answers of `gen_ai.output.messages`: one message for each, as long as each has a finish reason.

    Messages without one are parts of a single answer: reasoning and text apart, or an agent's steps.

    Args:
        value: a JSON string or already a list.
        finish_reasons: `gen_ai.response.finish_reasons`, for writers that leave `finish_reason` out.
    """
    items = list(objects(unquoted(value), "gen_ai.output.messages"))
    listed = finish_reasons if isinstance(finish_reasons, list) else []
    own = [item.get("finish_reason") for item in items]
    reasons = own if any(own) else listed
    messages = [message_of(item) for item in items]
    if len(items) > 1 and len([reason for reason in reasons if reason]) < len(items):
        return (Choice(tuple(messages), status_of(reasons[-1] if reasons else None)),)
    return tuple(
        Choice((message,), status_of(reason), n)
        for n, (message, reason) in enumerate(zip_longest(messages, reasons[: len(items)]))
    )


def status_of(finish_reason: Any) -> Status:
    """Whether an answer is whole; a reason that we do not know is taken for a whole one."""
    return FINISHES.get(str(finish_reason).lower(), Status.COMPLETE)


def message_of(message: Json) -> Message:
    """One message; older writers have OpenAI's `content` in place of `parts`."""
    role = ROLES.get(str(message.get("role") or "assistant").lower())
    if role is None:
        raise Malformed("gen_ai messages[].role")
    if "parts" not in message:
        return Message(role, tuple(content_parts(message.get("content"))))
    return Message(role, tuple(part for item in objects(message["parts"], "parts") for part in part_of(item)))


def system_in(value: Any) -> tuple[Message, ...]:
    """`gen_ai.system_instructions`: a list of parts, or plain text."""
    found = unquoted(value)
    if isinstance(found, str):
        return (Message(Role.SYSTEM, (Text(found),)),)
    parts = tuple(part for item in objects(found, "gen_ai.system_instructions") for part in part_of(item))
    return (Message(Role.SYSTEM, parts),) if parts else ()


def part_of(part: Json) -> Iterator[Part]:
    """One part. A part without its content was not captured, and gives nothing."""
    kind = str(part.get("type") or "text")
    content = part.get("content")
    if kind in TEXTS:
        said = part.get("text") if content is None else content
        yield from [] if said is None else [Text(as_text(said))]
    elif kind in ("reasoning", "thinking"):
        # With content off the part has no content; an empty one is thinking that the provider withheld.
        yield from [] if content is None and not part.get("signature") else thinking_of(content)
    elif kind == "refusal":
        yield Refusal(as_text(content))
    elif kind in ("tool_call", "server_tool_call"):
        yield tool_call(part, by_provider=kind != "tool_call")
    elif kind in ("tool_call_response", "server_tool_call_response"):
        yield tool_response(part)
    elif kind in ANTHROPIC_PARTS or kind.endswith("_tool_result") or isinstance(part.get("source"), dict):
        yield from anthropic_messages.block_parts(part)
    elif kind in IMAGE_PARTS and is_image(part):
        yield image_of(part)
    else:
        yield Unknown(kind if kind not in IMAGE_PARTS else f"{kind}:{part.get('modality') or media_type(part)}")


def thinking_of(content: Any) -> list[Thinking]:
    """Thinking as text, or as the parts of an item of OpenAI's that OpenLLMetry writes in its place."""
    held = unquoted(content)
    if isinstance(held, list) and held and all(isinstance(item, dict) and text(item.get("text")) for item in held):
        return [Thinking(item["text"], REASONING_KINDS.get(str(item.get("type")))) for item in held]
    return [Thinking(text(content))]


def tool_call(part: Json, *, by_provider: bool) -> ToolUse:
    """A tool call; the provider's own have their arguments in an object named after the call."""
    arguments = first_of(part, "arguments", "server_tool_call", "input")
    return ToolUse(as_text(part.get("name")), as_text(arguments), text(part.get("id")), by_provider)


def tool_response(part: Json) -> ToolResult:
    """What a tool gave back: text, JSON, or parts with images among them."""
    found = first_of(part, "response", "result", "content", "server_tool_call_response")
    return result_of(parts_within(found) or [Text(as_text(found))], text(part.get("id")))


def parts_within(value: Any) -> list[Part]:
    """The parts in a tool's response, when it is a list of typed parts."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "type" in item for item in value):
        return [part for item in value for part in part_of(item)]
    return []


def first_of(part: Json, *names: str) -> Any:
    """The first of `names` that is there."""
    return next((part[name] for name in names if part.get(name) is not None), None)


def media_type(part: Json) -> str | None:
    """The media type that a part claims."""
    return first_text(part.get("mime_type"), part.get("media_type"), part.get("mimeType"))


def is_image(part: Json) -> bool:
    """Whether a blob, link or file is an image; a link that does not say is taken for one."""
    if part.get("modality"):
        return bool(part["modality"] == "image")
    claimed = media_type(part)
    return claimed.startswith("image/") if claimed else part.get("type") != "file"


def image_of(part: Json) -> Image:
    """An image as bytes, as a link, or as an id of the provider."""
    image_url = part.get("image_url")
    url = first_text(
        part.get("uri"),
        part.get("url"),
        mapping(image_url, "image_url").get("url") if isinstance(image_url, dict) else image_url,
    )
    if url:
        return image_from_url(url, media_type(part))
    if part.get("file_id"):
        return Image(RefKind.FILE_ID, text(part.get("file_id")), media_type(part))
    data = first_text(part.get("content"), part.get("data"))
    return (
        image_from_url(data, media_type(part))
        if data and data.startswith("data:")
        else Image(RefKind.BASE64, data, media_type(part))
    )
