"""OpenTelemetry GenAI's older forms, which libraries still emit: one event for each message, and flat attributes.

    gen_ai.user.message, gen_ai.assistant.message, …, gen_ai.choice  log records, span events, or a list in an attribute
    gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.completion.0.content, …
    gen_ai.prompt, gen_ai.completion                                  whole lists as JSON

Source: open-telemetry/semantic-conventions, model/gen-ai/deprecated/events-deprecated.yaml; OpenLLMetry.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingest.exchange import Choice, Message, Role, Text
from ingest.formats import bedrock_blocks
from ingest.formats.openai_messages import ROLES, message_of, messages_in
from ingest.formats.otel_parts import status_of
from ingest.formats.otlp import Signal
from ingest.formats.reading import Json, as_list, as_mapping, mapping, sequence, unquoted

EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE_EVENT = "gen_ai.choice"
FLAT = re.compile(r"(?:gen_ai|llm)\.(prompt|completion)s?\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said in one call."""

    messages: tuple[Message, ...] = ()
    choices: tuple[Choice, ...] = ()


def is_message_event(name: str) -> bool:
    """Whether an event of this name is a message."""
    return name in EVENT_ROLES or name == CHOICE_EVENT


def from_signals(signals: Iterable[Signal]) -> Conversation:
    """The conversation in log records or span events of one call, in the order of their times, then as they came."""
    ordered = sorted(signals, key=lambda signal: signal.time_ns)
    return from_events([(signal.name, event_body(signal)) for signal in ordered])


def event_body(signal: Signal) -> Json:
    """A log record's body; a span event has it in an attribute, as JSON or spread out."""
    if isinstance(signal.body, dict):
        return signal.body
    held = unquoted(signal.attributes.get("gen_ai.event.content"))
    return held if isinstance(held, dict) else {**signal.attributes, **blocks_in(signal.attributes)}


def blocks_in(attributes: Json) -> dict[str, Any]:
    """Content and message of a span event where they are lists of blocks as JSON."""
    found = {name: unquoted(attributes.get(name)) for name in ("content", "message")}
    return {name: held for name, held in found.items() if is_blocks(held)}


def is_blocks(value: Any) -> bool:
    """Whether a value is a list of blocks or parts."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def said(body: Json, role: str) -> Message:
    """The message in a body; blocks without a type are Bedrock's, which Strands agents write whatever the provider."""
    content = body.get("content")
    if is_blocks(content) and any("type" not in as_mapping(block) for block in as_list(content)):
        return Message(ROLES[role], bedrock_blocks.parts_of(content))
    return message_of(body, role)


def from_list(value: Any) -> Conversation:
    """The conversation in a list of bodies with the event's name inside each, as pydantic-ai writes it."""
    found = [mapping(item, "events") for item in sequence(unquoted(value), "events")]
    return from_events([(str(item.get("event.name")), item) for item in found])


def from_events(events: list[tuple[str, Json]]) -> Conversation:
    """The conversation in (event name, body) pairs; a body without content was not captured, and gives no part."""
    choices = sorted(
        (body for name, body in events if name == CHOICE_EVENT), key=lambda body: int(body.get("index") or 0)
    )
    messages = [said(body, EVENT_ROLES[name]) for name, body in events if name in EVENT_ROLES]
    return Conversation(tuple(messages), tuple(choice_of(body) for body in choices))


def choice_of(body: Json) -> Choice:
    """The answer in a `gen_ai.choice`, whose message some writers give as plain text."""
    held = unquoted(body.get("message"))
    if is_blocks(held):
        held = {"content": held}
    message = said(held, "assistant") if isinstance(held, dict) else Message(Role.ASSISTANT, (Text(str(held or "")),))
    return Choice((message,), status_of(body.get("finish_reason")), int(body.get("index") or 0))


def from_flat(attributes: Json) -> Conversation:
    """The conversation in `gen_ai.prompt…` and `gen_ai.completion…` attributes, indexed or as JSON."""
    prompts, answers = whole(attributes, "prompt"), whole(attributes, "completion")
    for name, value in attributes.items():
        if match := FLAT.fullmatch(name):
            into = prompts if match[1] == "prompt" else answers
            put(into.setdefault(int(match[2]), {}), match[3].split("."), value)
    messages = messages_in([upright(message) for _, message in sorted(prompts.items())])
    choices = [choice_of({"message": upright(body), **body, "index": n}) for n, body in sorted(answers.items())]
    return Conversation(messages, tuple(choices))


def whole(attributes: Json, name: str) -> dict[int, dict[str, Any]]:
    """Messages of an attribute that holds all of them, as JSON or as plain text."""
    held = unquoted(attributes.get(f"gen_ai.{name}"))
    if held is None:
        return {}
    items = held if isinstance(held, list) else [held]
    role = "user" if name == "prompt" else "assistant"
    return {
        n: {"role": role, **(item if isinstance(item, dict) else {"content": item})} for n, item in enumerate(items)
    }


def put(into: dict[str, Any], path: list[str], value: Any) -> None:
    """Set what stands at a flattened path such as tool_calls.0.name; numbers stay keys until `upright`."""
    *parents, last = path
    for name in parents:
        into = into.setdefault(name, {})
    into[last] = value


def upright(message: Json) -> dict[str, Any]:
    """A message whose numbered tool calls are a list again, and whose content is decoded when it is a list of parts."""
    calls = message.get("tool_calls")
    content = unquoted(message.get("content"))
    result = {**message, "content": content if isinstance(content, list) else message.get("content")}
    if isinstance(calls, dict):
        result["tool_calls"] = [call for _, call in sorted(calls.items(), key=lambda item: int(item[0]))]
    return result
