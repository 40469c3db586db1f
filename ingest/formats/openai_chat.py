"""OpenAI Chat Completions: request and response of the API and of the servers that speak it (vLLM, Mistral, Groq, …).

Source: openai-python types/chat; OpenRouter and Azure for what they add.
"""

from typing import Any

from ingest.exchange import Choice, Exchange, Labels, Message, Role, Text
from ingest.formats.envelope import Logged, identity_of, labels_of
from ingest.formats.openai_messages import message_of, messages_in
from ingest.formats.openai_stream import assembled
from ingest.formats.reading import Json, first_text, instant, mapping, objects, text
from ingest.qta import Status

# Any other finish, "stop" first of all, is a whole answer.
FINISHES = {
    "tool_calls": Status.INCOMPLETE,
    "function_call": Status.INCOMPLETE,
    "length": Status.INCOMPLETE,
    "model_length": Status.INCOMPLETE,
    "content_filter": Status.BLOCKED,
    "error": Status.ERROR,
}
BLOCKED_CODES = {"content_filter", "content_policy_violation", "moderation", "data_inspection_failed"}


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    response = logged.response
    if response.get("object") in ("chat.completion", "chat.completion.chunk"):
        return f"response.object is {response['object']}"
    if is_chunk(logged.events):
        return "a stream of chat.completion.chunk"
    if any(has_message(choice) for choice in as_list(response.get("choices"))):
        return "response.choices[].message"
    if failed(response, *logged.events) and as_list(logged.request.get("messages")):
        return "response.error after request.messages"
    return None


def failed(*bodies: Json) -> bool:
    """Whether one of `bodies` is an error; Anthropic's say so in `type`."""
    return any(body.get("error") and body.get("type") != "error" for body in bodies)


def is_chunk(events: tuple[Json, ...]) -> bool:
    """Whether events are chunks: the first that has choices decides."""
    return any(event.get("object") == "chat.completion.chunk" or as_list(event.get("choices")) for event in events[:20])


def as_list(value: Any) -> list[Any]:
    """`value` when it is a list; detection looks at anything."""
    return value if isinstance(value, list) else []


def has_message(choice: Any) -> bool:
    """Whether a choice is one of a chat."""
    return isinstance(choice, dict) and isinstance(choice.get("message", choice.get("delta")), dict)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    streamed = bool(logged.events) or logged.response.get("object") == "chat.completion.chunk"
    response = assembled(logged.events or (logged.response,)) if streamed else logged.response
    choices = tuple(choice_of(item, streamed=streamed) for item in objects(response.get("choices"), "choices"))
    choices = choices or generated(response)
    return (
        Exchange(
            messages=messages_in(logged.request.get("messages")),
            choices=choices,
            status=Status.COMPLETE if choices else without_choices(response),
            model=first_text(response.get("model"), logged.request.get("model")),
            labels=labels(logged, response),
            identity=identity_of(logged, response),
            warnings=hidden_thinking(response),
        ),
    )


def choice_of(choice: Json, *, streamed: bool) -> Choice:
    """One choice. A stream that ends without a finish was cut off; other servers leave the finish out."""
    message = mapping(choice.get("message"), "choices[].message")
    finish = text(choice.get("finish_reason"))
    unfinished = Status.INCOMPLETE if streamed else Status.COMPLETE
    return Choice(
        messages=(message_of(message, "assistant"),),
        status=FINISHES.get(finish, Status.COMPLETE) if finish else unfinished,
        index=int(choice.get("index") or 0),
    )


def generated(response: Json) -> tuple[Choice, ...]:
    """What the model wrote before the server called it an error: Groq gives it when a tool call cannot be parsed."""
    error = response.get("error")
    written = text(error.get("failed_generation")) if isinstance(error, dict) else None
    return (Choice((Message(Role.ASSISTANT, (Text(written),)),), Status.ERROR),) if written else ()


def without_choices(response: Json) -> Status:
    """Why there is no answer: the provider refused the prompt, or failed, or the log ends before the answer."""
    error = response.get("error")
    if not error:
        return Status.INCOMPLETE
    codes = {str(error.get(name)) for name in ("code", "type")} if isinstance(error, dict) else set()
    return Status.BLOCKED if codes & BLOCKED_CODES else Status.ERROR


def labels(logged: Logged, response: Json) -> Labels:
    """The envelope's labels; where it has none, what the API's own fields say."""
    found = labels_of(logged)
    return Labels(
        tenant=found.tenant,
        application=found.application,
        user=found.user or first_text(logged.request.get("safety_identifier"), logged.request.get("user")),
        conversation_id=found.conversation_id,
        occurred_at=instant(response.get("created")) or found.occurred_at,
    )


def hidden_thinking(response: Json) -> tuple[str, ...]:
    """A warning where tokens were spent on thinking; normalize drops it where the thinking is in the log."""
    usage = response.get("usage")
    spent = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    return ("hidden_reasoning_tokens",) if isinstance(spent, dict) and spent.get("reasoning_tokens") else ()
