"""The content blocks of LangChain's messages: its own of version 1, those of version 0, and the providers' native ones.

Source: langchain-core messages/content.py and block_translators/.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import Image, Part, Refusal, Text, Thinking, ToolUse, Unknown, image_from_url, result_of
from ingest.formats import anthropic_messages
from ingest.formats.openai_messages import thinking_text
from ingest.formats.reading import Json, as_text, first_text, mapping, objects, text
from ingest.qta import ImageReason, RefKind, ThinkingKind

TEXTS = {"text", "text-plain", "input_text", "output_text"}
CALLS = {"tool_use", "tool_call", "function_call", "invalid_tool_call", "tool_call_chunk", "custom_tool_call"}
PROVIDER_CALLS = {"server_tool_call", "server_tool_use", "mcp_tool_use"}
IMAGES = {"image", "image_url", "input_image"}
FRAGMENTS = {"input_json_delta", "server_tool_call_chunk", "citations_delta"}  # streamed twins of what a call holds


def parts_of(content: Any) -> tuple[Part, ...]:
    """The parts of a human's, a tool's or the system's content."""
    return tuple(block_parts(content, ThinkingKind.UNKNOWN))


def block_parts(content: Any, fallback: ThinkingKind) -> Iterator[Part]:
    """The parts of content: a string, a list of blocks and strings, or None.

    Args:
        content: as logged.
        fallback: the kind of thinking in a `reasoning` block where nothing says it.
    """
    if isinstance(content, str):
        yield Text(content)
        return
    for block in [content] if isinstance(content, dict) else content or ():
        if isinstance(block, str):
            yield Text(block)
        else:
            yield from block_part(mapping(block, "messages[].content[]"), fallback)


def block_part(block: Json, fallback: ThinkingKind) -> Iterator[Part]:  # noqa: C901 - a table in words
    """What one block holds."""
    kind = str(block.get("type") or bedrock_kind(block))
    if kind in TEXTS:
        yield Text(as_text(block.get("text")))
    elif kind == "reasoning":
        yield from reasoning(block, fallback)
    elif kind == "thinking":
        yield Thinking(thinking_text(block.get("thinking")))
    elif kind == "redacted_thinking":
        yield Thinking(None)
    elif kind in ("reasoning_content", "reasoningContent"):
        held = mapping(block.get("reasoning_content", block.get("reasoningContent")), kind)
        yield Thinking(text(mapping(held.get("reasoningText"), kind).get("text")) or text(held.get("text")))
    elif kind in IMAGES:
        yield image_of(block)
    elif kind == "media" and str(block.get("mime_type")).startswith("image/"):
        yield image_of({"base64": block.get("data"), "url": block.get("file_uri"), **block})
    elif kind in CALLS or kind in PROVIDER_CALLS:
        yield call_of(block, by_provider=kind in PROVIDER_CALLS)
    elif kind == "refusal":
        yield Refusal(as_text(block.get("refusal")))
    elif kind.endswith("tool_result"):
        content = block.get("output", block.get("content"))
        parts = parts_of(content) if isinstance(content, str | list) else (Text(as_text(content)),)
        yield result_of(parts, first_text(block.get("tool_call_id"), block.get("tool_use_id")))
    elif kind == "non_standard" and isinstance(block.get("value"), dict):
        yield from block_part({"type": "non_standard_value", **block["value"]}, fallback)
    elif kind not in FRAGMENTS:
        yield Unknown(kind)


def bedrock_kind(block: Json) -> str:
    """The kind of a block that is named by its only key, as Bedrock Converse has it."""
    return next((name for name in ("text", "image", "reasoningContent") if name in block), "none")


def reasoning(block: Json, fallback: ThinkingKind) -> Iterator[Thinking]:
    """A reasoning block: the model's own words, a text that may be a summary, summaries, or that there was some."""
    raw = [found for part in listed(block.get("content")) if (found := text(part.get("text")))]
    summaries = [found for part in listed(block.get("summary")) if (found := text(part.get("text")))]
    if raw:
        yield from (Thinking(found, ThinkingKind.RAW) for found in raw)
    elif found := first_text(block.get("reasoning"), block.get("text")):
        yield Thinking(found, fallback=fallback)
    elif summaries:
        yield from (Thinking(found, ThinkingKind.SUMMARY) for found in summaries)
    else:
        yield Thinking(None)


def listed(value: Any) -> Iterator[Json]:
    """The objects of a list; nothing where it is something else."""
    return objects(value, "reasoning[]") if isinstance(value, list) else iter(())


def image_of(block: Json) -> Image:
    """An image block: version 1, version 0, Anthropic's, Bedrock's, or OpenAI's."""
    declared = first_text(block.get("mime_type"), block.get("media_type"))
    source = block.get("source")
    if isinstance(source, dict):
        return anthropic_messages.image_of(source)
    if isinstance(inner := block.get("image"), dict):
        held = mapping(inner.get("source"), "image.source")
        data = held.get("bytes", held.get("data"))
        return Image(RefKind.BASE64, as_text(data)) if data else Image(RefKind.BASE64, failure=ImageReason.BAD_SHAPE)
    if data := first_text(block.get("base64"), block.get("data")):
        return image_from_url(data, declared) if data.startswith("data:") else Image(RefKind.BASE64, data, declared)
    link = block.get("image_url", block.get("url"))
    if url := text(link.get("url") if isinstance(link, dict) else link):
        return image_from_url(url, declared)
    if file_id := first_text(block.get("file_id"), block.get("id")):
        return Image(RefKind.FILE_ID, file_id)
    return Image(RefKind.DATA, failure=ImageReason.BAD_SHAPE)


def call_of(block: Json, *, by_provider: bool) -> ToolUse:
    """A tool call as a block."""
    arguments = next((block[name] for name in ("args", "input", "arguments") if block.get(name) is not None), None)
    call_id = first_text(block.get("call_id"), block.get("id"))
    return ToolUse(as_text(block.get("name")), as_text(arguments), call_id, by_provider=by_provider)
