"""The parts of messages as Vercel's AI SDK writes them: `tool-call`, `tool-result`, `reasoning`, `file`, `image`.

Source: vercel/ai packages/ai, the prompt and content types of generateText and its telemetry.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.exchange import (
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Unknown,
    image_from_url,
    result_of,
)
from ingest.formats.reading import Json, as_list, as_mapping, as_text, first_text, text
from ingest.qta import ImageReason, RefKind

KINDS = {"tool-call", "tool-result", "tool-error", "reasoning", "redacted-reasoning", "step-start"}
OWN = ("mediaType", "mimeType", "image", "data")  # of an image or a file; other APIs have an object there


def is_part(part: Json) -> bool:
    """Whether a part is one that this SDK writes, and not another API's of the same type."""
    kind = str(part.get("type"))
    is_file = kind in ("image", "file") and any(isinstance(part.get(name), str) for name in OWN)
    return kind in KINDS or "toolCallId" in part or is_file


def messages_of(parts: Iterable[Json], role: Role) -> Iterator[Message]:
    """A message's parts, with what tools gave back in messages of their own."""
    said: list[Part] = []
    for part in (found for each in parts for found in parts_of(each)):
        if isinstance(part, ToolResult):
            if said:
                yield Message(role, tuple(said))
            said = []
            yield Message(Role.TOOL, (part,))
        else:
            said.append(part)
    if said:
        yield Message(Role.ASSISTANT if any(isinstance(part, ToolUse) for part in said) else role, tuple(said))


def parts_of(part: Json) -> Iterator[Part]:
    """What one part holds."""
    kind = str(part.get("type") or ("tool-call" if "toolCallId" in part else "text"))
    call_id = text(part.get("toolCallId"))
    if kind in ("text", "input_text", "output_text"):
        yield Text(as_text(part.get("text")))
    elif kind == "reasoning":
        yield Thinking(first_text(part.get("text"), part.get("content"), part.get("reasoning")))
    elif kind == "redacted-reasoning":
        yield Thinking(None)
    elif kind in ("tool-result", "tool-error"):
        output = part.get("output", part.get("result", part.get("error")))
        yield result_of(result_parts(output), call_id, is_error=kind == "tool-error" or bool(part.get("isError")))
    elif kind == "tool-call" or kind.startswith("tool-"):
        yield ToolUse(
            text(part.get("toolName")) or kind.removeprefix("tool-"),
            as_text(part.get("input", part.get("args"))),
            call_id,
            by_provider=part.get("providerExecuted") is True,
        )
        if kind != "tool-call" and part.get("output") is not None:
            yield result_of(result_parts(part["output"]), call_id)
    elif kind in ("image", "file"):
        yield picture(part)
    elif kind == "image_url":
        yield picture({"image": as_mapping(part.get("image_url")).get("url") or part.get("image_url")})
    elif kind != "step-start":
        yield Unknown(kind)


def result_parts(output: Any) -> list[Part]:
    """What a tool gave back: a value, text, or content with images."""
    held = as_mapping(output)
    kind = str(held.get("type"))
    if kind == "content":
        return [found for part in as_list(held.get("value")) for found in media(as_mapping(part))]
    if kind in ("text", "json", "error-text", "error-json") and "value" in held:
        return [Text(as_text(held["value"]))]
    return [Text(as_text(output))]


def media(part: Json) -> Iterator[Part]:
    """A part of a tool's content, where images are called media."""
    if part.get("type") == "media":
        yield picture({**part, "type": "file"})
    else:
        yield from parts_of(part)


def picture(part: Json) -> Part:
    """An image, or another file, by its data or its link."""
    media_type = first_text(part.get("mediaType"), part.get("mimeType"), part.get("media_type"))
    if part.get("type") == "file" and media_type and not media_type.startswith("image/"):
        return Unknown(f"file:{media_type}")
    found = next((part[name] for name in ("image", "data", "url", "file") if part.get(name) is not None), None)
    held = first_text(as_mapping(found).get("url"), as_mapping(found).get("data"), found)
    if held is None:
        return Image(RefKind.DATA, failure=ImageReason.BAD_SHAPE)
    is_named = held.startswith(("data:", "http:", "https:", "gs:", "s3:", "@@@"))
    return image_from_url(held, media_type) if is_named else Image(RefKind.BASE64, held, media_type)


def as_message(body: Json) -> Json:
    """A result of generateText as a message: its text, its reasoning, and its calls beside each other."""
    calls = as_list(body.get("toolCalls")) or as_list(body.get("tool_calls"))
    own = [call for call in calls if isinstance(call, dict) and "toolCallId" in call]
    reasoning = body.get("reasoning") or body.get("reasoning_content") or body.get("reasoningText")
    if not own and not isinstance(reasoning, list):
        return {**body, "content": body.get("content") or body.get("text"), "reasoning": reasoning, "tool_calls": calls}
    thoughts = [{"type": "reasoning", "text": reasoning}] if isinstance(reasoning, str) else as_list(reasoning)
    words = [{"type": "text", "text": body["text"]}] if text(body.get("text")) else []
    return {"content": [*thoughts, *words, *({**call, "type": "tool-call"} for call in own)]}
