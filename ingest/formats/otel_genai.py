"""OpenTelemetry GenAI: spans and log records of an OTLP request, each call of a model one exchange.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md, gen-ai-events.md, gen-ai-agent-spans.md.
"""

from ingest.exchange import Exchange
from ingest.formats import openinference_calls, otel_calls, otlp_loose, traces
from ingest.formats.envelope import Logged
from ingest.formats.otlp import Signal
from ingest.qta import Fragment

ROOTS = ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs")
LOOSE = ("gen_ai.", "ai.prompt.", "ai.response.")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not.

    OTLP without any GenAI span is ours too, to be called empty; OTLP of OpenInference alone is not.
    """
    root = next((name for name in ROOTS if name in logged.outer), None)
    if root is None:
        loose = otlp_loose.spans_in(logged.outer)
        return "a span with gen_ai attributes" if any(map(is_ours, loose)) else None
    signals = list(traces.signals_in(logged.outer))
    if any(map(is_ours, signals)):
        return f"{root} with gen_ai attributes"
    return None if any(map(openinference_calls.is_foreign, signals)) else root


def is_ours(signal: Signal) -> bool:
    """Whether a signal is a call of this convention."""
    if openinference_calls.is_foreign(signal):
        return False
    return otel_calls.is_call(signal)


def signals_of(logged: Logged) -> list[Signal]:
    """The spans and log records of a record."""
    return list(traces.signals_in(logged.outer)) or list(otlp_loose.spans_in(logged.outer))


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    """What is of use in the record, by trace."""
    return traces.fragments_of(signals_of(logged))


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """One exchange for each call of a model."""
    return traces.parse(signals_of(logged))


join = traces.join
