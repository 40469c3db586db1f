"""Spans and log records of OTLP become exchanges, trace by trace, whichever convention each of them follows.

One collector's batch holds spans of OpenTelemetry GenAI and of OpenInference side by side, so that both formats read
all of them: `otel_genai` and `openinference` differ in what they claim, not in how they read.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.exchange import Exchange
from ingest.formats import openinference_calls, otel_calls, otel_dialects, trace_parts
from ingest.formats.otel_events import is_message_event
from ingest.formats.otlp import Signal, logs_in, spans_in
from ingest.formats.reading import Json
from ingest.qta import Fragment
from ingest.steps import merged


def signals_in(value: Json) -> Iterable[Signal]:
    """Every span and log record."""
    yield from spans_in(value)
    yield from map(otel_dialects.with_body, logs_in(value))


def fragments_of(signals: Iterable[Signal]) -> tuple[Fragment, ...]:
    """What is of use in the signals, by trace."""
    return trace_parts.by_trace(signals, is_part, is_whole)


def is_part(signal: Signal) -> bool:
    """Whether a signal is a call of a model, or a part of one."""
    if openinference_calls.is_foreign(signal):
        return openinference_calls.is_call(signal)
    return otel_calls.is_call(signal)


def is_whole(signal: Signal) -> bool:
    """Whether a call has its content with it; a log record of one message never has all of it."""
    if openinference_calls.is_foreign(signal):
        return True
    return not is_message_event(signal.name) and otel_calls.has_content(signal)


def parse(signals: Iterable[Signal]) -> tuple[Exchange, ...]:
    """The exchanges of a record that is read alone."""
    return tuple(exchange for fragment in fragments_of(signals) for exchange in join([fragment.payload]))


def join(payloads: Sequence[Any]) -> tuple[Exchange, ...]:
    """The exchanges of one trace, one for each turn, in order of time.

    An agent's span repeats its calls: it adds what they lack, and counts where none of them says anything.
    """
    calls = trace_parts.calls_in(payloads)
    models = [exchange_of(call) for call in calls if not is_agent(call)]
    return merged(models, [exchange_of(call) for call in calls if is_agent(call)])


def is_agent(signal: Signal) -> bool:
    """Whether a span is an agent's, around its calls."""
    return not openinference_calls.is_foreign(signal) and otel_calls.is_agent(signal)


def exchange_of(signal: Signal) -> Exchange:
    """The exchange of a call, by its own convention; where a span follows both, by the one that tells more."""
    if not openinference_calls.is_foreign(signal):
        return otel_calls.exchange_of(signal)
    found = openinference_calls.exchange_of(signal)
    if found.choices or not otel_calls.has_content(signal):
        return found
    return otel_calls.exchange_of(signal)
