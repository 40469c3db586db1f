"""Training rows that are conversations: ShareGPT, LLaMA-Factory's variants of it, and Alpaca.

    {"conversations": [{"from": "human", "value": …}], "system": …, "images": […]}
    {"messages": [{"role": "user", "content": "<image>…"}], "images": […]}
    {"messages": [{"role": "user", "content": [{"type": "text", "value": …}]}]}
    {"instruction": …, "input": …, "output": …, "system": …, "history": [[…, …]]}

`chosen` and `rejected` answers of preference rows are two answers to one question. A row has no names and no time.
`messages` alone, with plain text, could be rows of four other formats as well: such a record is not claimed.

Source: hiyouga/LLaMA-Factory data/README.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ingest.exchange import (
    Choice,
    Exchange,
    Identity,
    Image,
    Message,
    Part,
    Role,
    Scope,
    Text,
    Thinking,
    ToolUse,
    image_from_url,
)
from ingest.formats.envelope import Logged, labels_of
from ingest.formats.openai_messages import content_part, message_of, spoken_otherwise, thinking_in
from ingest.formats.reading import Json, Malformed, as_text, mapping, objects, sequence, text, unquoted
from ingest.qta import ThinkingKind

TAGS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "bing": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "function_call": "function_call",
    "observation": "tool",
    "tool": "tool",
    "function": "tool",
    "function_response": "tool",
    "tool_response": "tool",
    "system": "system",
}
MEDIA = ("images", "videos", "audios")
PLACEHOLDER = re.compile(r"<image>|<video>|<audio>")
TRANSCRIPTS = ("conversations", "conversation", "messages")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    row = logged.outer
    for name in ("conversations", "conversation"):
        turns = row.get(name)
        if isinstance(turns, list) and turns and isinstance(turns[0], dict) and "value" in turns[0]:
            return f"{name}[].value"
    if isinstance(row.get("instruction"), str) and isinstance(row.get("output"), str):
        return "instruction and output"
    if isinstance(row.get("chosen_messages"), list):
        return "chosen_messages"
    messages = row.get("messages")
    if not isinstance(messages, list) or "model" in row or "response" in row:
        return None
    if any(isinstance(row.get(name), list) for name in MEDIA) or isinstance(row.get("label"), bool):
        return "messages beside images, videos, audios or label"
    return "messages[].content[].value" if any(has_value_parts(message) for message in messages) else None


def has_value_parts(message: Any) -> bool:
    """Whether a message has LLaMA-Factory's typed parts."""
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, list) and any(isinstance(part, dict) and "value" in part for part in content)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The conversation, or the two of a preference row."""
    row = logged.outer
    if "chosen_messages" in row:
        whole = (row.get("chosen_messages"), row.get("rejected_messages"))
        return tuple(exchange_of(logged, turns, ()) for turns in whole if turns)
    turns = alpaca(row) if "instruction" in row else next((row[name] for name in TRANSCRIPTS if row.get(name)), None)
    pair = (row.get("chosen"), row.get("rejected"))
    return (exchange_of(logged, turns, pair if all(pair) else ()),)


def exchange_of(logged: Logged, turns: Any, answers: Sequence[Any]) -> Exchange:
    """One conversation.

    Args:
        logged: the row.
        turns: its messages.
        answers: of a preference row whose two answers follow the same messages: messages, or plain text.
    """
    row = logged.outer
    images = iter([image_of(item) for item in sequence(row.get("images"), "images")])
    system = text(row.get("system"))
    opening = (Message(Role.SYSTEM, (Text(system),)),) if system else ()
    return Exchange(
        messages=(*opening, *placed(turns, images)),
        choices=tuple(Choice(tuple(placed(listed(answer), images)), index=n) for n, answer in enumerate(answers)),
        scope=Scope.ALL_TURNS,
        model=text(row.get("model")),
        labels=labels_of(logged),
        identity=Identity(message_id=text(row.get("id")) or text(row.get("uuid"))),
        warnings=tuple(name for name in ("videos", "audios") if row.get(name)),
    )


def listed(answer: Any) -> Sequence[Any]:
    """An answer as messages."""
    message = {"role": "assistant", "content": answer} if isinstance(answer, str) else answer
    return message if isinstance(message, list) else [message]


def alpaca(row: Json) -> list[Json]:
    """An Alpaca row as messages; `input` continues the instruction."""
    question = "\n".join(part for part in (text(row.get("instruction")), text(row.get("input"))) if part)
    history = [sequence(pair, "history") for pair in sequence(row.get("history"), "history")]
    turns = [*((asked, said) for asked, said in history), (question, row.get("output"))]
    names = ("user", "assistant")
    return [{"role": name, "content": said} for turn in turns for name, said in zip(names, turn, strict=True) if said]


def placed(turns: Any, images: Iterator[Image]) -> Iterator[Message]:
    """The messages of `turns`, each `<image>` in them bound to the next image of the row."""
    for turn in objects(turns, "messages"):
        message = message_from(turn)
        yield Message(message.role, tuple(part for given in message.parts for part in bind(given, images)))


def message_from(turn: Json) -> Message:
    """One message, with ShareGPT's `from` and `value` or OpenAI's `role` and `content`."""
    tag = TAGS.get(str(turn.get("from") or turn.get("role")).lower())
    if tag is None:
        raise Malformed("messages[].role")
    content = turn.get("value", turn.get("content"))
    if tag == "function_call":
        return Message(Role.ASSISTANT, (*called(as_text(content)),))
    if isinstance(content, list) and tag != "tool":
        parts = tuple(part for item in objects(content, "content") for part in typed(item))
        return Message(Role(tag), (*thinking_in(turn), *parts, *spoken_otherwise(turn)))
    return message_of({**turn, "role": tag, "content": content})


def typed(part: Json) -> Iterable[Part]:
    """One typed part."""
    if part.get("type") == "reasoning":
        return [Thinking(text(part.get("value")), fallback=ThinkingKind.RAW)]
    if part.get("type") == "tool_call":
        return called(as_text(part.get("value")))
    return content_part(part)


def called(written: str) -> Iterator[Part]:
    """Tool calls as a row has them: the model's text, which may think first, then one call or a list of them."""
    thought, tag, call = written.rpartition("</think>")
    if tag:
        yield Text(thought + tag)
    held = unquoted(call)
    if not isinstance(held, dict | list):
        yield ToolUse("", call)
        return
    for item in [held] if isinstance(held, dict) else held:
        use = mapping(item, "function_call")
        yield ToolUse(as_text(use.get("name")), as_text(use.get("arguments", use.get("parameters"))))


def bind(part: Part, images: Iterator[Image]) -> Iterator[Part]:
    """A text without its placeholders, and the images that they stand for; one too many stays in the text."""
    if not isinstance(part, Text):
        yield part
        return
    found = [image for _ in range(part.text.count("<image>")) if (image := next(images, None))]
    yield from found
    yield Text(PLACEHOLDER.sub("", part.text) if found else part.text)


def image_of(item: Any) -> Image:
    """An image of the row: a path, a link, a data URL, or an object with one of them."""
    held = mapping(item, "images[]") if isinstance(item, dict) else {"url": item}
    url = next((held[name] for name in ("path", "url", "image", "data", "bytes") if held.get(name)), None)
    if not isinstance(url, str):
        raise Malformed("images[]")
    return image_from_url(url)
