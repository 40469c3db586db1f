"""OpenTelemetry GenAI: spans and log records of an OTLP request, each call of a model one exchange.

Attributes on a span, or on a log record `gen_ai.client.inference.operation.details`, carry the call; older libraries
write one event for each message. `invoke_agent` spans repeat their chat spans, so that they count only where the
record has no chat span of their trace.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md, gen-ai-events.md, gen-ai-agent-spans.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingest.exchange import Choice, Exchange, Identity, Labels, Text, Thinking, ToolUse
from ingest.formats import otel_events
from ingest.formats.envelope import Logged
from ingest.formats.otel_events import Conversation, is_message_event
from ingest.formats.otel_parts import choices_in, messages_in, system_in
from ingest.formats.otlp import Signal, logs_in, spans_in
from ingest.formats.reading import Json, first_text, instant, text
from ingest.qta import Status

DETAILS_EVENT = "gen_ai.client.inference.operation.details"
CONTENT_EVENTS = (DETAILS_EVENT, "gen_ai.content.prompt", "gen_ai.content.completion")
CONTENT = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.completion",
    "pydantic_ai.all_messages",
    "all_messages_events",
)
AGENT_MESSAGES = "pydantic_ai.all_messages"
CALL_OPERATIONS = ("chat", "generate_content", "text_completion")
AGENT_OPERATIONS = ("invoke_agent", "invoke_workflow")
OTHER_OPERATIONS = ("execute_tool", "embeddings", "create_agent", "retrieval", "rerank")
FOREIGN = "openinference.span.kind"


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not.

    OTLP without any GenAI span is ours too, to be called empty; OTLP of another convention is not.
    """
    root = next(
        (name for name in ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs") if name in logged.outer),
        None,
    )
    if root is None:
        return None
    signals = list(signals_in(logged.outer))
    if any(FOREIGN in signal.attributes for signal in signals) and not any(is_call(signal) for signal in signals):
        return None
    return f"{root} with gen_ai attributes" if any(is_call(signal) for signal in signals) else root


def signals_in(value: Json) -> Iterator[Signal]:
    """Every span and log record."""
    yield from spans_in(value)
    yield from logs_in(value)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """One exchange for each call of a model."""
    spans = [with_events(span) for span in spans_in(logged.outer)]
    logs = list(logs_in(logged.outer))
    details = [log for log in logs if log.name == DETAILS_EVENT]
    calls = [signal for signal in (*spans, *details) if is_call(signal)]
    traces = {signal.trace_id for signal in calls if not is_agent(signal)}
    kept = [signal for signal in calls if not (is_agent(signal) and signal.trace_id in traces)]
    exchanges = (*(exchange_of(signal) for signal in kept), *from_logs(logs))
    foreign = (
        ("openinference_spans_not_read",) if any(FOREIGN in signal.attributes for signal in (*spans, *logs)) else ()
    )
    return tuple(replace(exchange, warnings=exchange.warnings + foreign) for exchange in exchanges)


def with_events(span: Signal) -> Signal:
    """A span with the attributes of those of its events that carry content."""
    held = [event.attributes for event in span.events if event.name in CONTENT_EVENTS]
    return replace(
        span, attributes={name: value for found in (*held, span.attributes) for name, value in found.items()}
    )


def is_call(signal: Signal) -> bool:
    """Whether a signal is the call of a model, or an agent's that says what was said in it.

    A model's call counts without content too: that nothing was captured must be seen.
    """
    attributes = signal.attributes
    operation = attributes.get("gen_ai.operation.name")
    if FOREIGN in attributes or operation in OTHER_OPERATIONS:
        return False
    if is_message_event(signal.name) or has_content(signal):
        return True
    return operation in CALL_OPERATIONS or (operation is None and "gen_ai.request.model" in attributes)


def has_content(signal: Signal) -> bool:
    """Whether a signal carries messages in any of the forms."""
    return any(name.startswith(CONTENT) for name in signal.attributes) or any(
        is_message_event(event.name) for event in signal.events
    )


def is_agent(signal: Signal) -> bool:
    """Whether a span is an agent's, around calls that have spans of their own."""
    return signal.attributes.get("gen_ai.operation.name") in AGENT_OPERATIONS or AGENT_MESSAGES in signal.attributes


def from_logs(logs: Iterable[Signal]) -> Iterator[Exchange]:
    """One exchange for each call whose messages came as log records."""
    calls: dict[tuple[str | None, str | None], list[Signal]] = defaultdict(list)
    for log in logs:
        if is_message_event(log.name):
            calls[log.trace_id, log.span_id].append(log)
    for signals in calls.values():
        yield built(signals[0], otel_events.from_signals(signals))


def exchange_of(signal: Signal) -> Exchange:
    """The exchange of a span or of a details record."""
    return built(signal, conversation_of(signal))


def conversation_of(signal: Signal) -> Conversation:
    """What was said, from the newest of the forms that the signal has."""
    attributes = signal.attributes
    if "gen_ai.input.messages" in attributes or "gen_ai.output.messages" in attributes:
        choices = choices_in(attributes.get("gen_ai.output.messages"), attributes.get("gen_ai.response.finish_reasons"))
        return Conversation(messages_in(attributes.get("gen_ai.input.messages")), choices)
    if AGENT_MESSAGES in attributes:
        return Conversation(messages_in(attributes[AGENT_MESSAGES]))
    for name in ("events", "all_messages_events"):
        if name in attributes:
            return otel_events.from_list(attributes[name])
    if any(is_message_event(event.name) for event in signal.events):
        return otel_events.from_signals(event for event in signal.events if is_message_event(event.name))
    return otel_events.from_flat(attributes)


def built(signal: Signal, said: Conversation) -> Exchange:
    """The exchange, with its names; where nothing of the answer was captured, that is its status."""
    attributes = signal.attributes
    messages = (*system_in(attributes.get("gen_ai.system_instructions")), *said.messages)
    choices = said.choices if any(is_captured(choice) for choice in said.choices) else ()
    return Exchange(
        messages=messages,
        choices=choices,
        status=Status.COMPLETE if choices else without_answer(signal, said),
        model=first_text(
            attributes.get("gen_ai.response.model"),
            attributes.get("gen_ai.request.model"),
            attributes.get("model_name"),
        ),
        labels=labels_of(signal),
        identity=Identity(text(attributes.get("gen_ai.response.id")), signal.trace_id, signal.span_id),
        warnings=hidden_thinking(attributes),
    )


def is_captured(choice: Choice) -> bool:
    """Whether the log has anything that the model said: names of tools alone are telemetry."""
    parts = [part for message in choice.messages for part in message.parts]
    return any(part.arguments if isinstance(part, ToolUse) else isinstance(part, Text | Thinking) for part in parts)


def without_answer(signal: Signal, said: Conversation) -> Status:
    """Why there is no answer: the call failed, or content capture is off, which is its default.

    A transcript in one attribute has its answers among the messages; then the turns say what is missing.
    """
    if signal.failed or "error.type" in signal.attributes:
        return Status.ERROR
    is_transcript = said.messages and AGENT_MESSAGES in signal.attributes
    return Status.COMPLETE if is_transcript else Status.CONTENT_NOT_CAPTURED


def labels_of(signal: Signal) -> Labels:
    """Whose call it was: tenant is the service's namespace unless an attribute says better, application its name."""
    attributes, resource = signal.attributes, signal.resource

    def look(*names: str) -> str | None:
        return first_text(*(place.get(name) for name in names for place in (attributes, resource)))

    return Labels(
        tenant=look("tenant", "tenant.id", "service.namespace"),
        application=look("application", "service.name"),
        user=look("enduser.id", "user.id"),
        conversation_id=look("gen_ai.conversation.id", "session.id") or signal.trace_id,
        occurred_at=instant(signal.time_ns),
    )


def hidden_thinking(attributes: Json) -> tuple[str, ...]:
    """A warning where tokens were spent on thinking; normalize drops it where the thinking is in the log."""
    names = (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.reasoning_tokens",
    )
    return ("hidden_reasoning_tokens",) if any(str(attributes.get(name) or "0") != "0" for name in names) else ()
