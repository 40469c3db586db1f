"""Events of an OpenAI Responses stream become the response they add up to.

The last event holds the whole response, and is believed. Where the stream was cut off before it, or where a server
leaves the items out of it, they are put together from the events of each.

Source: openai-python types/responses/response_*_event.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.formats.reading import Json, as_mapping

ENDS = {f"response.{how}" for how in ("completed", "incomplete", "failed", "cancelled", "done")}

# What an event is about -> the field of its item, and in there the type of the part and its field.
PARTS = {
    "output_text": ("content", "output_text", "text"),
    "refusal": ("content", "refusal", "refusal"),
    "reasoning_text": ("content", "reasoning_text", "text"),
    "reasoning": ("content", "reasoning_text", "text"),
    "reasoning_summary_text": ("summary", "summary_text", "text"),
    "reasoning_summary": ("summary", "summary_text", "text"),
}
FIELDS = {
    "function_call_arguments": "arguments",
    "mcp_call_arguments": "arguments",
    "custom_tool_call_input": "input",
    "code_interpreter_call_code": "code",
}
# The item's type where its beginning is not in the log.
TYPES = {
    "output_text": "message",
    "refusal": "message",
    "function_call_arguments": "function_call",
    "mcp_call_arguments": "mcp_call",
    "custom_tool_call_input": "custom_tool_call",
    "code_interpreter_call_code": "code_interpreter_call",
}


def assembled(events: Iterable[Json]) -> dict[str, Any]:
    """The response; `in_progress` where the stream was cut off."""
    response: dict[str, Any] = {}
    about: dict[Any, list[Json]] = defaultdict(list)
    is_over = False
    for event in events:
        kind = str(event.get("type"))
        if isinstance(event.get("response"), dict):
            response |= event["response"]
            is_over = is_over or kind in ENDS
        elif kind == "error":
            response |= {"error": event.get("error") or {"code": event.get("code")}, "status": "failed"}
            is_over = True
        elif (key := key_of(event)) is not None:
            about[key].append(event)
    if not response.get("output"):
        response["output"] = [item_from(found) for found in about.values()]
    return response if is_over else response | {"status": "in_progress"}


def key_of(event: Json) -> Any:
    """What tells events of one item from those of another; None for an event about none."""
    place = event.get("output_index")
    found = place if place is not None else event.get("item_id") or as_mapping(event.get("item")).get("id")
    return found if isinstance(found, str | int) else None


def item_from(events: Sequence[Json]) -> dict[str, Any]:
    """One item from its events: as it was when done, else from its beginning and its pieces."""
    whole = [as_mapping(event.get("item")) for event in events if event.get("item")]
    if whole and str(events[-1].get("type")).endswith("output_item.done"):
        return dict(whole[-1])
    pieces: dict[tuple[str, int], list[Json]] = defaultdict(list)
    for event in events:
        stem = stem_of(event)
        if stem in PARTS or stem in FIELDS:
            pieces[stem, int(event.get("content_index") or event.get("summary_index") or 0)].append(event)
    return with_pieces(dict(whole[-1]) if whole else {}, pieces)


def stem_of(event: Json) -> str:
    """What an event is about: its type without `response.` before and `.delta` or `.done` behind."""
    return str(event.get("type")).removeprefix("response.").rpartition(".")[0].replace(".", "_")


def with_pieces(item: dict[str, Any], pieces: dict[tuple[str, int], list[Json]]) -> dict[str, Any]:
    """`item` with what its events add to it."""
    parts: dict[str, list[Json]] = defaultdict(list)
    for (stem, _), found in sorted(pieces.items()):
        item.setdefault("type", TYPES.get(stem, "reasoning"))
        if stem in FIELDS:
            item[FIELDS[stem]] = written(found, FIELDS[stem])
        else:
            place, kind, name = PARTS[stem]
            parts[place].append({"type": kind, name: written(found, name)})
    if item.get("type") == "message":
        item.setdefault("role", "assistant")
    return item | parts


def written(events: Sequence[Json], name: str) -> str:
    """The text of pieces: as the last event has it whole, else its deltas joined."""
    if isinstance(whole := events[-1].get(name), str):
        return whole
    return "".join(event["delta"] for event in events if isinstance(event.get("delta"), str))
