"""OpenTelemetry GenAI: what a span, with the log records of the same call, says of one call of a model.

Attributes carry the call in the current form. Older libraries write an event for each message, or flat attributes;
some frameworks have names of their own, see `otel_dialects`.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md, gen-ai-events.md, gen-ai-agent-spans.md.
"""

from dataclasses import replace

from ingest.exchange import Choice, Exchange, Identity, Image, Labels, Refusal, Text, Thinking, ToolUse
from ingest.formats import otel_dialects, otel_events
from ingest.formats.otel_events import Conversation, is_message_event
from ingest.formats.otel_parts import choices_in, messages_in, system_in
from ingest.formats.otlp import Signal
from ingest.formats.reading import Json, first_text, instant
from ingest.qta import GuardSignal, Status

INPUT, OUTPUT, FINISHES = "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.response.finish_reasons"
CONTENT = (
    *(INPUT, OUTPUT),
    *("gen_ai.prompt", "gen_ai.completion", "llm.prompts.", "llm.completions."),
    *("pydantic_ai.all_messages", "all_messages_events"),
    *otel_dialects.MARKS,
)
AGENT_MESSAGES = ("pydantic_ai.all_messages", "all_messages_events")
CALL_OPERATIONS = ("chat", "generate_content", "text_completion")
AGENT_OPERATIONS = ("invoke_agent", "invoke_workflow")
OTHER_OPERATIONS = ("execute_tool", "embeddings", "create_agent", "retrieval", "rerank")
MODELS = (
    *("gen_ai.response.model", "gen_ai.request.model", "llm.response.model", "llm.request.model"),
    *("ai.response.model", "ai.model.id", "langfuse.observation.model.name", "model_name"),
)
SPOKEN = (Text, Thinking, Refusal, Image)
BLOCKED_FINISHES = ("content_filter", "safety", "refusal", "recitation", "prohibited_content", "blocklist", "spii")


def is_call(signal: Signal) -> bool:
    """Whether a signal is the call of a model, or an agent's that says what was said in it.

    A model's call counts without content too: that nothing was captured must be seen.
    """
    attributes = signal.attributes
    operation = attributes.get("gen_ai.operation.name")
    if operation in OTHER_OPERATIONS or otel_dialects.is_other(attributes):
        return False
    if is_message_event(signal.name) or has_content(signal):
        return True
    return operation in CALL_OPERATIONS or (operation is None and "gen_ai.request.model" in attributes)


def has_content(signal: Signal) -> bool:
    """Whether a signal carries messages in any of the forms."""
    return any(name.startswith(CONTENT) for name in signal.attributes) or any(
        is_message_event(event.name) or any(name.startswith(CONTENT) for name in event.attributes)
        for event in signal.events
    )


def is_agent(signal: Signal) -> bool:
    """Whether a span is an agent's, around calls that have spans of their own."""
    operation = signal.attributes.get("gen_ai.operation.name")
    return operation in AGENT_OPERATIONS or any(name in signal.attributes for name in AGENT_MESSAGES)


def exchange_of(signal: Signal) -> Exchange:
    """The exchange of a call; where nothing of the answer was captured, that is its status."""
    attributes = signal.attributes
    said = conversation_of(signal)
    choices = tuple(guarded(choice) for choice in said.choices if is_captured(choice))
    reasons = finishes_of(attributes)
    return Exchange(
        messages=(*system_in(attributes.get("gen_ai.system_instructions")), *said.messages),
        choices=choices,
        status=Status.COMPLETE if choices else without_answer(signal, said, reasons),
        model=model_of(attributes),
        labels=labels_of(signal),
        identity=Identity(
            first_text(attributes.get("gen_ai.response.id"), attributes.get("ai.response.id")),
            signal.trace_id,
            signal.span_id,
        ),
        warnings=hidden_thinking(attributes),
        guards=() if choices else finish_signals(reasons),
    )


