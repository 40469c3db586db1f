"""What Langfuse writes, as observations by trace: exports of traces and of observations, and events of its SDKs.

{"trace": {"id": …, …}, "observations": [{"id": …, "traceId": …, "type": "GENERATION", …}]}   a trace
{"id": …, "observations": [{…}], …}                                                           the same, from the API
{"id": …, "traceId": …, "type": "GENERATION", …}   also with trace_id, as blob storage has it  an observation
{"batch": [{"type": "generation-create", "body": {…}}, …]}   or one such event                ingestion
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ingest.formats.envelope import Logged
from ingest.formats.reading import Json, as_list, as_mapping, either, first_text, text, unquoted

CALLS = {"GENERATION", "LLM", "COMPLETION", "CHAT"}
TYPES = {
    *CALLS,
    *("SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"),
}
EVENT = ("-create", "-update")
EVENTS = {f"{kind.lower()}{ending}" for kind in (*TYPES, "TRACE", "OBSERVATION", "SCORE") for ending in EVENT}
TRACE = "TRACE"
HINTS = ("startTime", "parentObservationId", "statusMessage", "usageDetails", "input", "output", "environment")


@dataclass(frozen=True, slots=True)
class Observation:
    """An observation, or a trace, which has what all of its observations are about.

    Attributes:
        kind: its type, in capitals; `TRACE`.
        body: its fields, under either way to write their names.
    """

    kind: str
    name: str
    trace_id: str
    body: Json

    def get(self, field: str) -> Any:
        """A field under its camelCase name."""
        return either(self.body, field)


def is_observation(body: Any) -> bool:
    """Whether an object is an observation."""
    if not isinstance(body, dict) or body.get("type") not in TYPES or not text(body.get("id")):
        return False
    return text(either(body, "traceId")) is not None and any(either(body, name) is not None for name in HINTS)


def is_event(body: Any) -> bool:
    """Whether an object is an event of the ingestion API."""
    return isinstance(body, dict) and body.get("type") in EVENTS and isinstance(body.get("body"), dict)


def is_trace(body: Any) -> bool:
    """Whether an object is a trace with its observations."""
    if not isinstance(body, dict) or not isinstance(listed := either(body, "observations"), list):
        return False
    trace = as_mapping(unquoted(body.get("trace"))) or body
    return text(trace.get("id")) is not None and (not listed or any(map(is_observation, listed)))


def items_in(logged: Logged) -> tuple[list[Json], str]:
    """The items of a record that are Langfuse's, and what they are; none where it has none."""
    for held, around in ((logged.value, ""), (logged.outer.get("batch"), "batch of "), (logged.outer.get("data"), "")):
        listed = held if isinstance(held, list) else [held]
        for known, word in ((is_trace, "traces"), (is_event, "events"), (is_observation, "observations")):
            if found := [as_mapping(item) for item in listed if known(item)]:
                return found, f"{around}{word} of Langfuse"
    return [], ""


def observations_in(items: Iterable[Json]) -> Iterator[Observation]:
    """The observations and traces in items of any kind."""
    for item in items:
        if is_trace(item):
            yield from of_trace(item)
        elif is_event(item):
            yield from of_event(item)
        else:
            yield observed(item)


def of_trace(item: Json) -> Iterator[Observation]:
    """A trace and its observations, which it may list twice: without their content, and with it."""
    trace = as_mapping(unquoted(item.get("trace"))) or item
    trace_id = str(trace.get("id"))
    yield Observation(TRACE, trace_id, trace_id, {name: trace[name] for name in trace if name != "observations"})
    listed = (*as_list(trace.get("observations")), *(as_list(item.get("observations")) if trace is not item else []))
    yield from (observed({"traceId": trace_id, **body}) for body in listed if isinstance(body, dict))


def of_event(item: Json) -> Iterator[Observation]:
    """The observation or trace that an event makes or changes."""
    kind = str(item["type"]).rpartition("-")[0].upper()
    body = item["body"]
    if kind == TRACE and text(body.get("id")):
        yield Observation(TRACE, body["id"], body["id"], {"timestamp": item.get("timestamp"), **body})
    elif kind == "OBSERVATION":
        yield observed(body)
    elif kind in TYPES:
        yield observed({**body, "type": kind})


def observed(body: Json) -> Observation:
    """One observation; an event that changes one may leave out what it is a part of."""
    name = first_text(body.get("id")) or ""
    return Observation(str(body.get("type")).upper(), name, first_text(either(body, "traceId")) or "", body)


def by_trace(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    """Observations by trace, each once, with what later events say of it; what names no trace goes by its own name."""
    listed = list(observations)
    known = {one.name: one.trace_id for one in listed if one.trace_id}
    traces: dict[str, dict[tuple[bool, str], Observation]] = {}
    for number, one in enumerate(listed):
        trace = traces.setdefault(one.trace_id or known.get(one.name) or one.name, {})
        key = (one.kind == TRACE, one.name or str(number))
        trace[key] = changed(trace[key], one) if key in trace else one
    return {name: list(trace.values()) for name, trace in traces.items()}


def changed(before: Observation, now: Observation) -> Observation:
    """An observation with what a later event says of it; what that leaves out stays."""
    body = {**before.body, **{name: value for name, value in now.body.items() if value is not None}}
    kind = before.kind if now.kind not in TYPES or now.kind == "SPAN" else now.kind
    return Observation(kind, before.name, before.trace_id or now.trace_id, body)
