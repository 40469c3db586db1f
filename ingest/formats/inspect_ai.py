"""Inspect's evaluation logs: a run with its samples, each a conversation; also a sample alone.

    {"version": 2, "status": …, "eval": {"model": …, "task": …}, "samples": [{"id": 1, "epoch": 1, "messages": […]}]}

A .eval file is a zip of the same; `ingest.archive` has put it together. Long texts and images stand once, under
`attachments`, and elsewhere as attachment://<hash> (older: tc://<hash>). Events repeat the messages.

Source: inspect_ai log/_log.py, model/_chat_message.py, _util/content.py.
"""

from collections.abc import Iterator
from typing import Any

from ingest.exchange import Choice, Exchange, Identity, Labels, Message, Role, Scope
from ingest.formats.envelope import Logged
from ingest.formats.inspect_messages import Attachments, message_of
from ingest.formats.reading import Json, as_mapping, first_text, instant, objects, text
from ingest.qta import Status

STOPS = {
    "max_tokens": Status.INCOMPLETE,
    "model_length": Status.INCOMPLETE,
    "unknown": Status.COMPLETE,
    "content_filter": Status.BLOCKED,
}
SAMPLE_MARKS = ("id", "epoch", "input", "messages")
NO_MODELS = {"none/none", "none"}  # a task whose agent brings its own


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    outer = logged.outer
    run = outer.get("eval")
    if isinstance(run, dict) and "task" in run and ("samples" in outer or "plan" in outer or "version" in outer):
        return "eval.task beside samples"
    if all(name in outer for name in SAMPLE_MARKS) and isinstance(outer["messages"], list):
        return "id, epoch, input and messages, as a sample has them"
    return None


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """Each sample as a transcript."""
    outer = logged.outer
    run = as_mapping(outer.get("eval"))
    if run:
        return tuple(exchange_of(sample, run) for sample in objects(outer.get("samples"), "samples"))
    return (exchange_of(outer, {}),)


def exchange_of(sample: Json, run: Json) -> Exchange:
    """One sample; how its last message ended goes with that message."""
    messages = tuple(messages_of(sample))
    status = status_of(sample)
    is_cut = status is not Status.COMPLETE and messages and messages[-1].role is Role.ASSISTANT
    name = first_text(sample.get("uuid")) or name_of(sample, run)
    return Exchange(
        messages=messages[:-1] if is_cut else messages,
        choices=(Choice(messages[-1:], status),) if is_cut else (),
        scope=Scope.ALL_TURNS,
        model=model_of(sample, run),
        labels=Labels(
            application=text(run.get("task")),
            conversation_id=name,
            occurred_at=instant(sample.get("started_at"), run.get("created")),
        ),
        identity=Identity(message_id=name),
        warnings=("sample_error",) if sample.get("error") else (),
    )


def messages_of(sample: Json) -> Iterator[Message]:
    """The messages of a sample; of one that never got so far, its input."""
    attachments = Attachments.of(sample)
    logged = sample.get("messages") or input_of(sample.get("input"))
    for message in objects(logged, "samples[].messages"):
        yield message_of(message, attachments)


def input_of(given: Any) -> Any:
    """A sample's input as messages."""
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def status_of(sample: Json) -> Status:
    """Whether the last answer is whole."""
    choices = as_mapping(sample.get("output")).get("choices")
    last = as_mapping(choices[0]) if isinstance(choices, list) and choices else {}
    status = STOPS.get(str(last.get("stop_reason")), Status.COMPLETE)
    is_cut = bool(sample.get("error") or sample.get("limit"))
    return Status.INCOMPLETE if status is Status.COMPLETE and is_cut else status


def model_of(sample: Json, run: Json) -> str | None:
    """The model of the run; where the run names none, the one that answered."""
    named = text(run.get("model"))
    if named and named not in NO_MODELS:
        return named
    return text(as_mapping(sample.get("output")).get("model")) or named


def name_of(sample: Json, run: Json) -> str | None:
    """What tells a sample from all others where it has no uuid of its own."""
    names = (first_text(run.get("eval_id"), run.get("run_id")), text(run.get("task_id")))
    own = (first_text(sample.get("id")), first_text(sample.get("epoch")))
    return "/".join(name for name in (*names, *own) if name) if names[0] else None
