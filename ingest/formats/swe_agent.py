"""Trajectories of SWE-agent and mini-swe-agent, and steps of OSWorld that hold what the model said.

    {"history": [{"role": …, "content": …, "thought": …, "action": …, "message_type": …}], "info": {…}}
    {"messages": [{"role": …, "content": …, "extra": {…}}], "info": {…}, "trajectory_format": "mini-swe-agent-1.1"}
    {"step_num": 1, "action": …, "response": …, "screenshot_file": …, "reward": …, "done": …}

The agent's `thought` is its scratch text; the last one, beside the action that submits, is its answer. What a command
printed comes back under role user. Demonstrations in the prompt are no part of the interaction.

Source: SWE-agent sweagent/types.py, agent/history_processors.py; mini-swe-agent agents/default.py; OSWorld
lib_run_single.py.
"""

import re
from collections.abc import Iterator, Sequence

from ingest.exchange import (
    Choice,
    Exchange,
    Identity,
    Labels,
    Message,
    Part,
    Role,
    Scope,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    image_from_url,
    result_of,
    texts_of,
)
from ingest.formats.envelope import Logged
from ingest.formats.openai_messages import content_parts, thinking_in, tool_use
from ingest.formats.reading import Json, as_mapping, as_text, first_text, instant, objects, text, unquoted
from ingest.qta import ThinkingKind

ENTRY_MARKS = {"message_type", "thought", "action", "agent", "is_demo"}
STEP_MARKS = {"step_num", "action", "response"}
MINI = "mini-swe-agent"
SCRATCH = re.compile(r"\s*THOUGHT\b")
COMMAND = re.compile(r"```(?:bash|sh|mswea_bash_command)\s*\n(.*?)\n```", re.DOTALL)


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    outer = logged.outer
    if any(ENTRY_MARKS & entry.keys() for entry in entries_in(outer)[:50]):
        return "history[] with thought, action or message_type"
    if str(outer.get("trajectory_format")).startswith(MINI):
        return "trajectory_format is mini-swe-agent"
    if isinstance(outer.get("trajectory"), list) and any("observation" in step for step in steps_in(outer)[:20]):
        return "trajectory[] with action and observation"
    is_step = outer.keys() >= STEP_MARKS and bool(outer.keys() & {"screenshot_file", "reward", "action_timestamp"})
    return "step_num, action and response" if is_step else None


