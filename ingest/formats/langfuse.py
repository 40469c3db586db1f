"""Langfuse: exports of traces and of observations, and events of its SDKs; each turn of a trace one exchange.

A GENERATION is a call of a model, in whatever shape its framework gave it. What is around it (AGENT, CHAIN, SPAN, the
trace itself, or a GENERATION that holds others) repeats it: that adds what the calls lack, and stands for itself only
where no call says anything. A trace that is exported whole is read at once; observations and events wait for the rest
of their trace, which nothing ends.

Source: langfuse packages/shared, fern/apis (observations, trace, ingestion); its SDKs' integrations.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingest import steps
from ingest.exchange import Choice, Exchange, Identity, Labels, Message, Role, Scope, ToolResult, ToolUse, texts_of
from ingest.formats import anthropic_messages, bedrock_converse, gemini, openai_chat, openai_responses
from ingest.formats.envelope import Logged, labels_in, open_envelope
from ingest.formats.langfuse_media import with_media
from ingest.formats.langfuse_observations import (
    CALLS,
    TRACE,
    Observation,
    by_trace,
    is_trace,
    items_in,
    observations_in,
)
from ingest.formats.otel_parts import system_in
from ingest.formats.reading import Json, as_mapping, as_text, first_text, instant, text
from ingest.formats.said import decoded, messages_in
from ingest.qta import Fragment, Status

RESPONSES = (bedrock_converse, gemini, openai_responses, anthropic_messages, openai_chat)
NOT_AROUND = {"TOOL", "EVENT", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"}
BROKEN = ({"content": "role"}, {"content": "content"}, {"role": "content"})
"""What is left of messages whose names were logged in place of them."""


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    return items_in(logged)[1] or None


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    """The record's observations by trace; none where it has whole traces."""
    items, _ = items_in(logged)
    if any(map(is_trace, items)):
        return ()
    return tuple(Fragment(name, found) for name, found in by_trace(observations_in(items)).items())


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The exchanges of each trace in a record that is read alone."""
    traces = by_trace(observations_in(items_in(logged)[0]))
    return tuple(exchange for found in traces.values() for exchange in join([found]))


def join(payloads: Sequence[Any]) -> tuple[Exchange, ...]:
    """The exchanges of one trace, from its observations in whatever order they came."""
    found = by_trace(one for payload in payloads for one in payload)
    observations = [one for group in found.values() for one in group]
    trace = next((one for one in observations if one.kind == TRACE), None)
    depths = depths_of(observations)
    spans = sorted(
        (one for one in observations if one.kind != TRACE),
        key=lambda one: (str(one.get("startTime")), depths[one.name]),
    )
    holders = holding_calls(spans)
    calls = [one for one in spans if one.kind in CALLS and one.name not in holders]
    outer = [one for one in spans if one.kind not in CALLS | NOT_AROUND or one.name in holders]
    told = list(in_turns(calls, spans, trace))
    outermost = sorted(outer, key=lambda one: depths[one.name])
    around = [exchange_of(one, trace) for one in (*outermost, *([trace] if trace else [])) if is_told(one)]
    if not any(exchange.choices for exchange in told):
        around = around[:1]
    return steps.merged(told, around)


def depths_of(observations: Iterable[Observation]) -> dict[str, int]:
    """How deep each observation lies; what says that it lies in itself is as deep as there are observations."""
    parents = {one.name: text(one.get("parentObservationId")) for one in observations}
    depths: dict[str, int] = {}
    for name in parents:
        path: list[str] = []
        at: str | None = name
        while at is not None and at in parents and at not in depths and len(path) <= len(parents):
            path.append(at)
            at = parents[at]
        depth = depths.get(at, -1) if at is not None else -1
        for place, each in enumerate(reversed(path), 1):
            depths.setdefault(each, depth + place)
    return depths


def holding_calls(spans: Iterable[Observation]) -> set[str]:
    """The names of those that a call of a model lies directly in."""
    return {parent for one in spans if one.kind in CALLS and (parent := text(one.get("parentObservationId")))}


def in_turns(
    calls: Sequence[Observation], spans: Iterable[Observation], trace: Observation | None
) -> Iterator[Exchange]:
    """The exchange of each call; those whose request is lost go on from the call before them in the same parent."""
    runs: list[list[tuple[Observation, Exchange]]] = []
    latest: dict[str | None, list[tuple[Observation, Exchange]]] = {}
    for one in calls:
        parent, found = text(one.get("parentObservationId")), exchange_of(one, trace)
        run = latest.get(parent) if parent and is_lost(found) else None
        if run is None or not run[-1][1].choices:
            run = latest[parent] = []
            runs.append(run)
        run.append((one, found))
    tools: dict[str | None, list[Observation]] = {}
    for one in spans:
        if one.kind == "TOOL":
            tools.setdefault(text(one.get("parentObservationId")), []).append(one)
    yield from (gone_on(run, tools.get(text(run[0][0].get("parentObservationId")), [])) for run in runs)


def is_lost(exchange: Exchange) -> bool:
    """Whether a call has an answer, and nothing of its request is left."""
    return bool(exchange.choices) and not any(message.role is not Role.SYSTEM for message in exchange.messages)


def gone_on(run: Sequence[tuple[Observation, Exchange]], tools: Sequence[Observation]) -> Exchange:
    """The last call of a run, with those before it, and what the tools gave back that ran between them."""
    (first, begun), (_, last) = run[0], run[-1]
    if len(run) == 1:
        return begun
    messages: list[Message] = []
    waiting = iter([one for one in tools if str(one.get("startTime")) >= str(first.get("startTime"))])
    tool = next(waiting, None)
    for one, exchange in run:
        while tool is not None and str(tool.get("startTime")) <= str(one.get("startTime")):
            messages.append(result_of(tool))
            tool = next(waiting, None)
        messages += exchange.choices[0].messages
    choice = replace(last.choices[0], messages=tuple(messages))
    return replace(last, messages=begun.messages, choices=(choice,), labels=begun.labels)


def result_of(tool: Observation) -> Message:
    """What a tool gave back, as a message."""
    result = ToolResult("\n".join(said_by(tool)), text(attributes(tool).get("gen_ai.tool.call.id")))
    return Message(Role.TOOL, (result,), id=tool.name)


def said_by(tool: Observation) -> Iterator[str]:
    """The texts that a tool gave back."""
    output = decoded(tool.get("output"))
    parts = output.get("content") if isinstance(output, dict) else None
    texts = [text(as_mapping(part).get("text")) for part in parts] if isinstance(parts, list) else []
    yield from [found for found in texts if found] or [as_text(output)]


def is_told(one: Observation) -> bool:
    """Whether an observation holds what was answered."""
    return decoded(one.get("output")) not in (None, "", {}, [])


def exchange_of(one: Observation, trace: Observation | None) -> Exchange:
    """The exchange of one observation, whichever it is."""
    asked, said = decoded(one.get("input")), decoded(one.get("output"))
    request = () if asked in BROKEN else messages_in(asked)
    answered = response_of(said)
    if answered is None:
        answered = Exchange((), choices_in(messages_in(said, Role.ASSISTANT)))
    if any(message.role is Role.USER for choice in answered.choices for message in choice.messages):
        return named(transcript(request, answered), one, trace)  # a state that a graph ended in
    own = tuple(message for message in answered.messages if message.role is Role.SYSTEM)
    system = () if any(message.role is Role.SYSTEM for message in request) else system_beside(one) or own
    choices = tuple(replace(choice, messages=with_media(choice.messages)) for choice in answered.choices)
    failed = one.get("level") == "ERROR"
    return named(
        replace(
            answered,
            messages=with_media((*system, *request)),
            choices=tuple(replace(choice, status=Status.ERROR) for choice in choices) if failed else choices,
            status=Status.ERROR if failed else answered.status if choices else without_answer(one),
        ),
        one,
        trace,
    )


def transcript(request: tuple[Message, ...], answered: Exchange) -> Exchange:
    """A conversation whose answers are among its messages."""
    said = tuple(message for choice in answered.choices for message in choice.messages)
    system = tuple(message for message in request if message.role is Role.SYSTEM)
    own = () if any(message.role is Role.SYSTEM for message in said) else system
    return Exchange(with_media((*own, *said)), scope=Scope.ALL_TURNS)


def response_of(said: Any) -> Exchange | None:
    """What a response says in the shape of a provider's API; None where it is in none of them."""
    if not isinstance(said, dict):
        return None
    logged = open_envelope({"response": said, "request": {"messages": []}})
    known = next((known for known in RESPONSES if known.claims(logged)), None)
    exchanges: tuple[Exchange, ...] = known.parse(logged) if known else ()
    return next((exchange for exchange in exchanges if exchange.choices or exchange.status is Status.BLOCKED), None)


