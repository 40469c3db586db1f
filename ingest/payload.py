"""A record's bytes become JSON, or the reason why they cannot: compression, byte order mark, size, syntax.

bytes --size--> --compression--> --byte order mark--> JSON | OTLP protobuf | lines of an event stream | JSON lines
             '-> a zip of JSON, see `ingest.archive`

Of a key that stands twice in an object, the last value is read, as every JSON reader in wide use does; the bytes are
kept only of what is rejected.
"""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from conf.schema import Ingest
from ingest.archive import ZIP, BadArchive, unzipped
from ingest.compression import Damaged, NotInstalled, TooLarge, decompress
from ingest.formats.otlp_proto import otlp_in

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
STREAM_START = re.compile(r"\s*(?:event|data|id|retry)?:")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a value is no JSON; the words go into `Rejection`."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Lines:
    """JSON lines in one value, not decoded yet."""

    values: tuple[bytes, ...]


def decode(value: bytes, limits: Ingest) -> Any | Unreadable | Lines:
    """What `value` holds: decoded JSON, its lines where there is a JSON value on each, or the text of a stream.

    orjson refuses NaN, lone surrogates and more than 1024 levels, so that what passes can be stored and walked.
    """
    if len(value) > limits.max_record_bytes:
        return Unreadable("too_large", f"{len(value)} bytes; ingest.max_record_bytes is {limits.max_record_bytes}")
    if value.startswith(ZIP):
        return archived(value, limits.max_decompressed_bytes)
    try:
        text = decompress(value, limits.max_decompressed_bytes).removeprefix(BYTE_ORDER_MARK)
    except TooLarge:
        return Unreadable(
            "too_large", f"unpacks to over ingest.max_decompressed_bytes, {limits.max_decompressed_bytes}"
        )
    except (Damaged, NotInstalled) as error:
        return Unreadable("bad_compression", str(error))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        wrong = f"{len(text)} bytes, wrong at character {error.pos}"
        return otlp_in(text) or stream_text(text) or json_lines(text) or Unreadable("not_json", wrong)


def archived(value: bytes, max_bytes: int) -> Any | Unreadable:
    """The log in a zip of JSON."""
    try:
        return unzipped(value, max_bytes)
    except BadArchive as error:
        return Unreadable(error.reason, error.detail)


def stream_text(text: bytes) -> str | None:
    """The text, if it looks like a server-sent event stream."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return decoded if STREAM_START.match(decoded) else None


def json_lines(text: bytes) -> Lines | None:
    """The lines, if the first or the last one is an object with something in it, so that they are not one text."""
    lines = tuple(stripped for line in text.split(b"\n") if (stripped := line.strip()))
    return Lines(lines) if len(lines) > 1 and (is_object(lines[0]) or is_object(lines[-1])) else None


def is_object(line: bytes) -> bool:
    """Whether a line is a whole JSON object that is not empty."""
    try:
        return line.startswith(b"{") and bool(orjson.loads(line))
    except orjson.JSONDecodeError:
        return False
