"""The responses of a Gemini stream become one; each is whole, and holds the next piece of every candidate.

Source: python-genai chats.py, which joins them the same way.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from ingest.formats.gemini_parts import parts_in
from ingest.formats.reading import Json, as_mapping, either, mapping, objects


def assembled(responses: Iterable[Json]) -> dict[str, Any]:
    """One response; a candidate whose finish never came has none."""
    whole: dict[str, Any] = {}
    pieces: dict[int, list[Json]] = defaultdict(list)
    for response in responses:
        whole |= {name: value for name, value in response.items() if value is not None and name != "candidates"}
        for candidate in objects(response.get("candidates"), "candidates"):
            pieces[int(candidate.get("index") or 0)].append(candidate)
    return whole | {"candidates": [candidate_from(index, found) for index, found in sorted(pieces.items())]}


def candidate_from(index: int, pieces: Sequence[Json]) -> dict[str, Any]:
    """One candidate from its pieces."""
    fields = {name: value for piece in pieces for name, value in piece.items() if value is not None}
    contents = [mapping(piece.get("content"), "candidates[].content") for piece in pieces]
    parts = [part for content in contents for part in parts_in(content)]
    return fields | {"index": index, "content": {"role": "model", "parts": joined_parts(parts)}}


def joined_parts(parts: Iterable[Json]) -> list[Json]:
    """The parts, neighbours of plain text or of thought as one."""
    joined: list[Json] = []
    for kind, run in groupby(parts, key=kind_of):
        held = list(run)
        joined += held if kind == "other" else [joined_text(held)]
    return joined


def kind_of(part: Json) -> str:
    """Whether a part's text goes on where the one before ended."""
    if not isinstance(part.get("text"), str):
        return "other"
    return "thought" if part.get("thought") else "text"


def joined_text(parts: Sequence[Json]) -> Json:
    """Parts as one, with the signature that one of them has."""
    signature = next((found for part in parts if (found := either(as_mapping(part), "thoughtSignature"))), None)
    return {**parts[0], "text": "".join(part["text"] for part in parts), "thoughtSignature": signature}
