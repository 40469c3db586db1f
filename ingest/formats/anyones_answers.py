"""Answers in whatever form a library had at hand; what has no known form is taken as the text that it is."""

from dataclasses import replace
from typing import Any

from ingest.exchange import Choice, Identity, Labels, Message, Role
from ingest.formats import anthropic_messages, langchain, otel_events, otel_parts
from ingest.formats.anyones_messages import ANTHROPIC_BLOCKS, is_one_message, listed, said_by, unwrapped
from ingest.formats.reading import FAULTS, Json, as_list, as_mapping, text
from ingest.qta import Status

ANSWERS = ("text", "content", "answer", "output_text", "output", "completion", "response", "result", "generated_text")


def answers(response: Any) -> tuple[Choice, ...]:
    """The answers in a response of any shape."""
    value = unwrapped(response)
    try:
        return answers_as_known(value)
    except FAULTS:
        return one_answer(said_by(Role.ASSISTANT, value))


def answers_as_known(value: Any) -> tuple[Choice, ...]:  # noqa: PLR0911 - a table in words
    """The answers of a response whose shape is known."""
    if isinstance(value, list):
        return from_list(value)
    if not isinstance(value, dict):
        return one_answer(said_by(Role.ASSISTANT, value))
    if value.get("event.name"):
        return otel_events.from_list([value]).choices
    if "generations" in value:
        return langchain.called({}, value, Labels(), Identity()).choices
    if isinstance(value.get("messages"), list) and value["messages"]:
        return from_list(value["messages"])
    if is_one_message(value):
        return finished(from_list([value]), value)
    if isinstance(value.get("message"), dict):
        return finished(from_list([value["message"]]), value)
    blocks = value.get("content")
    if isinstance(blocks, list) and any(isinstance(block, dict) for block in blocks):
        return finished(from_list([{"role": "assistant", **value}]), value)
    said = next((value[name] for name in ANSWERS if text(value.get(name))), None)
    calls = as_list(value.get("tool_calls") or value.get("toolCalls"))
    if calls or (said is not None and (value.get("reasoning_content") or value.get("reasoning"))):
        return finished(from_list([{**value, "role": "assistant", "content": said}]), value)
    return finished(one_answer(said_by(Role.ASSISTANT, value if said is None else said)), value)


def from_list(items: list[Any]) -> tuple[Choice, ...]:
    """Answers in a list: one for each with a finish of its own, else all that follows on the last question."""
    if any("event.name" in as_mapping(item) for item in items):
        found = otel_events.from_list(items)
        return found.choices or one_answer(behind_question(found.messages))
    if items and all("finish_reason" in as_mapping(item) and "parts" in as_mapping(item) for item in items):
        return otel_parts.choices_in(items, None)
    bodies = [{"role": "assistant", **item} if isinstance(item, dict) and needs_role(item) else item for item in items]
    if all(isinstance(item, str) for item in items):
        return one_answer(said_by(Role.ASSISTANT, "\n\n".join(items)))
    if any(
        as_mapping(item).get("type") in ("text", *ANTHROPIC_BLOCKS) and "role" not in as_mapping(item) for item in items
    ):
        return one_answer(anthropic_messages.messages_in({"messages": [{"role": "assistant", "content": items}]}))
    return one_answer(behind_question(listed(bodies)))


def needs_role(item: Json) -> bool:
    """Whether an object is a message but for its role."""
    return "role" not in item and "type" not in item and ("content" in item or "parts" in item)


def behind_question(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What follows on the last message of a person, in an output that repeats its input."""
    last = max((place for place, message in enumerate(messages) if message.role is Role.USER), default=-1)
    after = messages[last + 1 :]
    return tuple(message for message in after if message.role is not Role.SYSTEM)


def one_answer(messages: tuple[Message, ...]) -> tuple[Choice, ...]:
    """A single answer of these messages; none where there are none."""
    return (Choice(messages),) if messages else ()


def finished(choices: tuple[Choice, ...], body: Json) -> tuple[Choice, ...]:
    """Answers with the status that a finish beside them gives."""
    finish = next((body[name] for name in ("finish_reason", "finishReason", "stop_reason") if body.get(name)), None)
    status = otel_parts.status_of(finish)
    return choices if status is Status.COMPLETE else tuple(replace(choice, status=status) for choice in choices)
