"""Gemini's contents and their parts become messages.

Fields are in camelCase on the wire and in snake_case in dumps of SDK objects; logs mix both, and dumps have every
other field of a part as null.

Source: python-genai types.py, `Content` and `Part`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from ingest.exchange import Image, Message, Part, Role, Text, Thinking, ToolResult, ToolUse, Unknown, image_from_url
from ingest.formats.binary import image_from_bytes
from ingest.formats.reading import Json, Malformed, as_list, as_text, either, first_text, mapping, text
from ingest.qta import ImageReason, RefKind, ThinkingKind

ROLES = {
    "user": Role.USER,
    "function": Role.USER,  # results alone, which are taken out of it
    "tool": Role.USER,
    "model": Role.ASSISTANT,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
}
# What clients send where a signature has to be and they have none.
NO_SIGNATURES = {"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"}
FILES_API = "https://generativelanguage.googleapis.com/"
KNOWN = (
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
)
BESIDE = {"thought", "thoughtSignature", "thought_signature", "videoMetadata", "video_metadata", "text", "role"}


def messages_in(contents: Any) -> tuple[Message, ...]:
    """The messages in `contents`: a string, a content, a part, or a list of any of these."""
    return tuple(message for content in contents_in(contents) for message in content_messages(content))


def contents_in(contents: Any) -> Iterator[Json]:
    """The contents; parts that stand where contents should are one of the user's."""
    listed = contents if isinstance(contents, list) else [] if contents is None else [contents]
    for is_content, run in groupby(listed, key=lambda item: isinstance(item, dict) and "parts" in item):
        held = list(run)
        yield from held if is_content else [{"role": "user", "parts": held}]


def content_messages(content: Json, *, hides: bool = True) -> Iterator[Message]:
    """The messages of one content: a tool's results are a message of their own, whoever they stand under.

    Args:
        content: with `role` and `parts`.
        hides: whether a signature without a thought means that there was one.
    """
    role = ROLES.get(str(content.get("role") or "user").lower())
    if role is None:
        raise Malformed("contents[].role")
    parts = parts_in(content)
    if role is not Role.ASSISTANT:
        yield Message(role, tuple(found for part in parts for found in part_of(part)))
        return
    hidden = (Thinking(None),) if hides and has_hidden_thought(parts) else ()
    for is_result, run in groupby(parts, key=lambda part: bool(either(part, "functionResponse"))):
        found = tuple(each for part in run for each in part_of(part))
        yield Message(Role.TOOL, found) if is_result else Message(role, (*hidden, *found))
        hidden = ()


def parts_in(content: Json) -> list[Json]:
    """The parts of a content, which may be a string or one part alone."""
    parts = content.get("parts")
    listed = parts if isinstance(parts, list) else [] if parts is None else [parts]
    return [{"text": part} if isinstance(part, str) else mapping(part, "parts[]") for part in listed]


def has_hidden_thought(parts: Iterable[Json]) -> bool:
    """Whether a signature is all that is left of a thought."""
    listed = list(parts)
    signed = any(text(either(part, "thoughtSignature")) not in (None, *NO_SIGNATURES) for part in listed)
    return signed and not any(part.get("thought") for part in listed)


def part_of(part: Json) -> Iterator[Part]:
    """What one part holds; a thought of Gemini is a summary, of open models it is their own."""
    if part.get("thought"):
        yield Thinking(text(part.get("text")), fallback=ThinkingKind.SUMMARY)
        return
    if isinstance(part.get("text"), str):
        yield Text(part["text"])
    held = [(name, value) for name in KNOWN if (value := either(part, name)) is not None]
    for name, value in held:
        yield from held_part(name, mapping(value, f"parts[].{name}"))
    if not held and part.get("text") is None:
        yield from (Unknown(name) for name, value in part.items() if value is not None and name not in BESIDE)


def held_part(name: str, value: Json) -> Iterator[Part]:
    """What stands under one of the fields that say what a part is."""
    if name in ("functionCall", "toolCall"):
        called = first_text(value.get("name"), either(value, "toolType")) or ""
        by_provider = name == "toolCall"
        yield ToolUse(called, as_text(value.get("args")), text(value.get("id")), by_provider=by_provider)
    elif name in ("functionResponse", "toolResponse"):
        yield function_result(value)
    elif name == "inlineData":
        yield inline(value)
    elif name == "fileData":
        yield linked(value)
    elif name == "executableCode":
        yield ToolUse("code_execution", as_text(value.get("code")), text(value.get("id")), by_provider=True)
    else:
        is_error = str(value.get("outcome")).rpartition(".")[2] not in ("OUTCOME_OK", "1")
        yield ToolResult(as_text(value.get("output")), text(value.get("id")), is_error)


def function_result(value: Json) -> ToolResult:
    """What a function gave back; its pictures stand in parts of their own."""
    answer = value.get("response")
    inner = [
        found for part in as_list(value.get("parts")) for found in part_of(mapping(part, "functionResponse.parts"))
    ]
    return ToolResult(
        text="\n".join([as_text(answer), *(part.text for part in inner if isinstance(part, Text))]).strip(),
        call_id=first_text(value.get("id"), value.get("name")),
        is_error=isinstance(answer, dict) and answer.keys() == {"error"},
        images=tuple(part for part in inner if isinstance(part, Image)),
        unknown=tuple(part.type for part in inner if isinstance(part, Unknown)),
    )


def inline(value: Json) -> Part:
    """Bytes inside the log."""
    media_type = text(either(value, "mimeType"))
    if media_type and not media_type.startswith("image/"):
        return Unknown(f"inlineData:{media_type}")
    return image_from_bytes(value.get("data"), media_type)


def linked(value: Json) -> Part:
    """Bytes elsewhere; those that were uploaded to the provider need its key."""
    media_type, url = text(either(value, "mimeType")), text(either(value, "fileUri"))
    if media_type and not media_type.startswith("image/"):
        return Unknown(f"fileData:{media_type}")
    if url is None:
        return Image(RefKind.FILE_ID, media_type=media_type, failure=ImageReason.BAD_SHAPE)
    if url.startswith(FILES_API):
        return Image(RefKind.FILE_ID, url, media_type)
    return image_from_url(url, media_type)