def choices_in(said: tuple[Message, ...]) -> tuple[Choice, ...]:
    """The answer in an output; texts of the assistant beside each other, and nothing else, are several answers."""
    if len(said) > 1 and all(is_answer(message) for message in said):
        return tuple(Choice((message,), index=n) for n, message in enumerate(said))
    return (Choice(said),) if said else ()


def is_answer(message: Message) -> bool:
    """Whether a message may be a whole answer."""
    calls = any(isinstance(part, ToolUse) for part in message.parts)
    return message.role is Role.ASSISTANT and bool(texts_of(message.parts)) and not calls


def system_beside(one: Observation) -> tuple[Message, ...]:
    """The system prompt in OpenTelemetry's attributes."""
    held = attributes(one).get("gen_ai.system_instructions")
    return system_in(held) if isinstance(held, str | list) and held else ()


def attributes(one: Observation) -> Json:
    """The attributes of the span that an observation was made from."""
    metadata = as_mapping(decoded(one.get("metadata")))
    return as_mapping(decoded(metadata.get("attributes"))) or metadata


def without_answer(one: Observation) -> Status:
    """Why there is no answer: it was cut off, or nothing was captured."""
    return Status.INCOMPLETE if one.get("input") is not None else Status.CONTENT_NOT_CAPTURED


