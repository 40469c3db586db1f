"""LiteLLM's StandardLoggingPayload, as its callbacks write it, and rows of its table of spend logs.

Around the pair it has labels, guardrails and times of its own; the pair itself is in the shape of the API that was
called, and is read as that API's. `turn_off_message_logging` leaves a word where the texts were: the content was not
captured, which is no answer.

Source: BerriAI/litellm types/utils.py, `StandardLoggingPayload`; litellm_core_utils/redact_messages.py.
"""

import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingest.exchange import Choice, Exchange, Identity, Labels, Message
from ingest.formats import anthropic_messages, bedrock_converse, gemini, openai_chat, openai_items, openai_responses
from ingest.formats.envelope import Logged, open_envelope
from ingest.formats.gemini_parts import messages_in as gemini_messages
from ingest.formats.litellm_guards import guardrail_signals
from ingest.formats.openai_messages import messages_in as openai_messages
from ingest.formats.reading import Json, as_list, as_mapping, first_text, instant, text, unquoted
from ingest.qta import GuardSignal, Status

MARKS = {
    "hidden_params",
    "model_map_information",
    "custom_llm_provider",
    "litellm_call_id",
    "model_parameters",
    "spend",
}
WRAPPERS = ("standard_logging_object", "standard_logging_payload", "kwargs", "payload", "data", "body")
# Calls that are no turn of a model, by what their names hold.
OTHER_CALLS = (
    "embedding",
    "transcription",
    "speech",
    "rerank",
    "moderation",
    "batch",
    "file",
    "search",
    "mcp",
    "image",
)
REDACTED = "redacted-by-litellm"
PACKED_ID = "resp_bGl0ZWxsbTp"  # "litellm:" in base64
BLOCKED_ERRORS = {"ContentPolicyViolationError", "GuardrailRaisedException", "BlockedPiiEntityError"}

# In the order of detection, as in FORMATS.
RESPONSES = (bedrock_converse, gemini, openai_responses, anthropic_messages, openai_chat)


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    return "call_type beside marks of LiteLLM" if payload_in(logged.outer) else None


def payload_in(outer: Json, depth: int = 2) -> Json | None:
    """The payload in a record: the record itself, or below the arguments of a callback."""
    if isinstance(outer.get("call_type"), str) and outer.keys() & MARKS and outer.keys() & {"messages", "response"}:
        return outer
    if depth == 0:
        return None
    inner = (unquoted(outer[name]) for name in WRAPPERS if outer.get(name))
    found = (payload_in(value, depth - 1) for value in inner if isinstance(value, dict))
    return next((payload for payload in found if payload), None)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the call; none where no model took a turn in it."""
    payload = payload_in(logged.outer) or logged.outer
    call_type = str(payload.get("call_type")).lower()
    if any(word in call_type for word in OTHER_CALLS):
        return ()
    written = unquoted(payload.get("response"))
    answered = answer_of(scrubbed(written))
    is_whole = not is_redacted(written)
    status = failure(payload)
    choices = tuple(as_captured(choice, captured=is_whole) for choice in answered.choices)
    return (
        replace(
            answered,
            messages=asked(call_type, payload),
            choices=() if status is not Status.COMPLETE and not any(map(says, choices)) else choices,
            status=status if status is not Status.COMPLETE else without_choices(answered, captured=is_whole),
            model=model_of(payload, answered),
            labels=labels(payload, answered),
            identity=identity(payload, answered.identity),
            guards=(*answered.guards, *guardrail_signals(payload), *error_signals(payload, status)),
        ),
    )


def answer_of(response: Any) -> Exchange:
    """What the response says, in the shape of whichever API was called."""
    logged = open_envelope({"response": response, "request": {"messages": []}})
    known = next((known for known in RESPONSES if known.claims(logged)), None)
    if known is None:
        return Exchange((), status=Status.INCOMPLETE)
    exchanges: tuple[Exchange, ...] = known.parse(logged)
    return exchanges[0]


def scrubbed(value: Any) -> Any:
    """`value` without the word that stands where texts were."""
    if isinstance(value, dict):
        return {name: scrubbed(held) for name, held in value.items()}
    if isinstance(value, list):
        return [scrubbed(held) for held in value]
    return None if value == REDACTED else value


def captured(value: Any) -> Json:
    """An object, which may be JSON in a string, without that word."""
    return as_mapping(scrubbed(unquoted(value)))


def is_redacted(value: Any) -> bool:
    """Whether that word stands anywhere in `value`."""
    if isinstance(value, dict):
        return any(map(is_redacted, value.values()))
    return any(map(is_redacted, value)) if isinstance(value, list) else value == REDACTED


def as_captured(choice: Choice, *, captured: bool) -> Choice:
    """A choice, marked where the logger left its texts out."""
    return choice if captured else replace(choice, status=Status.CONTENT_NOT_CAPTURED)


def says(choice: Choice) -> bool:
    """Whether there is anything in a choice."""
    return any(message.parts for message in choice.messages)


def without_choices(answered: Exchange, *, captured: bool) -> Status:
    """The status of a call without an answer in the log."""
    return answered.status if captured else Status.CONTENT_NOT_CAPTURED


def failure(payload: Json) -> Status:
    """Whether the call failed, and if so, whether a guard refused it."""
    if payload.get("status") != "failure":
        return Status.COMPLETE
    blocked = any(signal.verdict == "blocked" for signal in guardrail_signals(payload))
    return Status.BLOCKED if blocked or error_class(payload) in BLOCKED_ERRORS else Status.ERROR


def error_class(payload: Json) -> str | None:
    """The name of the exception that ended the call."""
    return text(as_mapping(payload.get("error_information")).get("error_class"))


def error_signals(payload: Json, status: Status) -> tuple[GuardSignal, ...]:
    """What the provider's refusal of a prompt says."""
    refused = status is Status.BLOCKED and error_class(payload) == "ContentPolicyViolationError"
    return (GuardSignal("litellm.error", "input", "blocked", ("ContentPolicyViolationError",)),) if refused else ()


