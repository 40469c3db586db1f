"""Chunks of an OpenAI-compatible stream become the response they add up to.

Text comes in pieces that are joined without a gap; tool calls and reasoning details in pieces that belong together by
their `index`. Mistral streams `content` as lists of parts, where neighbours of one type are one part. Pieces are
gathered first and joined once, so that the time grows with the length of the stream and not with its square.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from ingest.formats.reading import Json, as_text, mapping, objects

JOINED = ("content", "refusal", "reasoning_content", "reasoning", "thinking")
INDEXED = ("tool_calls", "reasoning_details")
GROWING = ("arguments", "text", "summary", "data", "input", "thinking", "transcript")


def assembled(chunks: Iterable[Json]) -> dict[str, Any]:
    """A response in the form that is not streamed; a choice whose finish never came has none."""
    response: dict[str, Any] = {}
    pieces: dict[int, list[Json]] = defaultdict(list)
    for chunk in chunks:
        response |= {name: value for name, value in chunk.items() if value not in (None, []) and name != "choices"}
        for choice in objects(chunk.get("choices"), "choices"):
            pieces[int(choice.get("index") or 0)].append(choice)
    return response | {"choices": [choice_from(index, found) for index, found in sorted(pieces.items())]}


def choice_from(index: int, pieces: Sequence[Json]) -> dict[str, Any]:
    """One choice from its pieces."""
    deltas = [delta_of(piece) for piece in pieces]
    finishes = [piece["finish_reason"] for piece in pieces if piece.get("finish_reason")]
    fields = gathered(deltas)
    message = {name: field_from(name, values) for name, values in fields.items()}
    filters = [piece["content_filter_results"] for piece in pieces if piece.get("content_filter_results")]
    finish = finishes[-1] if finishes else None
    return {"index": index, "message": message, "finish_reason": finish, "content_filter_results": filters}


def delta_of(piece: Json) -> Json:
    """What a piece adds to the message; the older completions have text alone."""
    return mapping(piece.get("delta") or piece.get("message"), "choices[].delta") or {"content": piece.get("text")}


def gathered(pieces: Iterable[Json]) -> dict[str, list[Any]]:
    """The values of each field, in order, null ones left out."""
    fields: dict[str, list[Any]] = defaultdict(list)
    for piece in pieces:
        for name, value in piece.items():
            if value is not None:
                fields[name].append(value)
    return fields


def field_from(name: str, values: list[Any]) -> Any:
    """A field of the message from its pieces."""
    if name in INDEXED:
        return wholes([piece for value in values for piece in objects(value, f"delta.{name}")])
    if name == "thinking_blocks":
        return joined_blocks([piece for value in values for piece in objects(value, "delta.thinking_blocks")])
    if name not in JOINED:
        return merged(values) if all(isinstance(value, dict) for value in values) else values[-1]
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    return joined_parts([part for value in values for part in as_parts(value)])


def wholes(pieces: Iterable[Json]) -> list[dict[str, Any]]:
    """Tool calls or reasoning details from their pieces, in the order of their beginnings."""
    groups: dict[Any, list[Json]] = defaultdict(list)
    for place, piece in enumerate(pieces):
        groups[key_of(piece, place)].append(piece)
    return [merged(group) for group in groups.values()]


def key_of(piece: Json, place: int) -> tuple[Any, ...]:
    """What tells pieces of one whole from pieces of another; some servers send whole calls without an index.

    Ciphertext may share its index with the text that it belongs to.
    """
    if piece.get("index") is not None:
        return ("index", str(piece["index"]), piece.get("type") == "reasoning.encrypted")
    return ("id", str(piece["id"])) if piece.get("id") else ("place", place)


def merged(pieces: Iterable[Json]) -> dict[str, Any]:
    """Pieces as one: texts that grow are joined, objects are merged, of anything else the first that says something."""
    return {name: merged_value(name, values) for name, values in gathered(pieces).items()}


def merged_value(name: str, values: list[Any]) -> Any:
    """One field of pieces that are merged."""
    if all(isinstance(value, dict) for value in values):
        return merged(values)
    if name in GROWING and all(isinstance(value, str) for value in values):
        return "".join(values)
    return next((value for value in values if value != ""), values[0])


def joined_blocks(blocks: Iterable[Json]) -> list[dict[str, Any]]:
    """LiteLLM's thinking blocks, which have no index: neighbours of type thinking are one, up to its signature."""
    joined: list[list[Json]] = []
    for block in blocks:
        goes_on = joined and block.get("type") == joined[-1][-1].get("type") == "thinking"
        if goes_on and not joined[-1][-1].get("signature"):
            joined[-1].append(block)
        else:
            joined.append([block])
    return [merged(run) for run in joined]


def as_parts(value: Any) -> list[Json]:
    """A content value as a list of parts."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else list(objects(value, "delta.content"))


def joined_parts(parts: Iterable[Json]) -> list[dict[str, Any]]:
    """Content parts, neighbours of type text or thinking as one."""
    joined: list[dict[str, Any]] = []
    for kind, run in groupby(parts, key=lambda part: part.get("type")):
        if kind == "text":
            joined.append({"type": kind, "text": "".join(as_text(part.get("text")) for part in run)})
        elif kind == "thinking":
            inner = [piece for part in run for piece in as_parts(part.get("thinking"))]
            joined.append({"type": kind, "thinking": joined_parts(inner)})
        else:
            joined += [dict(part) for part in run]
    return joined