def named(exchange: Exchange, one: Observation, trace: Observation | None) -> Exchange:
    """The exchange with its names and labels."""
    found = attributes(one)
    is_call = one.kind in CALLS
    model = first_text(
        exchange.model if is_call else None,
        found.get("gen_ai.response.model"),
        *(one.get(name) for name in ("model", "providedModelName", "internalModel")),
        found.get("gen_ai.request.model"),
    )
    response_id = first_text(exchange.identity.response_id, found.get("gen_ai.response.id"))
    return replace(
        exchange,
        model=model,
        labels=labels_of(one, trace),
        identity=Identity(response_id, one.trace_id or None, one.name or None, one.name or None),
        warnings=tuple(dict.fromkeys((*exchange.warnings, *hidden_thinking(one)))),
    )


def labels_of(one: Observation, trace: Observation | None) -> Labels:
    """Whose call it was: the trace says, or the observation, which in some exports has the trace's fields beside it."""
    places = [each for each in (one, trace) if each]
    metadata = [as_mapping(decoded(each.get("metadata"))) for each in places]
    resources = [as_mapping(decoded(each.get("resourceAttributes"))) for each in metadata]
    found = labels_in(*metadata, *resources)
    services = (
        each.get("service.name")
        for each in resources
        if not as_text(each.get("service.name")).startswith("unknown_service")
    )
    return Labels(
        tenant=found.tenant or first_text(*(each.get("service.namespace") for each in resources)),
        application=first_text(
            found.application,
            *services,
            *(each.get("traceName") for each in places),
            trace.get("name") if trace else None,
        ),
        user=first_text(*(each.get("userId") for each in places), found.user),
        conversation_id=first_text(*(each.get("sessionId") for each in places), found.conversation_id, one.trace_id),
        occurred_at=instant(*(each.get(name) for each in places for name in ("startTime", "timestamp", "createdAt"))),
    )


def hidden_thinking(one: Observation) -> tuple[str, ...]:
    """A warning where tokens were spent on thinking; normalize drops it where the thinking is in the log."""
    usages = [as_mapping(decoded(one.get(name))) for name in ("usageDetails", "usage")]
    spent = (
        count
        for counts in (*usages, attributes(one))
        for name, count in counts.items()
        if "reasoning" in name and ("token" in name or counts in usages)
    )
    return (
        ("hidden_reasoning_tokens",)
        if any(str(count) not in ("0", "None", "", "False", "0.0") for count in spent)
        else ()
    )
