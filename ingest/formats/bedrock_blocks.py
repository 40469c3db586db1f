"""Content blocks of Amazon Bedrock's Converse API become parts. A block has one field, named after what it is.

Source: botocore data/bedrock-runtime, `ContentBlock` and what it holds.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import (
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolUse,
    Unknown,
    image_from_url,
    result_of,
)
from ingest.formats.binary import image_from_bytes
from ingest.formats.reading import Json, Malformed, as_text, either, mapping, objects, text

ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
REDACTED = "[REDACTED]"  # what Nova writes in place of its reasoning
# What says nothing: marks for caching, and definitions of tools.
SILENT = {"cachePoint", "cache_point", "toolAddition", "toolRemoval"}


def messages_in(request: Json) -> tuple[Message, ...]:
    """The system prompt and the messages of a request."""
    system = parts_of(request.get("system"))
    messages = (message_of(message) for message in objects(request.get("messages"), "messages"))
    return (*([Message(Role.SYSTEM, system)] if system else []), *messages)


def message_of(message: Json) -> Message:
    """One message."""
    role = ROLES.get(str(message.get("role")))
    if role is None:
        raise Malformed("messages[].role")
    return Message(role, parts_of(message.get("content")))


def parts_of(content: Any) -> tuple[Part, ...]:
    """The parts of a list of blocks; models of one field take a string too."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(part for block in objects(content, "content") for part in block_parts(block))


def block_parts(block: Json) -> Iterator[Part]:
    """What one block holds."""
    for name, value in block.items():
        if value is None or name in SILENT:
            continue
        if isinstance(value, str) and name == "text":
            yield Text(value)
        elif reader := READERS.get(name):
            yield from reader(mapping(value, f"content[].{name}"))
        elif name == "json":
            yield Text(as_text(value))
        else:
            yield Unknown(name)


def reasoning(value: Json) -> Iterator[Part]:
    """Thinking: text, or ciphertext alone."""
    said = mapping(either(value, "reasoningText"), "reasoningContent.reasoningText")
    found = text(said.get("text"))
    yield Thinking(None if found and found.strip() == REDACTED else found)


def image(value: Json) -> Iterator[Part]:
    """An image: its bytes, or where they are."""
    source = mapping(value.get("source"), "image.source")
    media_type = f"image/{value['format']}" if text(value.get("format")) else None
    link = text(mapping(either(source, "s3Location"), "image.source.s3Location").get("uri"))
    yield image_from_url(link, media_type) if link else image_from_bytes(source.get("bytes"), media_type)


def tool_use(value: Json) -> Iterator[Part]:
    """A tool call; those of type `server_tool_use` ran at the provider."""
    yield ToolUse(
        as_text(value.get("name")),
        as_text(value.get("input")),
        text(either(value, "toolUseId")),
        by_provider=value.get("type") == "server_tool_use",
    )


def tool_result(value: Json) -> Iterator[Part]:
    """What a tool gave back."""
    is_error = value.get("status") == "error"
    yield result_of(parts_of(value.get("content")), text(either(value, "toolUseId")), is_error=is_error)


def guarded(value: Json) -> Iterator[Part]:
    """Text or an image that a guardrail is to look at: said as any other."""
    said = mapping(value.get("text"), "guardContent.text")
    if text(said.get("text")):
        yield Text(as_text(said["text"]))
    if isinstance(value.get("image"), dict):
        yield from image(value["image"])


def cited(value: Json) -> Iterator[Part]:
    """Text with citations."""
    yield from parts_of(value.get("content"))


def document(value: Json) -> Iterator[Part]:
    """A document: its text where it is text, else its kind as unknown."""
    source = mapping(value.get("source"), "document.source")
    if text(source.get("text")):
        yield Text(as_text(source["text"]))
    elif isinstance(source.get("content"), list):
        yield from parts_of(source["content"])
    else:
        yield Unknown(f"document:{value.get('format')}")


READERS = {
    "reasoningContent": reasoning,
    "reasoning_content": reasoning,
    "image": image,
    "toolUse": tool_use,
    "tool_use": tool_use,
    "toolResult": tool_result,
    "tool_result": tool_result,
    "guardContent": guarded,
    "guard_content": guarded,
    "citationsContent": cited,
    "citations_content": cited,
    "document": document,
}