def entries_in(outer: Json) -> list[Json]:
    """The entries of a history that are objects."""
    history = outer.get("history")
    return [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []


def steps_in(outer: Json) -> list[Json]:
    """The steps of a trajectory that are objects."""
    return [step for step in outer.get("trajectory") or () if isinstance(step, dict)]


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The trajectory as a transcript, or the step."""
    outer = logged.outer
    if "step_num" in outer:
        return (step_of(outer),)
    if history := list(objects(outer.get("history"), "history")):
        messages = tuple(messages_of([entry for entry in history if not is_demo(entry)]))
    elif "messages" in outer:
        logged_messages = objects(outer.get("messages"), "messages")
        messages = tuple(messages_of([mini(entry) for entry in logged_messages if entry.get("role") != "exit"]))
    else:
        messages = tuple(messages_of(list(stepped(list(objects(outer.get("trajectory"), "trajectory"))))))
    info = as_mapping(outer.get("info"))
    status = (text(info.get("exit_status")) or "submitted").lower()
    is_done = status.startswith("submitted")
    return (
        Exchange(
            messages=with_answer(messages, text(info.get("submission"))) if is_done else messages,
            scope=Scope.ALL_TURNS,
            model=model_of(outer, info),
            labels=Labels(application=text(outer.get("environment")), occurred_at=instant(outer.get("timestamp"))),
            identity=Identity(message_id=first_text(outer.get("trajectory_id"))),
            warnings=() if is_done else ("not_submitted",),
        ),
    )


def is_demo(entry: Json) -> bool:
    """Whether an entry shows the model how it is done."""
    return entry.get("is_demo") is True or entry.get("message_type") == "demonstration"


def mini(entry: Json) -> Json:
    """An entry of mini-swe-agent, whose content may be scratch text and a command between fences."""
    content = entry.get("content")
    if entry.get("role") != "assistant" or not isinstance(content, str):
        return entry
    command = COMMAND.search(content)
    words = (content[: command.start()] + content[command.end() :] if command else content).strip()
    found = {"action": command[1]} if command and not entry.get("tool_calls") else {}
    return {**entry, "content": words, **found, **({"thought": words} if SCRATCH.match(words) else {})}


def stepped(steps: Sequence[Json]) -> Iterator[Json]:
    """Steps as the entries of a history, behind what the first was asked; older trajectories have no other."""
    asked = steps[0].get("query") if steps else None
    yield from (entry for entry in objects(asked, "trajectory[].query") if not is_demo(entry))
    for step in steps:
        yield {**step, "role": "assistant", "content": first_text(step.get("response"), step.get("thought"))}
        yield {"role": "tool", "content": as_text(step.get("observation"))}


def messages_of(entries: Sequence[Json]) -> Iterator[Message]:
    """The messages of a history: the first under role user is the task, those after the model spoke are printed."""
    has_spoken = False
    for entry in entries:
        role = entry.get("role")
        if role == "assistant":
            has_spoken = True
            yield Message(Role.ASSISTANT, tuple(said(entry)))
        elif role in ("tool", "function") or (has_spoken and entry.get("message_type") != "user"):
            call_ids = entry.get("tool_call_ids")
            own = first_text(
                entry.get("tool_call_id"), call_ids[0] if isinstance(call_ids, list) and call_ids else None
            )
            yield Message(Role.TOOL, (result_of(content_parts(entry.get("content")), own),))
        else:
            speaker = Role.SYSTEM if role in ("system", "developer") else Role.USER
            yield Message(speaker, tuple(content_parts(entry.get("content"))))


def said(entry: Json) -> Iterator[Part]:
    """One step of the model: provider's thinking, scratch text, and the action it took."""
    yield from thinking_in(entry)
    thought = text(entry.get("thought"))
    if thought:
        yield Thinking(thought, ThinkingKind.RAW)
    calls = [tool_use(call) for call in objects(entry.get("tool_calls"), "history[].tool_calls")]
    action = first_text(entry.get("action"))
    if not thought:
        yield from content_parts(entry.get("content"))
    if calls:
        yield from calls
    elif action:
        yield ToolUse("action", action)
    else:
        yield from acted(entry)


def acted(entry: Json) -> Iterator[ToolUse]:
    """The commands of an entry of mini-swe-agent, which it parsed out of the content."""
    actions = as_mapping(entry.get("extra")).get("actions")
    for action in actions if isinstance(actions, list) else ():
        body = action if isinstance(action, dict) else {"command": action}
        yield ToolUse("bash", as_text(body.get("command", body.get("action"))), text(body.get("tool_call_id")))


def with_answer(messages: tuple[Message, ...], submission: str | None) -> tuple[Message, ...]:
    """The messages with the model's last word behind what its last action printed: the answer of the trajectory.

    The last word is what it said beside that action; where it said nothing, what it submitted.
    """
    place = next((n for n in range(len(messages) - 1, -1, -1) if messages[n].role is Role.ASSISTANT), None)
    if place is None or not any(isinstance(part, ToolUse) for part in messages[place].parts):
        return messages
    last = messages[place]
    words = texts_of(last.parts) or [part.text for part in last.parts if isinstance(part, Thinking) and part.text]
    answer = words[-1] if words else submission
    rest = tuple(part for part in last.parts if not isinstance(part, Text))
    closing = (Message(Role.ASSISTANT, (Text(answer),)),) if answer else ()
    return (*messages[:place], Message(Role.ASSISTANT, rest), *messages[place + 1 :], *closing)


def model_of(outer: Json, info: Json) -> str | None:
    """The model, where the trajectory's configuration names it."""
    config = as_mapping(info.get("config"))
    replay = as_mapping(unquoted(outer.get("replay_config")))
    agents = [as_mapping(place.get("agent")) for place in (config, replay)]
    models = [as_mapping(place.get("model")) for place in (config, *agents)]
    return first_text(info.get("model_name"), *(m.get(name) for m in models for name in ("model_name", "name")))


def step_of(step: Json) -> Exchange:
    """One step of a computer-use trajectory; its task stands elsewhere, its screenshot in a file."""
    shot = text(step.get("screenshot_file"))
    images = (image_from_url(shot),) if shot else ()
    done = (
        Message(Role.ASSISTANT, (ToolUse("action", as_text(step.get("action"))),)),
        Message(Role.TOOL, (ToolResult("", images=images),)),
        Message(Role.ASSISTANT, (Text(as_text(step.get("response"))),)),
    )
    instruction = first_text(step.get("instruction"), step.get("task"))
    return Exchange(
        messages=(Message(Role.USER, (Text(instruction),)),) if instruction else (),
        choices=(Choice(done),),
        labels=Labels(occurred_at=instant(step.get("action_timestamp"))),
    )
