"""Chunks of an OpenAI-compatible stream become the response they add up to.

Text comes in pieces that are joined without a gap; tool calls and reasoning details in pieces that belong together by
their `index`. Mistral streams `content` as lists of parts, where neighbours of one type are one part.
"""

from collections.abc import Iterable
from typing import Any

from ingest.formats.reading import Json, as_text, mapping, objects

JOINED = ("content", "refusal", "reasoning_content", "reasoning")
INDEXED = ("tool_calls", "reasoning_details")
GROWING = ("arguments", "text", "summary", "data", "input")


def assembled(chunks: Iterable[Json]) -> dict[str, Any]:
    """A response in the form that is not streamed; a choice whose finish never came has none."""
    response: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        response |= {name: value for name, value in chunk.items() if value is not None and name != "choices"}
        for choice in objects(chunk.get("choices"), "choices"):
            add_choice(choices.setdefault(int(choice.get("index") or 0), {"message": {}}), choice)
    return response | {"choices": [{"index": index, **choice} for index, choice in sorted(choices.items())]}


def add_choice(into: dict[str, Any], choice: Json) -> None:
    """Lay one chunk's choice over what there is of it."""
    if choice.get("finish_reason"):
        into["finish_reason"] = choice["finish_reason"]
    delta = mapping(choice.get("delta") or choice.get("message"), "choices[].delta")
    for name, value in delta.items():
        if value is not None:
            into["message"][name] = merged(into["message"].get(name), value, name)


def merged(before: Any, value: Any, name: str) -> Any:
    """Field `name` of a message after one more delta."""
    if name in INDEXED:
        return add_indexed(before or [], value)
    if name not in JOINED or before is None:
        return value
    if isinstance(before, str) and isinstance(value, str):
        return before + value
    return add_parts(as_parts(before), as_parts(value))


def add_indexed(pieces: list[dict[str, Any]], new: Any) -> list[dict[str, Any]]:
    """Pieces with more of them; a piece grows where the index agrees, or, without an index, the id."""
    for piece in objects(new, "delta"):
        key = key_of(piece, len(pieces))
        known = next((old for old in pieces if key_of(old, -1) == key), None)
        if known is None:
            pieces.append(dict(piece))
        else:
            grow(known, piece)
    return pieces


def key_of(piece: Json, otherwise: int) -> tuple[Any, ...]:
    """What tells pieces of one whole from pieces of another; Mistral and Gemini send whole calls without an index."""
    if piece.get("index") is not None:
        return ("index", piece["index"], str(piece.get("type") or "").startswith("reasoning.enc"))
    return ("id", piece.get("id") or otherwise)


def grow(into: dict[str, Any], piece: Json) -> None:
    """Add a piece: texts that grow are joined, objects are merged, anything else is set where it was not."""
    for name, value in piece.items():
        before = into.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            grow(before, value)
        elif name in GROWING and isinstance(before, str) and isinstance(value, str):
            into[name] = before + value
        elif before in (None, ""):
            into[name] = value


def as_parts(value: Any) -> list[dict[str, Any]]:
    """A content value as a list of parts."""
    return (
        [{"type": "text", "text": value}]
        if isinstance(value, str)
        else [dict(part) for part in objects(value, "delta.content")]
    )


def add_parts(parts: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content parts with more of them; a part goes on the one before when both are of one type."""
    for part in new:
        last = parts[-1] if parts else {}
        if last.get("type") == part.get("type") == "text":
            last["text"] = as_text(last.get("text")) + as_text(part.get("text"))
        elif last.get("type") == part.get("type") == "thinking":
            last["thinking"] = add_parts(as_parts(last.get("thinking")), as_parts(part.get("thinking")))
        else:
            parts.append(part)
    return parts
