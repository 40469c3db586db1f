"""Langfuse's media tokens: what it writes where an image was, whose bytes only its own API has.

@@@langfuseMedia:type=image/jpeg|id=…|source=base64_data_uri@@@   alone, in a data URL's place, or within text
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingest.exchange import Image, Message, Part, Text, ToolResult, Unknown
from ingest.qta import RefKind

TOKEN = re.compile(r"@@@langfuseMedia:type=(?P<type>[^|@]*)\|id=[^@]*?@@@")
MARK = "@@@langfuseMedia:"


def with_media(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The messages, with an image for each token of one."""
    return tuple(
        replace(message, parts=tuple(found for part in message.parts for found in part_with_media(part)))
        for message in messages
    )


def part_with_media(part: Part) -> Iterator[Part]:
    """A part, or what it holds beside tokens."""
    if isinstance(part, Image):
        yield tokened(part)
    elif isinstance(part, Text) and MARK in part.text:
        yield from cut(part.text)
    elif isinstance(part, ToolResult) and (MARK in part.text or part.images):
        held = list(cut(part.text)) if MARK in part.text else [Text(part.text)]
        yield replace(
            part,
            text="".join(found.text for found in held if isinstance(found, Text)),
            images=(*map(tokened, part.images), *(found for found in held if isinstance(found, Image))),
            unknown=(*part.unknown, *(found.type for found in held if isinstance(found, Unknown))),
        )
    else:
        yield part


def tokened(image: Image) -> Image:
    """An image, as a token where that stands in its place."""
    written = image.path or image.data
    match = TOKEN.search(written) if isinstance(written, str) else None
    return Image(RefKind.TOKEN, match[0], match["type"]) if match else image


def cut(text: str) -> Iterator[Part]:
    """A text as what stands between tokens, and what they stand for."""
    at = 0
    for match in TOKEN.finditer(text):
        if text[at : match.start()].strip():
            yield Text(text[at : match.start()])
        at = match.end()
        is_image = match["type"].startswith("image/")
        yield Image(RefKind.TOKEN, match[0], match["type"]) if is_image else Unknown(f"media:{match['type']}")
    if text[at:].strip():
        yield Text(text[at:])