def asked(call_type: str, payload: Json) -> tuple[Message, ...]:
    """The request's messages, in the shape of the API that was called."""
    request = captured(payload.get("proxy_server_request"))
    request = captured(request.get("body")) or request
    parameters = captured(payload.get("model_parameters"))
    messages = scrubbed(unquoted(payload.get("messages"))) or request.get("messages") or request.get("input")
    if "responses" in call_type:
        instructions = {"instructions": parameters.get("instructions") or request.get("instructions")}
        return openai_responses.messages_in({"input": messages, **instructions}, {})
    if isinstance(messages, str | dict):
        return openai_items.items_in(messages)
    return reader(call_type, messages)(messages, parameters.get("system") or request.get("system"))


def reader(call_type: str, messages: Any) -> Callable[[Any, Any], tuple[Message, ...]]:
    """What reads messages of the shape in a log."""
    if any(isinstance(message, dict) and "parts" in message for message in as_list(messages)):
        return lambda held, _: gemini_messages(held)
    if "anthropic" in call_type or any(map(has_anthropic_block, as_list(messages))):
        return read_anthropic
    return lambda held, _: openai_messages(held)


def read_anthropic(messages: Any, system: Any) -> tuple[Message, ...]:
    """Messages in Anthropic's shape; LiteLLM puts the system prompt among them at times."""
    return anthropic_messages.messages_in({"messages": messages, "system": system})


def has_anthropic_block(message: Any) -> bool:
    """Whether a message holds a block that only Anthropic's API has."""
    blocks = as_list(as_mapping(message).get("content"))
    return any(as_mapping(block).get("type") in ("tool_result", "tool_use") for block in blocks)


def model_of(payload: Json, answered: Exchange) -> str | None:
    """The model that answered; not the name that a deployment has for its callers."""
    hidden = as_mapping(payload.get("hidden_params")).get("litellm_model_name")
    group = payload.get("model_group")
    named = (name for name in (answered.model, payload.get("model")) if name and name != group)
    return first_text(*named, hidden, answered.model, payload.get("model"))


def labels(payload: Json, answered: Exchange) -> Labels:
    """Whose call it was: the key, team and user that LiteLLM knows it by."""
    metadata = as_mapping(unquoted(payload.get("metadata")))
    requester = as_mapping(metadata.get("requester_metadata"))
    parameters = as_mapping(unquoted(payload.get("model_parameters")))

    def known(*names: str) -> list[Any]:
        return [metadata.get(f"user_api_key_{name}") for name in names]

    return Labels(
        tenant=first_text(*known("org_id", "team_id"), payload.get("team_id"), requester.get("tenant")),
        application=first_text(*known("alias", "team_alias")),
        user=first_text(
            payload.get("end_user"), *known("end_user_id", "user_id"), parameters.get("user"), payload.get("user")
        ),
        conversation_id=first_text(
            *(place.get("session_id") for place in (payload, metadata, requester)), payload.get("trace_id")
        ),
        occurred_at=instant(payload.get("startTime"), payload.get("start_time"), payload.get("endTime"))
        or answered.labels.occurred_at,
    )


def identity(payload: Json, answered: Identity) -> Identity:
    """The response's id, so that this and a span of the same call are one."""
    response_id = answered.response_id or first_text(payload.get("id"), payload.get("request_id"))
    return Identity(response_id=unpacked(response_id), message_id=text(payload.get("litellm_call_id")))


def unpacked(response_id: str | None) -> str | None:
    """The provider's id, which LiteLLM packs into one of its own for the Responses API."""
    if response_id is None or not response_id.startswith(PACKED_ID):
        return response_id
    packed = response_id.removeprefix("resp_")
    try:
        written = binascii.a2b_base64(packed + "=" * (-len(packed) % 4)).decode()
    except ValueError:
        return response_id
    return written.rpartition("response_id:")[2] or response_id
