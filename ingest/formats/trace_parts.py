"""The spans and log records of one trace, which may come in several records and in any order, put together.

    Signals --by trace--> Fragments --each once, in order of time--> Signals --by span--> one Signal for each call

Log records that carry the messages of a call name its span; the model's name and the response's id are on the span
alone.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ingest.formats.otel_events import CHOICE_EVENT, is_message_event
from ingest.formats.otlp import Signal
from ingest.qta import Fragment

UNTRACED = "no trace"
DETAILS_EVENT = "gen_ai.client.inference.operation.details"
CONTENT_EVENTS = (DETAILS_EVENT, "gen_ai.content.prompt", "gen_ai.content.completion")


def by_trace(
    signals: Iterable[Signal], is_part: Callable[[Signal], bool], is_whole: Callable[[Signal], bool]
) -> tuple[Fragment, ...]:
    """A fragment for each trace of which something of use is there.

    A trace closes with its root span. Not so if the content of a call is missing: it may come in log records, which
    collectors send apart. What belongs to no trace is not waited for.
    """
    traces: dict[str | None, list[Signal]] = defaultdict(list)
    rooted: set[str | None] = {None}
    for signal in signals:
        if signal.is_span and not signal.parent_id:
            rooted.add(signal.trace_id)
        if is_part(signal):
            traces[signal.trace_id].append(signal)
    return tuple(
        Fragment(
            trace or UNTRACED, tuple(parts), closes=trace in rooted and (trace is None or all(map(is_whole, parts)))
        )
        for trace, parts in traces.items()
    )


def calls_in(payloads: Sequence[Any]) -> list[Signal]:
    """One signal for each call, in order of time, from the payloads of a trace's fragments."""
    signals = {name_of(signal): signal for payload in payloads for signal in payload}
    ordered = sorted(signals.values(), key=lambda signal: signal.time_ns)
    spans: dict[tuple[str | None, str | None], list[Signal]] = defaultdict(list)
    alone = []
    for signal in ordered:
        if signal.span_id or is_message_event(signal.name):
            spans[signal.trace_id, signal.span_id].append(signal)
        else:
            alone.append(signal)
    calls = [call for group in spans.values() for call in calls_of_span(group)]
    return sorted((*calls, *alone), key=lambda signal: (signal.time_ns, signal.span_id or ""))


def name_of(signal: Signal) -> Hashable:
    """The same for a signal that was sent twice; a span is named by its id, a log record by all that it says."""
    if signal.is_span and signal.span_id:
        return (signal.trace_id, signal.span_id)
    said = orjson.dumps([signal.attributes, signal.body], default=str, option=orjson.OPT_SORT_KEYS)
    return (signal.trace_id, signal.span_id, signal.name, signal.time_ns, said)


def calls_of_span(group: list[Signal]) -> Iterator[Signal]:
    """The calls that a span and the log records naming it tell of; more than one where an agent's span lends its id."""
    spans = [with_content(signal) for signal in group if signal.is_span]
    details = [signal for signal in group if not signal.is_span and not is_message_event(signal.name)]
    rounds = list(rounds_of([signal for signal in group if not signal.is_span and is_message_event(signal.name)]))
    if spans and len(details) + len(rounds) <= 1:
        attributes = {name: held for signal in (*details, spans[0]) for name, held in signal.attributes.items()}
        events = (*spans[0].events, *(event for one in rounds for event in one))
        yield replace(spans[0], attributes=attributes, events=events)
        return
    for number, (first, events) in enumerate(
        [*((signal, ()) for signal in details), *((one[0], one) for one in rounds)]
    ):
        base = {**without_content(spans[0]), **first.attributes} if spans else first.attributes
        span_id = first.span_id if number == 0 or first.span_id is None else f"{first.span_id}.{number}"
        yield replace(first, span_id=span_id, attributes=base, events=tuple(events), body=None)


def rounds_of(events: list[Signal]) -> Iterator[tuple[Signal, ...]]:
    """Message events by call: a message behind an answer begins another."""
    run: list[Signal] = []
    for event in events:
        if run and run[-1].name == CHOICE_EVENT and event.name != CHOICE_EVENT:
            yield tuple(run)
            run = []
        run.append(event)
    if run:
        yield tuple(run)


def with_content(span: Signal) -> Signal:
    """A span with the attributes of those of its events that carry content."""
    held = [event.attributes for event in span.events if event.name in CONTENT_EVENTS]
    attributes = {name: value for found in (*held, span.attributes) for name, value in found.items()}
    return replace(span, attributes=attributes)


def without_content(span: Signal) -> dict[str, Any]:
    """What a span says of all calls inside it: whose they are and which model it asked."""
    shared = ("gen_ai.request.model", "gen_ai.conversation.id", "session.id", "user.id", "enduser.id", "tenant")
    return {name: span.attributes[name] for name in shared if name in span.attributes}
