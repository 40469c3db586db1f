"""Claude Code's session files: a line for each message, and for what else happened in the session.

    {"type": "user", "uuid": …, "sessionId": …, "isSidechain": false, "message": {"role": "user", …}, "timestamp": …}
    {"type": "assistant", …, "message": {"id": "msg_…", "model": …, "content": [one block]}}

A record is a line, or several. One message of the API may be several lines with the same `message.id`, with tool
results between them. Lines of a subagent are a conversation of their own. Not every line of type user is a question:
reminders, summaries after a compaction and notices of the program are marked, or told by their tags.

Also read: the stream of `--output-format stream-json` and of the Agent SDK, whose lines have `session_id`.

Source: sessions of versions 1.0 to 2.1 as public readers of them describe it; there is no specification.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ingest.exchange import Exchange, Identity, Labels, Scope
from ingest.formats.claude_code_lines import Conversation, is_model_line
from ingest.formats.envelope import Logged
from ingest.formats.reading import Json, first_text, mapping, text
from ingest.qta import Fragment

SPOKEN = {"user", "assistant", "attachment"}
# What else a session holds: said by nobody. Without a session's name they are known by a field of their own.
SILENT = {
    "system": "subtype",
    "summary": "leafUuid",
    "file-history-snapshot": "snapshot",
    "queue-operation": "operation",
    "progress": "toolUseID",
    "result": "subtype",
    "stream_event": "event",
    "last-prompt": "sessionId",
    "custom-title": "sessionId",
    "ai-title": "sessionId",
    "agent-name": "sessionId",
    "agent-color": "sessionId",
    "tag": "sessionId",
    "mode": "sessionId",
    "permission-mode": "sessionId",
    "pr-link": "sessionId",
    "saved_hook_context": "sessionId",
    "hook_progress": "sessionId",
}
NAMELESS = {"summary", "file-history-snapshot", "queue-operation", "progress"}
SHORT_LINE = 4  # fields
KEPT = (
    "type",
    "uuid",
    "parentUuid",
    "message",
    "attachment",
    "timestamp",
    "sessionId",
    "session_id",
    "isMeta",
    "isCompactSummary",
    "isVisibleInTranscriptOnly",
    "isApiErrorMessage",
    "isSidechain",
    "agentId",
    "origin",
)


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    lines = lines_in(logged)
    if isinstance(logged.value, list):
        all_typed = len(lines) == len(logged.value) and all("type" in line for line in lines)
        return "lines of a session" if all_typed and any(is_spoken(line) for line in lines) else None
    return "type beside sessionId, as a session has it" if any(is_line(line) for line in lines) else None


def lines_in(logged: Logged) -> Sequence[Json]:
    """The lines of a record."""
    return logged.events if isinstance(logged.value, list) else ((logged.outer,) if logged.outer else ())


def is_line(line: Json) -> bool:
    """Whether an object is a line of a session; versions add kinds of lines, short ones with the session's name."""
    kind = str(line.get("type"))
    if kind in SPOKEN:
        return is_spoken(line)
    if kind in SILENT:
        return SILENT[kind] in line and ("uuid" in line or session_of(line) is not None or kind in NAMELESS)
    is_short = text(line.get("sessionId")) is not None and len(line) <= SHORT_LINE
    return "type" in line and (("parentUuid" in line and "uuid" in line) or is_short)


def is_spoken(line: Json) -> bool:
    """Whether a line holds a message of a session."""
    named = session_of(line) is not None and ("uuid" in line or "parent_tool_use_id" in line)
    return named and isinstance(line.get("message", line.get("attachment")), dict)


def session_of(line: Json) -> str | None:
    """The session's name."""
    return first_text(line.get("sessionId"), line.get("session_id"))


def conversation_of(line: Json) -> str:
    """The name of a line's conversation: the session, or a subagent in it."""
    session = session_of(line) or ""
    agent = first_text(line.get("agentId"), line.get("parent_tool_use_id"))
    if agent is None and line.get("isSidechain") is True:
        agent = "sidechain"
    return f"{session}/{agent}" if agent else session


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    """The record's lines by conversation; none where nothing in it was said."""
    lines: dict[str, list[Json]] = {}
    ends = set()
    for line in lines_in(logged):
        if line.get("type") in SPOKEN:
            lines.setdefault(conversation_of(line), []).append({name: line[name] for name in KEPT if name in line})
        elif line.get("type") == "result":
            ends.add(session_of(line))
    silent_ends = (Fragment(name, [], closes=True) for name in ends if name and name not in lines)
    said = (Fragment(key, held, closes=key in ends) for key, held in lines.items())
    return (*said, *silent_ends)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The conversations of a record that is read alone; none where the model says nothing in it."""
    lines: dict[str, list[Json]] = {}
    for line in lines_in(logged):
        lines.setdefault(conversation_of(line), []).append(line)
    heard = (held for held in lines.values() if any(is_model_line(line) for line in held))
    return tuple(exchange for held in heard for exchange in exchanges_of(held))


def join(payloads: Sequence[Any]) -> tuple[Exchange, ...]:
    """The exchanges of one conversation, from the lines of its fragments in the order in which they were read."""
    return tuple(exchanges_of([mapping(line, "line") for payload in payloads for line in payload]))


def exchanges_of(lines: Sequence[Json]) -> Iterator[Exchange]:
    """A conversation as a transcript; subagents that older versions wrote under one name are told apart."""
    for own in told_apart(lines):
        conversation = Conversation()
        for line in own:
            conversation.take(line)
        messages = conversation.messages()
        if not any(not message.synthetic for message in messages):
            continue
        yield Exchange(
            messages=messages,
            scope=Scope.ALL_TURNS,
            labels=Labels(conversation_id=session_of(own[0]), occurred_at=conversation.began),
            identity=Identity(message_id=text(own[0].get("uuid"))),
            warnings=conversation.warnings(),
        )


def told_apart(lines: Sequence[Json]) -> Iterable[list[Json]]:
    """Lines by the first line that their chain of parents leads to, for subagents without a name; else all as one.

    The main conversation is not taken apart: after a compaction and a rewind it goes on from another parent.
    """
    if not all(line.get("isSidechain") is True and not line.get("agentId") for line in lines):
        return [list(lines)] if lines else []
    roots: dict[str, str] = {}
    chains: dict[str, list[Json]] = {}
    for line in lines:
        uuid, parent = str(line.get("uuid")), str(line.get("parentUuid"))
        root = roots.setdefault(uuid, roots.get(parent, uuid))
        chains.setdefault(root, []).append(line)
    return chains.values()
