"""Traces of the OpenAI Agents SDK: a record for each span and one for the trace, or several in a list or under `data`.

    {"object": "trace.span", "id": …, "trace_id": …, "span_data": {"type": "generation", "input": […], "output": […]}}
    {"object": "trace", "id": …, "workflow_name": …, "group_id": …, "metadata": …}

A response span holds the response's id alone, unless a processor adds what was asked and answered; tools have spans of
their own. Nothing says which span is a trace's last: agents that hand over are roots side by side, and the trace's own
record is sent when it begins. So a trace ends when nothing more of it comes.

Source: openai-agents-python src/agents/tracing/span_data.py, spans.py, traces.py.
"""

from collections.abc import Sequence
from typing import Any

from ingest.exchange import Choice, Exchange, Identity, Labels, Message, Role, ToolResult, ToolUse
from ingest.formats.envelope import Logged, labels_in
from ingest.formats.openai_agents_calls import Call, call_of, last_of_loops
from ingest.formats.reading import Json, as_mapping, as_text, first_text, instant, mapping, text
from ingest.qta import Fragment, GuardSignal, Status

OBJECTS = {"trace", "trace.span"}
CALLS = ("generation", "response")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    return "object is trace or trace.span" if items_in(logged) else None


def items_in(logged: Logged) -> list[Json]:
    """The spans and traces of a record."""
    held = logged.value if isinstance(logged.value, list) else logged.outer.get("data")
    listed = held if isinstance(held, list) else [logged.outer]
    return [item for item in listed if isinstance(item, dict) and item.get("object") in OBJECTS and trace_of(item)]


def trace_of(item: Json) -> str | None:
    """The name of the trace that an item is of, or is."""
    return text(item.get("id") if item.get("object") == "trace" else item.get("trace_id"))


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    """The record's items by trace; none where no span is among them that says what was done."""
    traces: dict[str, list[Json]] = {}
    for item in items_in(logged):
        traces.setdefault(str(trace_of(item)), []).append(item)
    return tuple(Fragment(name, items) for name, items in traces.items())


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The exchanges of each trace in a record that is read alone."""
    return tuple(exchange for fragment in fragments(logged) for exchange in join([fragment.payload]))


def join(payloads: Sequence[Any]) -> tuple[Exchange, ...]:
    """The exchanges of one trace, from the items of its fragments in whatever order they came."""
    items = [mapping(item, "trace") for payload in payloads for item in payload]
    spans = sorted(
        (item for item in items if item.get("object") == "trace.span"), key=lambda span: str(span.get("started_at"))
    )
    trace = next((item for item in items if item.get("object") == "trace"), {})
    calls = [call_of(span) for span in spans if data_of(span).get("type") in CALLS]
    told = [call for call in calls if call.is_told]
    guards = tuple(guard_of(data_of(span)) for span in spans if data_of(span).get("type") == "guardrail")
    exchanges = tuple(exchange_of(call, trace, guards) for call in last_of_loops(told))
    if any(call.is_empty for call in calls) and not told:
        exchanges = (untold(calls, spans, trace, guards),)
    return exchanges


def data_of(span: Json) -> Json:
    """What a span is about."""
    return as_mapping(span.get("span_data"))


def exchange_of(call: Call, trace: Json, guards: tuple[GuardSignal, ...]) -> Exchange:
    """The exchange of the last call of a loop, whose request repeats the steps before; they are its own here."""
    return Exchange(
        messages=call.request,
        choices=tuple(Choice((*call.steps, *answer), call.status, n) for n, answer in enumerate(call.answers)),
        status=call.status,
        model=call.model,
        labels=labels(call.span, trace),
        identity=identity(call.span, call.response_id),
        guards=guards,
    )


def untold(calls: Sequence[Call], spans: Sequence[Json], trace: Json, guards: tuple[GuardSignal, ...]) -> Exchange:
    """The exchange of a trace whose calls have no content: what tools did, which is not enough to judge."""
    done = tuple(message for span in spans if data_of(span).get("type") == "function" for message in tool_steps(span))
    last = calls[-1]
    return Exchange(
        messages=(),
        choices=(Choice(done, Status.CONTENT_NOT_CAPTURED),),
        status=Status.CONTENT_NOT_CAPTURED,
        model=last.model,
        labels=labels(last.span, trace),
        identity=identity(last.span, last.response_id),
        guards=guards,
    )


def tool_steps(span: Json) -> tuple[Message, Message]:
    """A function span as a call and its result."""
    data, call_id = data_of(span), text(span.get("id"))
    result = ToolResult(as_text(data.get("output")), call_id, is_error=span.get("error") is not None)
    use = ToolUse(as_text(data.get("name")), as_text(data.get("input")), call_id)
    return Message(Role.ASSISTANT, (use,)), Message(Role.TOOL, (result,))


def guard_of(data: Json) -> GuardSignal:
    """What a guardrail of the application said."""
    verdict = "flagged" if data.get("triggered") is True else "passed"
    return GuardSignal(f"openai_agents.{text(data.get('name')) or 'guardrail'}", "unknown", verdict)


def labels(span: Json, trace: Json) -> Labels:
    """Whose trace it was: its group is the conversation."""
    found = labels_in(as_mapping(trace.get("metadata")))
    return Labels(
        tenant=found.tenant,
        application=found.application or text(trace.get("workflow_name")),
        user=found.user,
        conversation_id=first_text(trace.get("group_id"), found.conversation_id, span.get("trace_id")),
        occurred_at=instant(span.get("started_at")),
    )


def identity(span: Json, response_id: str | None) -> Identity:
    """The response's id, else the span's."""
    return Identity(response_id, trace_id=text(span.get("trace_id")), span_id=text(span.get("id")))
