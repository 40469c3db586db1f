"""The items of OpenAI's Responses API become messages; its requests and responses are lists of the same items.

Thinking, calls and text stand in items of their own; those of the model that follow on each other are one message, as
the other APIs have it.

Source: openai-python types/responses/response_input_item.py, response_output_item.py.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from ingest.exchange import Image, Message, Part, Role, Text, Thinking, ToolResult, ToolUse, Unknown, result_of
from ingest.formats.openai_messages import content_parts, message_of
from ingest.formats.reading import Json, as_list, as_text, first_text, mapping, sequence, text
from ingest.qta import RefKind, ThinkingKind

# Run by the provider inside the response; any other call waits for its caller.
BY_PROVIDER = {
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "tool_search_call",
}
ARGUMENTS = ("arguments", "input", "action", "actions", "operation", "code", "queries", "revised_prompt")
DEFINITIONS = {"mcp_list_tools", "additional_tools"}  # which tools there are, not what was done with them
MESSAGE = {"message", "None"}  # requests may leave the type out
TYPED_OUTPUTS = {"input_text", "output_text", "text", "input_image", "input_file", "computer_screenshot"}


def items_in(items: Any) -> tuple[Message, ...]:
    """The messages in a string, an item or a list of items; neighbours of the assistant as one."""
    if isinstance(items, str):
        return (Message(Role.USER, (Text(items),)),)
    listed = [items] if isinstance(items, dict) else sequence(items, "input")
    return tuple(merged(message for item in listed for message in item_messages(item)))


def merged(messages: Iterable[Message]) -> Iterator[Message]:
    """The messages, those of the assistant that stand side by side as one."""
    for role, run in groupby(messages, key=lambda message: message.role):
        if role is Role.ASSISTANT:
            yield Message(role, tuple(part for message in run for part in message.parts))
        else:
            yield from run


def item_messages(item: Any) -> Iterator[Message]:
    """What one item says: one message, or none where it only defines something."""
    if isinstance(item, str):
        yield Message(Role.USER, (Text(item),))
        return
    body = mapping(item, "input[]")
    kind = str(body.get("type"))
    if kind in MESSAGE and body.get("role"):
        yield message_of(body)
    elif kind == "mcp_approval_response":
        yield Message(Role.TOOL, (ToolResult(as_text(body.get("approve")), text(body.get("approval_request_id"))),))
    elif kind.endswith("_output"):
        yield Message(Role.TOOL, (output_of(body),))
    elif kind not in DEFINITIONS:
        yield Message(Role.ASSISTANT, tuple(assistant_parts(kind, body)))


def assistant_parts(kind: str, item: Json) -> Iterator[Part]:
    """What an item of the model holds beside text."""
    if kind == "reasoning":
        yield from thinking_of(item)
    elif kind.endswith("_call") or kind == "mcp_approval_request":
        yield from call_parts(kind, item)
    else:
        yield Unknown(kind)


def thinking_of(item: Json) -> Iterator[Thinking]:
    """A reasoning item: its own text where the model gives it, else the summary, else the trace that there was some."""
    raw, summary = item_texts(item.get("content")), item_texts(item.get("summary"))
    if raw:
        yield from (Thinking(found, ThinkingKind.RAW) for found in raw)
    elif summary:
        yield from (Thinking(found, ThinkingKind.SUMMARY) for found in summary)
    else:
        yield Thinking(None)


def item_texts(value: Any) -> list[str]:
    """The texts of a reasoning item's field: a list of parts, or with some servers a string."""
    listed = [value] if isinstance(value, str) else as_list(value)
    found = (text(part.get("text") if isinstance(part, dict) else part) for part in listed)
    return [each for each in found if each]


def call_parts(kind: str, item: Json) -> Iterator[Part]:
    """A call, and what came back where the provider ran it."""
    call_id = first_text(item.get("call_id"), item.get("id"))
    waits = item.get("call_id") is not None or kind in ("function_call", "custom_tool_call")
    by_provider = kind in BY_PROVIDER or not waits
    arguments = next((item[name] for name in ARGUMENTS if item.get(name) is not None), None)
    name = text(item.get("name")) or kind.removesuffix("_call")
    yield ToolUse(name, as_text(arguments), call_id, by_provider=by_provider and kind != "mcp_approval_request")
    if by_provider and (came_back := list(results_of(item))):
        yield result_of(came_back, call_id, is_error=item.get("error") is not None or item.get("status") == "failed")
    if kind == "image_generation_call" and (drawn := text(item.get("result"))):
        yield Image(RefKind.BASE64, drawn, f"image/{text(item.get('output_format')) or 'png'}")


def results_of(item: Json) -> Iterator[Part]:
    """What the provider's own tool gave back: text, logs, pictures or documents found."""
    for name in ("output", "error"):
        if item.get(name) is not None:
            yield Text(as_text(item[name]))
    for output in (*as_list(item.get("outputs")), *as_list(item.get("results"))):
        body = mapping(output, "output[].outputs[]")
        if body.get("type") == "image":
            yield from content_parts([body])
        else:
            yield Text(first_text(body.get("logs"), body.get("text")) or as_text(body))


def output_of(item: Json) -> ToolResult:
    """What a tool gave back to the model: text, parts, or a screenshot."""
    output = item.get("output")
    listed = output if isinstance(output, list) else [output]
    parts = [part for each in listed if each is not None for part in output_parts(each)]
    name = str(item.get("type")).removesuffix("_output")  # of the call, where the provider gives neither of them an id
    return result_of(parts, text(item.get("call_id")) or name, is_error=item.get("status") == "failed")


def output_parts(output: Any) -> Iterator[Part]:
    """One part of a tool's output; a shell's are objects of their own."""
    if isinstance(output, dict) and str(output.get("type")) in TYPED_OUTPUTS:
        yield from content_parts([output])
    else:
        yield Text(as_text(output))
