"""Anthropic Messages: request and response of the API, and of those who pass it on (Bedrock invoke, Vertex, gateways).

Source: anthropic-sdk-python types/message.py, types/*_block*.py.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import (
    Choice,
    Exchange,
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
from ingest.formats.anthropic_stream import assembled
from ingest.formats.bedrock_guards import invoke_signals
from ingest.formats.envelope import Logged, identity_of, labels_of
from ingest.formats.guards import beside, words
from ingest.formats.reading import Json, Malformed, as_mapping, as_text, first_text, mapping, objects, text
from ingest.qta import GuardSignal, ImageReason, RefKind, Status

ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
STOPS = {
    "tool_use": Status.INCOMPLETE,
    "max_tokens": Status.INCOMPLETE,
    "pause_turn": Status.INCOMPLETE,
    "model_context_window_exceeded": Status.INCOMPLETE,
    "refusal": Status.BLOCKED,  # the provider's classifier stepped in; text before it, if any, is scored
}
EVENTS = ("message_start", "content_block_start", "content_block_delta")
SERVER_TOOLS = ("server_tool_use", "mcp_tool_use")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    response = logged.response
    if response.get("type") == "message" and response.get("role") == "assistant":
        return "response.type is message, response.role is assistant"
    if response.get("role") == "assistant" and "stop_reason" in response and isinstance(response.get("content"), list):
        return "response.content[] beside stop_reason"
    if any(event.get("type") in EVENTS for event in logged.events[:20]):
        return "a stream with message_start"
    if any(body.get("type") == "error" and "error" in body for body in (response, *logged.events[:1])):
        return "response.type is error"
    return None


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    response = assembled(logged.events) if logged.events else logged.response
    failed = response.get("error") is not None
    blocks = response.get("content")
    status = status_of(response, streamed=bool(logged.events))
    choice = Choice((Message(Role.ASSISTANT, parts_of(blocks)),), status, guards=stop_signals(response))
    return (
        Exchange(
            messages=messages_in(logged.request),
            choices=() if failed and not blocks else (choice,),
            status=Status.ERROR if failed else Status.COMPLETE,
            model=first_text(response.get("model"), logged.request.get("model")),
            labels=labels_of(logged),
            identity=identity_of(logged, response),
            guards=(*invoke_signals(response), *beside(logged, response)),
        ),
    )


def status_of(response: Json, *, streamed: bool) -> Status:
    """Whether the answer is whole; a stream without a stop reason was cut off."""
    if response.get("error") is not None:
        return Status.INCOMPLETE
    stop = response.get("stop_reason")
    return STOPS.get(str(stop), Status.COMPLETE) if stop or not streamed else Status.INCOMPLETE


def stop_signals(response: Json) -> tuple[GuardSignal, ...]:
    """What the provider's classifiers said, where they stopped the answer."""
    if response.get("stop_reason") != "refusal":
        return ()
    category = as_mapping(response.get("stop_details")).get("category")
    return (GuardSignal("anthropic.stop_reason", "output", "refused", words([category])),)


def messages_in(request: Json) -> tuple[Message, ...]:
    """The system prompt and the messages of a request."""
    system = parts_of(request.get("system"))
    messages = (message_of(message) for message in objects(request.get("messages"), "messages"))
    return (*([Message(Role.SYSTEM, system)] if system else []), *messages)


def message_of(message: Json) -> Message:
    """One message of a request."""
    role = ROLES.get(str(message.get("role")))
    if role is None:
        raise Malformed("messages[].role")
    return Message(role, parts_of(message.get("content")))


def parts_of(content: Any) -> tuple[Part, ...]:
    """The parts of `content`, which is a string, a list of blocks, or None."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(part for block in objects(content, "content") for part in block_parts(block))


def block_parts(block: Json) -> Iterator[Part]:
    """What one block holds."""
    kind = str(block.get("type"))
    if kind == "text":
        yield Text(as_text(block.get("text")))
    elif kind == "thinking":
        yield Thinking(text(block.get("thinking")))
    elif kind == "redacted_thinking":
        yield Thinking(None)
    elif kind == "image":
        yield image_of(mapping(block.get("source"), "image.source"))
    elif kind == "tool_use" or kind in SERVER_TOOLS:
        arguments = as_text(block.get("input"))
        yield ToolUse(as_text(block.get("name")), arguments, text(block.get("id")), by_provider=kind in SERVER_TOOLS)
    elif kind.endswith("tool_result"):
        yield tool_result(block, by_provider=kind != "tool_result")
    elif kind == "document":
        yield from document(mapping(block.get("source"), "document.source"))
    else:
        yield Unknown(kind)


def image_of(source: Json) -> Image:
    """An image block's source; a media type is kept as claimed, and never believed."""
    kind = source.get("type")
    if kind == "base64":
        return Image(RefKind.BASE64, as_text(source.get("data")), text(source.get("media_type")))
    if kind == "url" and text(source.get("url")):
        return image_from_url(as_text(source.get("url")))
    if kind == "file":
        return Image(RefKind.FILE_ID, text(source.get("file_id")))
    return Image(RefKind.BASE64, failure=ImageReason.BAD_SHAPE)


def tool_result(block: Json, *, by_provider: bool) -> ToolResult:
    """A tool's result: text, blocks, or, for the provider's own tools, an object of their own."""
    content = block.get("content")
    parts = (Text(as_text(content)),) if by_provider else parts_of(content)
    return result_of(parts, text(block.get("tool_use_id")), is_error=block.get("is_error") is True)


def document(source: Json) -> Iterator[Part]:
    """A document: its text where it is text, images inside it, else its kind as unknown."""
    if source.get("type") == "text":
        yield Text(as_text(source.get("data")))
    elif source.get("type") == "content":
        yield from parts_of(source.get("content"))
    else:
        yield Unknown(f"document:{source.get('media_type') or source.get('type')}")
