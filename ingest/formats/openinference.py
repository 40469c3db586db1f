"""OpenInference, as Arize Phoenix and others write it: spans in OTLP, in Phoenix's own JSON, or their attributes alone.

Source: Arize-ai/openinference, spec/semantic_conventions.md.
"""

from ingest.exchange import Exchange
from ingest.formats import openinference_calls, otlp_loose, traces
from ingest.formats.envelope import Logged
from ingest.formats.otlp import Signal
from ingest.qta import Fragment


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    if any(map(openinference_calls.is_foreign, traces.signals_in(logged.outer))):
        return "spans with openinference.span.kind"
    if any(map(openinference_calls.is_foreign, otlp_loose.spans_in(logged.outer))):
        return "attributes with openinference.span.kind"
    return None


def signals_of(logged: Logged) -> list[Signal]:
    """The spans of a record."""
    return list(traces.signals_in(logged.outer)) or list(otlp_loose.spans_in(logged.outer))


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    """What is of use in the record, by trace."""
    return traces.fragments_of(signals_of(logged))


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """One exchange for each call of a model."""
    return traces.parse(signals_of(logged))


join = traces.join
