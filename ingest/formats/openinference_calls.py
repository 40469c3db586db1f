"""OpenInference: what a span of kind LLM says of one call of a model.

    llm.input_messages.0.message.role, llm.output_messages.0.message.contents.1.message_content.text, …

Numbers may have holes. A call's answer may be split over several output messages. Spans of agents and chains repeat
the calls inside them, and are not read. Where there are no messages, `input.value` and `output.value` hold the request
and the response in whatever shape they were sent.

Source: Arize-ai/openinference, spec/semantic_conventions.md and spec/content/.
"""

from dataclasses import replace

from ingest.exchange import Choice, Exchange, Identity, Image, Message, Role, Thinking, ToolResult
from ingest.formats import anyones, otel_calls
from ingest.formats.openinference_messages import REDACTED, messages_in, nested
from ingest.formats.otel_parts import status_of
from ingest.formats.otlp import Signal
from ingest.formats.reading import Json, first_text, text
from ingest.qta import GuardSignal, Status

KIND = "openinference.span.kind"
INPUTS, OUTPUTS = "llm.input_messages", "llm.output_messages"
MODELS = ("llm.response.model_name", "llm.model_name", "llm.request.model_name", "embedding.model_name")


def is_foreign(signal: Signal) -> bool:
    """Whether a span follows this convention."""
    return KIND in signal.attributes or any(name.startswith((INPUTS, OUTPUTS)) for name in signal.attributes)


def is_call(signal: Signal) -> bool:
    """Whether a span of this convention is the call of a model."""
    kind = str(signal.attributes.get(KIND) or "LLM").upper()
    return kind == "LLM"


def exchange_of(signal: Signal) -> Exchange:
    """The exchange of a call."""
    attributes = signal.attributes
    raw = raw_of(attributes)
    messages = fuller(messages_in(nested(attributes, INPUTS), Role.USER), raw.messages)
    told = answers_of(attributes, raw)
    finish = text(attributes.get("llm.finish_reason"))
    choices = tuple(finished(choice, finish) for choice in told)
    return Exchange(
        messages=messages,
        choices=choices,
        status=Status.COMPLETE if choices else without_answer(signal, raw),
        model=first_text(*(attributes.get(name) for name in MODELS), raw.model),
        labels=otel_calls.labels_of(signal),
        identity=Identity(raw.identity.response_id, signal.trace_id, signal.span_id),
        warnings=otel_calls.hidden_thinking(attributes),
        guards=raw.guards,
    )


def raw_of(attributes: Json) -> Exchange:
    """What `input.value` and `output.value` tell; nothing where the writer hid them."""
    request, response = (
        None if attributes.get(name) == REDACTED else attributes.get(name) for name in ("input.value", "output.value")
    )
    return anyones.exchange_of(request, response)


def answers_of(attributes: Json, raw: Exchange) -> tuple[Choice, ...]:
    """The answers: all output messages are one, unless the raw response has several, or says more.

    Some instrumentations leave thinking out of the messages that they write; then it is taken from the raw response.
    """
    said = messages_in(nested(attributes, OUTPUTS), Role.ASSISTANT)
    if not any(message.parts for message in said) or len(raw.choices) > 1:
        return raw.choices
    first = raw.choices[0] if raw.choices else Choice(())
    if fuller(said, first.messages) is not said:
        return (first,)
    thought = () if thoughts(said) else thoughts(first.messages)
    whole = (Message(Role.ASSISTANT, thought), *said) if thought else said
    return (replace(first, messages=whole),)


def fuller(flat: tuple[Message, ...], raw: tuple[Message, ...]) -> tuple[Message, ...]:
    """The flattened messages, or the raw ones where they are the only ones, or have thinking or images beside."""
    pairs = list(zip(measure(flat), measure(raw), strict=True))
    return raw if not flat or (all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)) else flat


def measure(messages: tuple[Message, ...]) -> tuple[int, int]:
    """How many thoughts in messages can be read, and how many images can be seen."""
    parts = [part for message in messages for part in message.parts]
    images = [part for part in parts if isinstance(part, Image)]
    images += [image for part in parts if isinstance(part, ToolResult) for image in part.images]
    n_thoughts = sum(isinstance(part, Thinking) and bool(part.text) for part in parts)
    return n_thoughts, sum(image.failure is None and image.data != REDACTED for image in images)


def thoughts(messages: tuple[Message, ...]) -> tuple[Thinking, ...]:
    """The thinking in messages; a text's think tags are read later, like everywhere."""
    return tuple(part for message in messages for part in message.parts if isinstance(part, Thinking))


def finished(choice: Choice, finish: str | None) -> Choice:
    """A choice with what the span says of its end."""
    status = status_of(finish) if finish else Status.COMPLETE
    if status is Status.COMPLETE or choice.status is not Status.COMPLETE:
        return choice
    blocked = (GuardSignal("openinference.finish_reason", "output", "blocked"),) if status is Status.BLOCKED else ()
    return replace(choice, status=status, guards=choice.guards or blocked)


def without_answer(signal: Signal, raw: Exchange) -> Status:
    """Why there is no answer."""
    if raw.status in (Status.ERROR, Status.BLOCKED):
        return raw.status
    return Status.ERROR if signal.failed else Status.CONTENT_NOT_CAPTURED
