"""OpenAI Chat Completions: request and response of the API and of the servers that speak it (vLLM, Mistral, Groq, …).

Source: openai-python types/chat; OpenRouter and Azure for what they add.
"""

from typing import Any

from ingest.exchange import Choice, Exchange, Labels, Message, Role, Scope, Text
from ingest.formats.envelope import Logged, identity_of, labels_of
from ingest.formats.guards import azure_signals, beside, error_signals, finish_signals, prompt_signals, refusal_signals
from ingest.formats.openai_messages import message_of, messages_in
from ingest.formats.openai_stream import assembled
from ingest.formats.reading import Json, as_list, first_text, instant, mapping, objects, text
from ingest.qta import Status

# Any other finish, "stop" first of all, is a whole answer.
FINISHES = {
    "tool_calls": Status.INCOMPLETE,
    "function_call": Status.INCOMPLETE,
    "length": Status.INCOMPLETE,
    "model_length": Status.INCOMPLETE,
    "max_tokens": Status.INCOMPLETE,
    "abort": Status.INCOMPLETE,  # vLLM
    "insufficient_system_resource": Status.INCOMPLETE,  # DeepSeek
    "content_filter": Status.BLOCKED,
    "sensitive": Status.BLOCKED,  # Z.ai
    "error": Status.ERROR,
    "network_error": Status.ERROR,
}


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


def has_message(choice: Any) -> bool:
    """Whether a choice is one of a chat, or of the older completions, which have text alone."""
    if not isinstance(choice, dict):
        return False
    return isinstance(choice.get("message", choice.get("delta")), dict) or isinstance(choice.get("text"), str)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    streamed = bool(logged.events) or logged.response.get("object") == "chat.completion.chunk"
    response = assembled(logged.events or (logged.response,)) if streamed else logged.response
    choices = tuple(choice_of(item, streamed=streamed) for item in objects(response.get("choices"), "choices"))
    choices = choices or generated(response)
    messages = messages_in(logged.request.get("messages")) or prompted(logged.request.get("prompt"))
    alone = is_transcript(logged, messages) and not choices
    return (
        Exchange(
            messages=messages,
            choices=choices,
            scope=Scope.ALL_TURNS if alone else Scope.LAST_TURN,
            status=Status.COMPLETE if choices or alone else without_choices(response),
            model=first_text(response.get("model"), logged.request.get("model")),
            labels=labels(logged, response),
            identity=identity_of(logged, response),
            warnings=hidden_thinking(response),
            guards=(*prompt_signals(response), *error_signals(response.get("error")), *beside(logged, response)),
        ),
    )


def is_transcript(logged: Logged, messages: tuple[Message, ...]) -> bool:
    """Whether a record is messages alone that end in an answer, which only a configured format brings here."""
    is_pair = logged.response is not logged.outer or logged.events or logged.response.get("error")
    return not is_pair and bool(messages) and messages[-1].role is Role.ASSISTANT


def choice_of(choice: Json, *, streamed: bool) -> Choice:
    """One choice. A stream that ends without a finish was cut off; other servers leave the finish out."""
    message = mapping(choice.get("message"), "choices[].message") or {"content": choice.get("text")}
    messages = (message_of(message, "assistant"),)
    finish = text(choice.get("finish_reason"))
    unfinished = Status.INCOMPLETE if streamed else Status.COMPLETE
    return Choice(
        messages=messages,
        status=FINISHES.get(finish, Status.COMPLETE) if finish else unfinished,
        index=int(choice.get("index") or 0),
        guards=(
            *finish_signals(finish),
            *azure_signals(choice.get("content_filter_results"), "output"),
            *refusal_signals(messages),
        ),
    )


def prompted(prompt: Any) -> tuple[Message, ...]:
    """The prompt of the older completions, when it is one text."""
    return (Message(Role.USER, (Text(prompt),)),) if isinstance(prompt, str) and prompt.strip() else ()


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
    return Status.BLOCKED if any(signal.verdict == "blocked" for signal in error_signals(error)) else Status.ERROR


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