def conversation_of(signal: Signal) -> Conversation:
    """What was said, from the newest of the forms that the signal has."""
    attributes = signal.attributes
    if INPUT in attributes or OUTPUT in attributes:
        choices = choices_in(attributes.get(OUTPUT), attributes.get(FINISHES))
        return Conversation(messages_in(attributes.get(INPUT)), choices)
    if AGENT_MESSAGES[0] in attributes:
        return Conversation(messages_in(attributes[AGENT_MESSAGES[0]]))
    for name in ("events", "all_messages_events"):
        if name in attributes:
            return otel_events.from_list(attributes[name])
    if events := [event for event in signal.events if is_message_event(event.name)]:
        return otel_events.from_signals(events)
    return otel_dialects.conversation_of(attributes) or otel_events.from_flat(attributes)


def guarded(choice: Choice) -> Choice:
    """A choice with what its finish says of a filter."""
    blocked = choice.status is Status.BLOCKED and not choice.guards
    return replace(choice, guards=(GuardSignal("otel.finish_reason", "output", "blocked"),)) if blocked else choice


def finishes_of(attributes: Json) -> list[str]:
    """The finish reasons of a call, in lower case."""
    held = attributes.get(FINISHES)
    return [str(reason).lower() for reason in (held if isinstance(held, list) else [held] if held else [])]


def finish_signals(reasons: list[str]) -> tuple[GuardSignal, ...]:
    """What the finish reasons say of a filter, where there is no answer to say it beside."""
    return (GuardSignal("otel.finish_reason", "output", "blocked"),) if is_blocked(reasons) else ()


def is_blocked(reasons: list[str]) -> bool:
    """Whether a filter took the answer away."""
    return any(reason in BLOCKED_FINISHES for reason in reasons)


def is_captured(choice: Choice) -> bool:
    """Whether the log has anything that the model said: names of tools alone are telemetry."""
    parts = [part for message in choice.messages for part in message.parts]
    said = any(part.arguments if isinstance(part, ToolUse) else isinstance(part, SPOKEN) for part in parts)
    return said or choice.status is Status.BLOCKED


def without_answer(signal: Signal, said: Conversation, reasons: list[str]) -> Status:
    """Why there is no answer: the call failed, a filter took it, or content capture is off, which is its default.

    A transcript in one attribute has its answers among the messages; then the turns say what is missing.
    """
    if is_blocked(reasons) and said.messages:
        return Status.BLOCKED
    if signal.failed or "error.type" in signal.attributes:
        return Status.ERROR
    return Status.COMPLETE if said.messages and is_transcript(signal) else Status.CONTENT_NOT_CAPTURED


def is_transcript(signal: Signal) -> bool:
    """Whether the messages of a signal are those of a whole run."""
    return any(name in signal.attributes for name in AGENT_MESSAGES)


def model_of(attributes: Json) -> str | None:
    """The model that answered, else the one that was asked."""
    return first_text(*(attributes.get(name) for name in MODELS))


def labels_of(signal: Signal) -> Labels:
    """Whose call it was: tenant is the service's namespace unless an attribute says better, application its name."""
    attributes, resource = signal.attributes, signal.resource

    def look(*names: str) -> str | None:
        return first_text(*(place.get(name) for name in names for place in (attributes, resource)))

    return Labels(
        tenant=look("tenant", "tenant.id", "service.namespace"),
        application=look("application", "openinference.project.name", "service.name"),
        user=look("enduser.id", "user.id", "langfuse.user.id", "ai.telemetry.metadata.userId"),
        conversation_id=look(
            *("gen_ai.conversation.id", "session.id", "langfuse.session.id", "ai.telemetry.metadata.sessionId"),
            "traceloop.association.properties.session_id",
        )
        or signal.trace_id,
        occurred_at=instant(signal.time_ns),
    )


def hidden_thinking(attributes: Json) -> tuple[str, ...]:
    """A warning where tokens were spent on thinking; normalize drops it where the thinking is in the log."""
    names = (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.reasoning_tokens",
        "ai.usage.reasoningTokens",
        "llm.token_count.completion_details.reasoning",
    )
    return ("hidden_reasoning_tokens",) if any(str(attributes.get(name) or "0") != "0" for name in names) else ()
