"""OpenInference's flattened messages, nested again and read.

Source: Arize-ai/openinference, spec/semantic_conventions.md and spec/content/.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import (
    Image,
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
from ingest.formats.openai_messages import ROLES, content_parts
from ingest.formats.reading import Json, as_mapping, as_text, first_text, text, unquoted
from ingest.qta import ImageReason, RefKind, ThinkingKind

REDACTED = "__REDACTED__"
CONTENTS = ("contents", "content_items")


def nested(attributes: Json, prefix: str) -> Any:
    """What stands below a dotted prefix, as objects; numbers stay keys. A whole list in one attribute is decoded."""
    whole = unquoted(attributes.get(prefix))
    if isinstance(whole, list):
        return dict(enumerate(whole))
    tree: dict[str, Any] = {}
    for name, value in attributes.items():
        if name.startswith(f"{prefix}."):
            put(tree, name[len(prefix) + 1 :].split("."), value)
    return tree


def put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    """Set what stands at a path; a value where a branch should be gives way to the branch."""
    *branches, leaf = path
    for name in branches:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    if not isinstance(tree.get(leaf), dict):
        tree[leaf] = value


def numbered(tree: Any) -> list[Json]:
    """The objects under numbers, in order, holes passed over; or those of a list."""
    if isinstance(tree, list):
        return [as_mapping(item) for item in tree]
    pairs = [(int(name), item) for name, item in as_mapping(tree).items() if str(name).isdecimal()]
    return [as_mapping(item) for _, item in sorted(pairs, key=lambda pair: pair[0])]


def messages_in(tree: Any, speaker: Role) -> tuple[Message, ...]:
    """The messages below `llm.input_messages` or `llm.output_messages`; `speaker` is of those without a role."""
    found = (message_of(as_mapping(item.get("message")) or item, speaker) for item in numbered(tree))
    return tuple(message for message in found if message.parts)


def message_of(body: Json, speaker: Role) -> Message:
    """One message. A tool's result may stand in role user, as in the API that it was sent to."""
    role = ROLES.get(str(body.get("role") or "").lower(), speaker)
    parts = tuple(parts_of(body))
    call_id = first_text(body.get("tool_call_id"), body.get("name"))
    if role is Role.TOOL or (role is Role.USER and body.get("tool_call_id")):
        return Message(Role.TOOL, (result_of(parts, call_id),))
    return Message(role, parts)


def parts_of(body: Json) -> Iterator[Part]:
    """Contents, else content, then the tool calls; a call that stands in two places counts once."""
    contents = next((numbered(body[name]) for name in CONTENTS if body.get(name)), [])
    parts = [part for item in contents for part in content_part(nearest(item, "message_content"))]
    if not any(isinstance(part, Text) for part in parts):
        parts += content_of(body.get("content"))
    called = [nearest(item, "tool_call") for item in numbered(body.get("tool_calls"))]
    calls = [call_of(call) for call in called]
    if any(call.get("reasoning_signature") for call in called) and not any(isinstance(p, Thinking) for p in parts):
        yield Thinking(None)  # Gemini signs the call that it thought of
    if name := text(body.get("function_call_name")):
        calls.append(ToolUse(name, as_text(body.get("function_call_arguments_json"))))
    for thinking in (text(body.get(name)) for name in ("reasoning_content", "reasoning")):
        if thinking:
            yield Thinking(thinking, fallback=ThinkingKind.RAW)
    known = {name_of(call) for call in calls}
    yield from (part for part in parts if not (isinstance(part, ToolUse) and name_of(part) in known))
    yield from calls


def nearest(item: Json, name: str) -> Json:
    """The object under a name, or the item itself where a writer leaves the name out."""
    return as_mapping(item.get(name)) or item


def name_of(call: ToolUse) -> tuple[str, str]:
    """What is the same for a call in each of its places."""
    return (call.call_id, "") if call.call_id else (call.name, "".join(call.arguments.split()))


def content_of(value: Any) -> list[Part]:
    """The parts of a content that is not taken apart: text, or a provider's blocks as JSON."""
    if value is None or value == REDACTED:
        return []
    held = unquoted(value)
    if isinstance(held, list) and all("type" in as_mapping(item) for item in held):
        return [part for item in held for part in content_part(as_mapping(item))]
    return [Text(as_text(value))]


def content_part(part: Json) -> Iterator[Part]:
    """One part of the contents."""
    kind = str(part.get("type") or ("image" if part.get("image") else "text"))
    if kind in ("text", "input_text", "output_text"):
        if part.get("text") not in (None, REDACTED):
            yield Text(as_text(part["text"]))
    elif kind in ("reasoning", "thinking", "redacted_thinking"):
        yield from reasoning(part)
    elif kind in ("image", "image_url", "input_image"):
        yield image_of(part)
    elif kind == "tool_use":
        yield call_of(as_mapping(part.get("tool_use")) or as_mapping(part.get("tool_call")) or part)
    elif kind == "tool_result":
        held = content_parts(unquoted(part.get("content", part.get("text"))))
        yield result_of(held, first_text(part.get("tool_use_id"), part.get("tool_call_id"), part.get("id")))
    else:
        yield Unknown(kind)


def reasoning(part: Json) -> Iterator[Thinking]:
    """Thinking: its text, a summary where OpenAI's ciphertext is beside it, or the trace that there was some."""
    said = first_text(part.get("text"), part.get("thinking"))
    said = None if said == REDACTED else said
    sealed = any(part.get(name) for name in ("signature", "data", "encrypted_content", "id"))
    if said:
        yield Thinking(said, ThinkingKind.SUMMARY if part.get("encrypted_content") else None)
    elif sealed or part.get("text") == REDACTED:
        yield Thinking(None)


def image_of(part: Json) -> Image:
    """An image: `image.image.url` in full, as other writers shorten it, or a block of Anthropic's."""
    source = as_mapping(part.get("source"))
    if source.get("data") not in (None, REDACTED):
        return Image(RefKind.BASE64, as_text(source["data"]), text(source.get("media_type")))
    held: Any = part.get("image", part.get("image_url")) or source.get("data") or source.get("url")
    while isinstance(held, dict):
        held = next((held[name] for name in ("image", "url", "image_url") if name in held), None)
    if held == REDACTED:
        return Image(RefKind.DATA, failure=ImageReason.REDACTED_BY_LOGGER)
    if found := text(held):
        return image_from_url(found)
    return Image(RefKind.DATA, failure=ImageReason.BAD_SHAPE)


def call_of(call: Json) -> ToolUse:
    """A tool call."""
    function = as_mapping(call.get("function")) or call
    arguments = function.get("arguments", function.get("input"))
    return ToolUse(as_text(function.get("name")), as_text(arguments), text(call.get("id")))
