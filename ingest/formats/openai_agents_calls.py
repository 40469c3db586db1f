"""The calls of a model in a trace of the OpenAI Agents SDK, and which of them ends a loop of tool calls.

Each call's request repeats the calls before it in its loop, so that the last one holds the whole turn. Where the
provider keeps the conversation, a request holds what is new alone: then it goes on from an earlier call of the trace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.exchange import Message, Role, ToolResult, ToolUse
from ingest.formats.openai_items import items_in
from ingest.formats.openai_messages import message_of
from ingest.formats.openai_responses import messages_in as responses_messages
from ingest.formats.openai_responses import status_of
from ingest.formats.reading import Json, as_mapping, first_text, text, unquoted
from ingest.qta import Status

ITEM_TYPES = ("function_call", "function_call_output", "reasoning", "item_reference")
RESPONSES = ("_response", "response")
INPUTS = ("_input", "input")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model.

    Attributes:
        span: as logged.
        request: the messages that it was given.
        answers: what it said, one for each choice.
        steps: of the loop that this call ends, where its request does not hold them.
        previous_id: the response that it goes on from.
    """

    span: Json
    request: tuple[Message, ...] = ()
    answers: tuple[tuple[Message, ...], ...] = ()
    steps: tuple[Message, ...] = ()
    model: str | None = None
    response_id: str | None = None
    previous_id: str | None = None
    status: Status = Status.COMPLETE

    @property
    def is_told(self) -> bool:
        """Whether its content is in the log, or it failed, which is all there is to tell."""
        return bool(self.answers) or self.status is Status.ERROR

    @property
    def is_empty(self) -> bool:
        """Whether the log has nothing of what was asked and answered."""
        return not self.request and not self.answers and self.status is not Status.ERROR


def call_of(span: Json) -> Call:
    """A generation span or a response span."""
    data = as_mapping(span.get("span_data"))
    places = (span, data)
    asked = next((unquoted(place[name]) for place in places for name in INPUTS if place.get(name)), None)
    call = generation(span, data, asked) if data.get("type") == "generation" else response(span, data, asked)
    failed = span.get("error") is not None and not call.answers
    return replace(call, status=Status.ERROR) if failed else call


def generation(span: Json, data: Json, asked: Any) -> Call:
    """A call of the Chat API, or of what a model's adapter makes look like it."""
    said = unquoted(data.get("output"))
    listed = said if isinstance(said, list) else [said] if isinstance(said, dict | str) else []
    answers = tuple(answer for item in listed if (answer := answer_in(item)))
    return Call(
        span,
        request=chat(asked),
        answers=answers,
        model=first_text(data.get("model")),
        response_id=next(
            (text(as_mapping(item).get("id")) for item in listed if as_mapping(item).get("choices")), None
        ),
    )


def answer_in(item: Any) -> tuple[Message, ...]:
    """One answer: a message, or a whole response with choices."""
    if isinstance(item, str):
        return (message_of({"content": item}, "assistant"),)
    body = as_mapping(item)
    choices = body.get("choices")
    held = as_mapping(choices[0]).get("message") if isinstance(choices, list) and choices else None
    if isinstance(body.get("output"), list) or body.get("type") in ITEM_TYPES:
        return items_in(body.get("output") or [body])
    return (message_of(as_mapping(held) or body, "assistant"),) if body else ()


def chat(asked: Any) -> tuple[Message, ...]:
    """The messages of a request, which adapters give as messages or as items."""
    if isinstance(asked, list) and not any(as_mapping(item).get("type") in ITEM_TYPES for item in asked):
        return tuple(message_of(as_mapping(item)) for item in asked)
    return items_in(asked) if asked else ()


def response(span: Json, data: Json, asked: Any) -> Call:
    """A call of the Responses API, with what a processor added to the span."""
    held = next((unquoted(place[name]) for place in (span, data) for name in RESPONSES if place.get(name)), None)
    body = as_mapping(held)
    output = body.get("output", unquoted(data.get("output")))
    answer = items_in(output) if output else ()
    return Call(
        span,
        request=responses_messages({"input": asked, "instructions": data.get("instructions")}, body),
        answers=(answer,) if answer else (),
        model=first_text(body.get("model"), data.get("model")),
        response_id=first_text(body.get("id"), data.get("response_id")),
        previous_id=text(body.get("previous_response_id")),
        status=status_of(body) if body else Status.COMPLETE,
    )


def last_of_loops(calls: Sequence[Call]) -> Iterator[Call]:
    """The calls that no later one goes on from, in order; each with the steps that its request leaves out."""
    whole: list[Call] = []
    followed: set[int] = set()
    for call in calls:
        before = next((n for n in range(len(whole) - 1, -1, -1) if goes_on(call, whole[n])), None)
        if before is not None:
            followed.add(before)
        whole.append(call if before is None else continued(call, whole[before]))
    yield from (call for n, call in enumerate(whole) if n not in followed)


def goes_on(call: Call, earlier: Call) -> bool:
    """Whether a call answers to the tools that an earlier one called, or to the earlier response itself."""
    asked_for = {use.call_id for use in uses(earlier) if use.call_id}
    given = {
        part.call_id
        for message in call.request
        for part in message.parts
        if isinstance(part, ToolResult) and part.call_id
    }
    return bool(asked_for & given)


def uses(call: Call) -> Iterator[ToolUse]:
    """The tools that a call called."""
    for answer in call.answers:
        for message in answer:
            yield from (part for part in message.parts if isinstance(part, ToolUse) and not part.by_provider)


def continued(call: Call, earlier: Call) -> Call:
    """A call with what came before it, where the provider kept that and the request holds what is new alone."""
    has_question = any(message.role is Role.USER for message in call.request)
    if has_question or not earlier.answers:
        return call
    system = tuple(message for message in call.request if message.role is Role.SYSTEM)
    news = tuple(message for message in call.request if message.role is not Role.SYSTEM)
    asked = tuple(message for message in earlier.request if message.role is not Role.SYSTEM or not system)
    return replace(call, request=(*system, *asked, *earlier.answers[0], *news))
