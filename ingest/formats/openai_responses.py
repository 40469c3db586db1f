"""OpenAI Responses: request and response of the API, and of the servers that speak it (Azure, DeepSeek, vLLM, …).

With `previous_response_id` the turns before are at the provider and not in the log: the conversation is then named
after the response that this one goes on from, which finds the triple with that response id.

Source: openai-python types/responses/response.py.
"""

from typing import Any

from ingest.exchange import Choice, Exchange, Labels, Message, Role
from ingest.formats.envelope import Logged, identity_of, labels_of
from ingest.formats.guards import (
    azure_signals,
    beside,
    blocked_codes,
    error_signals,
    prompt_signals,
    refusal_signals,
    several,
)
from ingest.formats.openai_items import items_in
from ingest.formats.openai_responses_stream import assembled
from ingest.formats.reading import Json, as_list, as_mapping, first_text, instant, text
from ingest.qta import GuardSignal, Status

STATUSES = {
    "failed": Status.ERROR,
    "incomplete": Status.INCOMPLETE,
    "cancelled": Status.INCOMPLETE,
    "in_progress": Status.INCOMPLETE,
    "queued": Status.INCOMPLETE,
}
# Fields that tell an item of this API from one of another with the same type.
ITEM_MARKS = {"function_call": "call_id", "reasoning": "summary"}
ELSEWHERE = "earlier_turns_not_in_record"


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    if any(body.get("object") == "response" for body in (logged.response, logged.outer)):
        return "response.object is response"
    if any(is_event(event) for event in (logged.response, *logged.events[:20])):
        return "a stream of response events"
    if any(is_item(item) for body in bodies_of(logged) for item in as_list(body.get("output"))):
        return "response.output[] of items"
    asked = logged.request.get("input")
    if logged.response.get("error") and "messages" not in logged.request and isinstance(asked, str | list) and asked:
        return "response.error after request.input"
    return None


def is_event(event: Json) -> bool:
    """Whether this is an event of a stream of this API."""
    return str(event.get("type")).startswith("response.")


def is_item(item: Any) -> bool:
    """Whether this is an item that no other API has."""
    kind = str(item.get("type")) if isinstance(item, dict) else ""
    if kind == "message":
        return any(as_mapping(part).get("type") == "output_text" for part in as_list(item.get("content")))
    return kind in ITEM_MARKS and ITEM_MARKS[kind] in item


def bodies_of(logged: Logged) -> tuple[Json, ...]:
    """Where the response may be: a lone one has its items where gateways have the whole response."""
    return logged.response, logged.outer, {"output": list(logged.events)}


def response_of(logged: Logged) -> Json:
    """The response of a record that is of this format."""
    events = [event for event in (*logged.events, logged.response) if event]
    if any(is_event(event) for event in events):
        return assembled(events)
    bodies = [body for body in bodies_of(logged) if body.get("object") == "response" or as_list(body.get("output"))]
    return bodies[0] if bodies else logged.response


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    request, response = logged.request, response_of(logged)
    answer = items_in(response.get("output"))
    status = status_of(response)
    choice = Choice(answer, status, guards=output_signals(response, answer))
    return (
        Exchange(
            messages=messages_in(request, response),
            choices=() if status in (Status.ERROR, Status.BLOCKED) and not answer else (choice,),
            status=status,
            model=first_text(response.get("model"), request.get("model")),
            labels=labels(logged, response),
            identity=identity_of(logged, response),
            warnings=warnings(request, response),
            guards=(*input_signals(response), *error_signals(response.get("error")), *beside(logged, response)),
        ),
    )


def messages_in(request: Json, response: Json) -> tuple[Message, ...]:
    """The instructions, which the response repeats, and the items of a request."""
    instructions = request.get("instructions") or response.get("instructions")
    system = tuple(Message(Role.SYSTEM, message.parts) for message in items_in(instructions) if message.parts)
    return (*system, *items_in(request.get("input")))


def status_of(response: Json) -> Status:
    """Whether the answer is whole, and if not, why."""
    if refused_by_filter(response) or blocked_codes(as_mapping(response.get("error"))):
        return Status.BLOCKED
    if response.get("error") and not response.get("status"):
        return Status.ERROR
    return STATUSES.get(str(response.get("status")), Status.COMPLETE)


def refused_by_filter(response: Json) -> bool:
    """Whether a filter cut the answer off."""
    return as_mapping(response.get("incomplete_details")).get("reason") == "content_filter"


def output_signals(response: Json, answer: tuple[Message, ...]) -> tuple[GuardSignal, ...]:
    """What guards said of the answer."""
    cut_off = GuardSignal("openai.incomplete_details", "output", "blocked")
    filters = (item for item in several(response.get("content_filters")) if item.get("source_type") != "prompt")
    return (
        *([cut_off] if refused_by_filter(response) else []),
        *azure_signals([as_mapping(item.get("content_filter_results")) for item in filters], "output"),
        *refusal_signals(answer),
    )


def input_signals(response: Json) -> tuple[GuardSignal, ...]:
    """What guards said of the prompt, and OpenAI's moderation of either side."""
    filters = (item for item in several(response.get("content_filters")) if item.get("source_type") == "prompt")
    found = azure_signals([as_mapping(item.get("content_filter_results")) for item in filters], "input")
    return (*found, *prompt_signals(response))


def labels(logged: Logged, response: Json) -> Labels:
    """The envelope's labels; where it has none, what the API's own fields say."""
    found = labels_of(logged)
    bodies = (response, logged.request)
    return Labels(
        tenant=found.tenant,
        application=found.application,
        user=found.user or first_text(*(body.get(name) for body in bodies for name in ("safety_identifier", "user"))),
        conversation_id=found.conversation_id or first_text(*(conversation_of(body) for body in bodies)),
        occurred_at=instant(response.get("created_at")) or found.occurred_at,
    )


def conversation_of(body: Json) -> str | None:
    """The conversation's name, else that of the response before."""
    conversation = body.get("conversation")
    named = conversation.get("id") if isinstance(conversation, dict) else conversation
    return text(named) or text(body.get("previous_response_id"))


def warnings(request: Json, response: Json) -> tuple[str, ...]:
    """Turns that are at the provider; tokens spent on thinking, which normalize drops where it is in the log."""
    elsewhere = any(conversation_of(body) for body in (request, response))
    spent = as_mapping(as_mapping(response.get("usage")).get("output_tokens_details")).get("reasoning_tokens")
    return (*([ELSEWHERE] if elsewhere else []), *(["hidden_reasoning_tokens"] if spent else []))
