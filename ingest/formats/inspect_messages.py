"""Inspect's messages become ours, with their attachments put back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.exchange import (
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolUse,
    Unknown,
    image_from_url,
    result_of,
)
from ingest.formats.reading import Json, Malformed, as_mapping, as_text, first_text, mapping, objects, text
from ingest.qta import ImageReason, RefKind, ThinkingKind

ROLES = {"system": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
MAX_CHARS = 1 << 27
REFERENCE = re.compile(r"(?:attachment|tc)://([a-f0-9]{32})")


@dataclass(slots=True)
class Attachments:
    """What a sample keeps apart, by hash.

    Attributes:
        room: characters that may still be put back; a few bytes can refer to a long attachment many times.
    """

    held: Json
    room: int = MAX_CHARS

    @classmethod
    def of(cls, sample: Json) -> "Attachments":
        """The attachments of a sample; older logs have them as the content of its transcript."""
        older = as_mapping(as_mapping(sample.get("transcript")).get("content"))
        return cls({**older, **as_mapping(sample.get("attachments"))})

    def put_back(self, value: str) -> str:
        """`value` with what its references stand for; one that stands for nothing stays."""
        if "://" not in value:
            return value
        return REFERENCE.sub(self.taken, value)

    def taken(self, reference: re.Match[str]) -> str:
        """What a reference stands for.

        Raises:
            Malformed: more is put back than any log holds.
        """
        found = as_text(self.held.get(reference[1], reference[0]))
        self.room -= len(found)
        if self.room < 0:
            raise Malformed("samples[].attachments")
        return found


def message_of(message: Json, attachments: Attachments) -> Message:
    """One message."""
    role = ROLES.get(str(message.get("role")))
    if role is None:
        raise Malformed("samples[].messages[].role")
    parts = tuple(parts_of(message.get("content"), attachments))
    if role is Role.TOOL:
        error = mapping(message.get("error"), "samples[].messages[].error")
        held = tuple(part for part in parts if not isinstance(part, Text) or part.text.strip())
        said = (*held, *([Text(attachments.put_back(as_text(error.get("message"))))] if error else []))
        call_id = first_text(message.get("tool_call_id"), message.get("function"))
        return Message(role, (result_of(said, call_id, is_error=bool(error)),))
    if role is not Role.ASSISTANT:
        return Message(role, parts)
    calls = tuple(call_of(call, attachments) for call in objects(message.get("tool_calls"), "messages[].tool_calls"))
    thought = text(message.get("reasoning"))  # before content could hold it
    older = (Thinking(attachments.put_back(thought), fallback=ThinkingKind.RAW),) if thought else ()
    return Message(role, (*older, *parts, *calls), model=text(message.get("model")))


def call_of(call: Json, attachments: Attachments) -> ToolUse:
    """A tool call."""
    arguments = attachments.put_back(as_text(call.get("arguments")))
    return ToolUse(as_text(call.get("function")), arguments, text(call.get("id")))


def parts_of(content: Any, attachments: Attachments) -> Iterator[Part]:
    """The parts of content: a string, or a list of typed parts."""
    if isinstance(content, str):
        yield Text(attachments.put_back(content))
        return
    for part in objects(content, "samples[].messages[].content"):
        yield from part_of(part, attachments)


def part_of(part: Json, attachments: Attachments) -> Iterator[Part]:
    """What one part holds."""
    kind = str(part.get("type"))
    if kind == "text":
        said = attachments.put_back(as_text(part.get("text")))
        yield Refusal(said) if part.get("refusal") is True else Text(said)
    elif kind == "reasoning":
        yield thinking_of(part, attachments)
    elif kind == "image":
        yield image_of(attachments.put_back(as_text(part.get("image"))))
    elif kind == "tool_use":
        yield from served(part, attachments)
    elif kind == "data":
        yield Text(attachments.put_back(as_text(part.get("data"))))
    else:
        yield Unknown(kind)


def thinking_of(part: Json, attachments: Attachments) -> Thinking:
    """Reasoning: redacted text is ciphertext, beside which a summary may stand."""
    said = attachments.put_back(as_text(part.get("reasoning")))
    summary = attachments.put_back(as_text(part.get("summary")))
    if part.get("redacted") is not True and said.strip():
        return Thinking(said, fallback=ThinkingKind.RAW)
    return Thinking(summary, ThinkingKind.SUMMARY) if summary.strip() else Thinking(None)


def image_of(url: str) -> Image:
    """An image; a reference that nothing was found for is an attachment that the log lost."""
    if REFERENCE.fullmatch(url):
        return Image(RefKind.ATTACHMENT, url, failure=ImageReason.ATTACHMENT_MISSING)
    return image_from_url(url) if url else Image(RefKind.DATA, failure=ImageReason.BAD_SHAPE)


def served(part: Json, attachments: Attachments) -> Iterator[Part]:
    """A tool that the provider ran, with its result."""
    call_id = text(part.get("id"))
    arguments = attachments.put_back(as_text(part.get("arguments")))
    name = first_text(part.get("name"), part.get("tool_type")) or ""
    yield ToolUse(name, arguments, call_id, by_provider=True)
    result, error = (attachments.put_back(as_text(part.get(field))) for field in ("result", "error"))
    if result or error:
        yield result_of((Text(result or error),), call_id, is_error=bool(error))
