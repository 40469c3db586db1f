"""A case as Anthropic Messages: request and response, as a gateway logs them."""

import json
from collections.abc import Callable
from typing import Any

from reports.samples.cases_file import Case
from reports.samples.openai_chat import ciphertext
from reports.samples.pictures import Attachment, attachments

Json = dict[str, Any]

RAW_MODEL = "claude-3-7-sonnet-20250219"  # the last one whose thinking blocks hold the thinking itself
MODEL = "claude-sonnet-4-5-20250929"  # its thinking blocks hold a summary


def record(case: Case) -> Json:
    """The envelope; the format has no time of its own, so the gateway adds one."""
    return {
        "tenant": case.tenant,
        "application": case.application,
        "timestamp": case.occurred_at.isoformat(),
        "request": request(case),
        "response": SHAPES[case.variant](case),
    }


def model(case: Case) -> str:
    """The model that matches the kind of thinking."""
    return RAW_MODEL if case.variant == "thinking_raw" else MODEL


def request(case: Case) -> Json:
    """The request; a tool loop carries thinking, calls and results in its messages."""
    return {
        "model": model(case),
        "max_tokens": 4096,
        "system": case.system,
        "messages": [{"role": "user", "content": user_content(case)}, *tool_messages(case)],
        "metadata": {"user_id": case.user},
        **({"stream": True} if case.variant.endswith("stream") else {}),
    }


def user_content(case: Case) -> str | list[Json]:
    """Plain text, or blocks with the images first."""
    images = [image_block(image) for image in attachments(case)]
    return [*images, {"type": "text", "text": case.question}] if images else case.question


def image_block(image: Attachment) -> Json:
    """A base64 image block."""
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.text}}


def tool_messages(case: Case) -> list[Json]:
    """Thinking and call in one assistant message, the result in a message of role user."""
    messages: list[Json] = []
    for place, step in enumerate(case.tools):
        call_id = f"toolu_01{case.digest(f'call {place}', 22)}"
        call = {"type": "tool_use", "id": call_id, "name": step.name, "input": step.arguments}
        messages.append({"role": "assistant", "content": [*thinking_blocks(case), call]})
        result = {"type": "tool_result", "tool_use_id": call_id, "content": step.result}
        messages.append({"role": "user", "content": [result]})
    return messages


def thinking_blocks(case: Case) -> list[Json]:
    """The thinking block with its signature; none when the case has no thinking."""
    return [{"type": "thinking", "thinking": case.thinking, "signature": ciphertext(case)}] if case.thinking else []


def message(case: Case, *blocks: Json) -> Json:
    """A whole response with these blocks before the answer."""
    return {**head(case), "content": [*blocks, {"type": "text", "text": case.answer}], "stop_reason": "end_turn"}


def head(case: Case) -> Json:
    """What a message begins with."""
    return {"id": f"msg_01{case.digest('response', 22)}", "type": "message", "role": "assistant", "model": model(case)}


def plain(case: Case) -> Json:
    """An answer and nothing else; the tool loop's thinking is in the request."""
    return message(case)


def thinking(case: Case) -> Json:
    """A thinking block before the answer; the model tells whether it is raw or a summary."""
    return message(case, *thinking_blocks(case))


def redacted(case: Case) -> Json:
    """Thinking that the provider encrypted."""
    return message(case, {"type": "redacted_thinking", "data": ciphertext(case)})


def stream(case: Case) -> str:
    """Server-sent events with thinking and answer in pieces."""
    blocks = [
        *block_events(0, "thinking", case.thinking),
        *block_events(1, "text", case.answer),
    ]
    return event_text(case, blocks)


def redacted_stream(case: Case) -> str:
    """Server-sent events whose first block is ciphertext."""
    hidden = {"type": "redacted_thinking", "data": ciphertext(case)}
    blocks = [
        {"type": "content_block_start", "index": 0, "content_block": hidden},
        {"type": "content_block_stop", "index": 0},
        *block_events(1, "text", case.answer),
    ]
    return event_text(case, blocks)


def block_events(index: int, kind: str, text: str, size: int = 60) -> list[Json]:
    """The events of one content block: start, pieces, stop. A block's text has the name of its kind."""
    deltas = [{"type": f"{kind}_delta", kind: text[start : start + size]} for start in range(0, len(text), size)]
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def event_text(case: Case, blocks: list[Json]) -> str:
    """A whole stream as it came over the wire."""
    events = [
        {"type": "message_start", "message": {**head(case), "content": [], "stop_reason": None}},
        *blocks,
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": len(case.answer) // 4},
        },
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)


SHAPES: dict[str, Callable[[Case], Json | str]] = {
    "plain": plain,
    "thinking_raw": thinking,
    "thinking_summary": thinking,
    "redacted": redacted,
    "tool_loop": plain,
    "stream": stream,
    "redacted_stream": redacted_stream,
}
