"""LangChain and LangGraph: messages, a graph's state, a model's result, and LangSmith's runs.

    [message, …]   {"messages": [message, …]}   {"values": {"messages": […]}}      a transcript: all its turns
    {"generations": [[{"message": message}]]}                                      a result: what the model said
    {"inputs": {"messages": […]}, "outputs": {"generations": […]}, "trace_id": …}  a run: request and response

A run of a chain or a tool repeats what the runs of its models hold; of a run only a model's call, or the state that a
whole graph ended in, is read.

Source: langchain-core load/dump.py, messages/utils.py, outputs/; langsmith-sdk schemas.py.
"""

from collections.abc import Sequence
from typing import Any

from ingest.exchange import Choice, Exchange, Identity, Labels, Message, Role, Scope
from ingest.formats.envelope import Logged, labels_in
from ingest.formats.langchain_messages import finish_of, is_message, messages_in, model_of
from ingest.formats.reading import Json, Malformed, as_mapping, first_text, mapping, objects, sequence, text, unquoted
from ingest.qta import Status

RUN_TYPES = {"llm", "chat_model", "chain", "tool", "retriever", "prompt", "parser", "embedding"}
STATES = ("messages", "chat_history", "output", "input", "values", "state", "kwargs")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    value, outer = logged.value, logged.outer
    if isinstance(value, list) and value and is_message(value[0]):
        return "a list of LangChain's messages"
    if is_run(outer):
        return "run_type beside inputs"
    if generated_in(outer) or generated_in(logged.response):
        return "generations[][]"
    if any(is_message(body) for body in (outer, logged.response)):
        return "a LangChain message"
    held = transcript_in(outer)
    if held and any(is_message(message) for message in held[:20]):
        return "messages[] of LangChain"
    return None


def is_run(outer: Json) -> bool:
    """Whether a record is a run as LangSmith keeps it."""
    return outer.get("run_type") in RUN_TYPES and isinstance(outer.get("inputs"), dict)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The transcript, or the one exchange of a call."""
    outer = logged.outer
    if is_run(outer):
        return of_run(outer)
    for body in (logged.response, outer):
        if generated_in(body):
            return (called(logged.request, body, labels(outer), identity(outer)),)
    if isinstance(logged.value, list):
        return (transcript(logged.value, {}),)
    if is_message(logged.response) and logged.response is not outer:
        asked = transcript_in(logged.request) or transcript_in(outer) or ()
        return (answered(asked, [logged.response], labels(outer), identity(outer)),)
    if is_message(outer):
        return (transcript([outer], {}),)
    return (transcript(transcript_in(outer) or (), outer),)


def transcript_in(body: Json) -> Sequence[Any] | None:
    """The messages of a state, which may stand a level down."""
    messages = unquoted(body.get("messages"))
    if isinstance(messages, list) and messages:
        return messages[0] if isinstance(messages[0], list) and messages[0] and nested(messages[0]) else messages
    for name in STATES:
        held = unquoted(body.get(name))
        if isinstance(held, dict) and (found := transcript_in(held)):
            return found
        if isinstance(held, list) and held and is_message(held[0]):
            return held
    return None


def nested(first: Sequence[Any]) -> bool:
    """Whether a list in a list is a batch of one conversation, and not a message as a pair of texts."""
    return isinstance(first[0], dict | list)


def transcript(messages: Sequence[Any], outer: Json) -> Exchange:
    """All turns of a conversation; how its last message ended goes with that message."""
    status = finish_of(messages[-1]) if messages else Status.COMPLETE
    read = messages_in(messages)
    is_cut = status is not Status.COMPLETE and read and read[-1].role is Role.ASSISTANT
    return Exchange(
        messages=read[:-1] if is_cut else read,
        choices=(Choice(read[-1:], status),) if is_cut else (),
        scope=Scope.ALL_TURNS,
        labels=labels(outer),
        identity=Identity(message_id=first_text(outer.get("checkpoint_id"), outer.get("run_id"), outer.get("id"))),
    )


def labels(outer: Json) -> Labels:
    """Whose conversation it was: LangGraph names the thread in the run's configuration or metadata."""
    extra = as_mapping(outer.get("extra"))
    config = as_mapping(outer.get("config"))
    own = {name: value for name, value in outer.items() if name != "session_id" or not is_run(outer)}  # a project there
    places = (
        own,
        as_mapping(outer.get("metadata")),
        as_mapping(extra.get("metadata")),
        as_mapping(config.get("configurable")),
        as_mapping(config.get("metadata")),
        as_mapping(outer.get("configurable")),
    )
    return labels_in(*places)


