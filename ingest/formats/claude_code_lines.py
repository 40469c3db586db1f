"""The lines of a Claude Code conversation become messages: who wrote what, and which lines are one message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ingest.exchange import Message, Part, Role, Text, ToolResult
from ingest.formats.anthropic_messages import parts_of
from ingest.formats.reading import Json, first_text, instant, mapping, text

NO_MODEL = "<synthetic>"  # the program speaks in the model's place, such as of an error of the API
COMMAND = re.compile(r"<command-name>\s*(.*?)\s*</command-name>", re.DOTALL)
ARGUMENTS = re.compile(r"<command-args>\s*(.*?)\s*</command-args>", re.DOTALL)
# Written under role user by the program: what local commands printed, and what befell the session.
NOTICE = re.compile(
    r"\s*(?:<local-command-(?:stdout|stderr|caveat)>|<bash-(?:input|stdout|stderr)>|<task-notification>"
    r"|<user-memory-input>|<user-prompt-submit-hook>|\[Request interrupted by user)"
)
SLASH = re.compile(r"/[\w:.-]+(?:\s|\Z)")  # unlike a path
PRINTED = re.compile(r"\s*<local-command-(?:stdout|stderr)>")


def is_model_line(line: Json) -> bool:
    """Whether the model wrote a line."""
    message = line.get("message")
    if line.get("type") != "assistant" or line.get("isApiErrorMessage") is True:
        return False
    return isinstance(message, dict) and message.get("model") != NO_MODEL


@dataclass(slots=True)
class Conversation:
    """Messages, built line by line.

    Attributes:
        began: when its first line was written.
        held: the messages in order; those of the model by the id of the API's message, whatever came between.
        places: id of a message of the model -> its place in `held`.
        seen: ids of lines, since a session that is resumed repeats them.
        failures: lines in which the program reported an error.
    """

    began: datetime | None = None
    held: list[Message] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    failures: int = 0

    def take(self, line: Json) -> None:
        """Add a line."""
        uuid = text(line.get("uuid"))
        if uuid and uuid in self.seen:
            return
        self.seen.update([uuid] if uuid else [])
        at = instant(line.get("timestamp"))
        self.began = self.began or at
        if line.get("type") == "user":
            self.held += user_messages(line, at)
        elif line.get("type") == "attachment":
            self.held += queued(line, at)
        elif is_model_line(line):
            self.say(mapping(line.get("message"), "message"), uuid, at)
        elif line.get("type") == "assistant":
            self.failures += 1

    def say(self, message: Json, uuid: str | None, at: datetime | None) -> None:
        """Add what the model said to its message, which earlier lines may have begun."""
        name = text(message.get("id")) or uuid
        parts = parts_of(message.get("content"))
        place = self.places.get(name) if name else None
        if place is None:
            if name:
                self.places[name] = len(self.held)
            self.held.append(Message(Role.ASSISTANT, parts, id=name, model=text(message.get("model")), at=at))
        else:
            before = self.held[place]
            self.held[place] = replace(before, parts=(*before.parts, *(p for p in parts if p not in before.parts)))

    def messages(self) -> tuple[Message, ...]:
        """The messages; a command that only printed something was no question."""
        following = (*self.held[1:], None)
        return tuple(
            replace(message, synthetic=True) if is_local(message, after) else message
            for message, after in zip(self.held, following, strict=True)
        )

    def warnings(self) -> tuple[str, ...]:
        """What was seen and is not in the messages."""
        return ("api_error_lines",) if self.failures else ()


def is_local(message: Message, after: Message | None) -> bool:
    """Whether a message is a slash command that the program answered, or obeyed in silence, such as `/clear`.

    A command that is a prompt for the model is followed by that prompt, which the program writes, or by the answer.
    """
    if message.role is not Role.USER or after is None or after.role is not Role.USER:
        return False
    if not any(isinstance(part, Text) and SLASH.match(part.text) for part in message.parts):
        return False
    if after.synthetic:
        return any(isinstance(part, Text) and PRINTED.match(part.text) for part in after.parts)
    return not any(isinstance(part, ToolResult) for part in after.parts)


def user_messages(line: Json, at: datetime | None) -> Iterator[Message]:
    """A line of type user: what a person said, tool results, or what the program wrote."""
    parts = parts_of(mapping(line.get("message"), "message").get("content"))
    origin = line.get("origin")
    marked = any(line.get(name) is True for name in ("isMeta", "isCompactSummary", "isVisibleInTranscriptOnly"))
    if marked or (isinstance(origin, dict) and origin.get("kind") not in (None, "human")):
        yield from told(parts, at)
        return
    notices = tuple(part for part in parts if isinstance(part, Text) and NOTICE.match(part.text))
    rest = tuple(unfolded(part) for part in parts if part not in notices)
    if rest:
        yield Message(Role.USER, rest, at=at)
    if notices:
        yield Message(Role.USER, notices, synthetic=True)


def told(parts: tuple[Part, ...], at: datetime | None) -> Iterator[Message]:
    """What the program wrote; a tool's result stays one, whoever wrote the line."""
    words = tuple(part for part in parts if isinstance(part, Text))
    rest = tuple(part for part in parts if not isinstance(part, Text))
    if rest:
        yield Message(Role.USER, rest, synthetic=False, at=at)
    if words:
        yield Message(Role.USER, words, synthetic=True)


def unfolded(part: Part) -> Part:
    """A slash command as the person typed it; anything else as it is."""
    command = COMMAND.search(part.text) if isinstance(part, Text) else None
    if command is None or not isinstance(part, Text):
        return part
    arguments = ARGUMENTS.search(part.text)
    name = command[1] if command[1].startswith("/") else f"/{command[1]}"
    return Text(f"{name} {arguments[1] if arguments else ''}".strip())


def queued(line: Json, at: datetime | None) -> Iterator[Message]:
    """What a person typed while the model worked, which has no line of its own; nothing from any other attachment."""
    held = mapping(line.get("attachment"), "attachment")
    origin = held.get("origin")
    by_human = not isinstance(origin, dict) or origin.get("kind") in (None, "human")
    if held.get("type") != "queued_command" or held.get("isMeta") is True or not by_human:
        return
    if first_text(held.get("commandMode")) not in (None, "prompt"):
        return
    parts = parts_of(prompt_of(held.get("prompt")))
    if not any(isinstance(part, Text) and NOTICE.match(part.text) for part in parts):
        yield Message(Role.USER, parts, at=at)


def prompt_of(prompt: Any) -> Any:
    """A prompt as the API has content."""
    return prompt if isinstance(prompt, str | list) else None