def identity(outer: Json) -> Identity:
    """LangSmith's names of a run; the response's own name is in the message."""
    run_id = first_text(outer.get("id"), outer.get("run_id"))
    trace_id = text(outer.get("trace_id"))
    return Identity(trace_id=trace_id, span_id=run_id if trace_id else None, message_id=run_id)


def of_run(run: Json) -> tuple[Exchange, ...]:
    """A run: a model's call, or the state that a whole graph ended in; none for the steps between."""
    inputs, outputs = mapping(run.get("inputs"), "inputs"), as_mapping(run.get("outputs"))
    if run.get("run_type") in ("llm", "chat_model"):
        named = as_mapping(as_mapping(run.get("extra")).get("metadata"))
        model = model_of(named) or model_of(as_mapping(as_mapping(run.get("extra")).get("invocation_params")))
        exchange = called(inputs, outputs, labels(run), identity(run), failed=bool(run.get("error")), model=model)
        return (exchange,)
    state = transcript_in(outputs)
    if run.get("parent_run_id") or not state or not any(is_message(message) for message in state):
        return ()
    return (transcript(state, run),)


def called(  # noqa: PLR0913 - what surrounds the pair differs between a result and a run
    request: Json,
    response: Json,
    whose: Labels,
    named: Identity,
    *,
    failed: bool = False,
    model: str | None = None,
) -> Exchange:
    """The exchange of one call of a model."""
    answers = generated_in(response)
    if not answers and (held := transcript_in(response)):
        answers = [{"message": message} for message in held[-1:]]
    if not answers and is_message(response):
        answers = [{"message": response}]
    asked = transcript_in(request) or prompts(request)
    return answered(asked, [message_in(answer) for answer in answers], whose, named, failed=failed, model=model)


def answered(  # noqa: PLR0913 - as above
    asked: Sequence[Any],
    answers: Sequence[Any],
    whose: Labels,
    named: Identity,
    *,
    failed: bool = False,
    model: str | None = None,
) -> Exchange:
    """Messages with their answers; a single answer lends the exchange its response id."""
    choices = tuple(Choice(messages_in([answer]), finish_of(answer), n) for n, answer in enumerate(answers))
    last = next((message for choice in choices for message in choice.messages), Message(Role.ASSISTANT, ()))
    missing = Status.ERROR if failed else Status.INCOMPLETE
    return Exchange(
        messages=messages_in(asked),
        choices=choices,
        status=Status.COMPLETE if choices else missing,
        model=last.model or model,
        labels=whose,
        identity=Identity(last.id, named.trace_id, named.span_id, named.message_id),
    )


def prompts(request: Json) -> Sequence[Any]:
    """The prompt of a model that takes text alone."""
    held = request.get("prompts", request.get("prompt"))
    texts = [held] if isinstance(held, str) else sequence(held, "prompts")
    return [{"type": "human", "content": str(prompt)} for prompt in texts]


def generated_in(body: Json) -> list[Json]:
    """The generations of a result, which holds a list for each prompt; the first prompt is the record's."""
    held = body.get("generations")
    if not isinstance(held, list) or not held:
        return []
    first = held[0] if isinstance(held[0], list) else held
    return [item for item in objects(first, "generations[][]") if "text" in item or "message" in item]


def message_in(generation: Json) -> Any:
    """The message of a generation; a model of text alone gives text."""
    held = generation.get("message")
    if held is not None:
        return held
    kwargs = as_mapping(generation.get("kwargs"))
    if kwargs.get("message") is not None:
        return kwargs["message"]
    if not isinstance(generation.get("text"), str):
        raise Malformed("generations[][].text")
    return {"type": "ai", "content": generation["text"]}
