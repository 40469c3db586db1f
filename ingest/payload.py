"""A record's bytes become JSON, or the reason why they cannot: compression, byte order mark, size, syntax.

bytes --size--> --gzip or zstd--> --byte order mark--> JSON | lines of a server-sent event stream
"""

import re
import zlib
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from conf.schema import Ingest

GZIP, ZSTD, BYTE_ORDER_MARK = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
CHUNK_BYTES = 1 << 20
STREAM_START = re.compile(r"\s*(?:event|data|id|retry)?:")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a value is no JSON; the words go into `Rejection`."""

    reason: str
    detail: str


class TooLarge(Exception):
    """A compressed value unpacks to more than is allowed."""


def decode(value: bytes, limits: Ingest) -> Any | Unreadable:
    """What `value` holds: decoded JSON, or a str where it is a server-sent event stream.

    orjson refuses NaN, lone surrogates and more than 1024 levels, so that what passes can be stored and walked.
    """
    if len(value) > limits.max_record_bytes:
        return Unreadable("too_large", f"{len(value)} bytes; ingest.max_record_bytes is {limits.max_record_bytes}")
    try:
        text = decompress(value, limits.max_decompressed_bytes).removeprefix(BYTE_ORDER_MARK)
    except TooLarge:
        return Unreadable(
            "too_large", f"unpacks to over ingest.max_decompressed_bytes, {limits.max_decompressed_bytes}"
        )
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        return Unreadable("bad_compression", type(error).__name__)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return stream_text(text) or Unreadable("not_json", f"{len(text)} bytes, wrong at character {error.pos}")


def stream_text(text: bytes) -> str | None:
    """The text, if it looks like a server-sent event stream."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return decoded if STREAM_START.match(decoded) else None


def decompress(value: bytes, max_bytes: int) -> bytes:
    """`value` unpacked when it is gzip or zstd, else as it is.

    Raises:
        TooLarge: it unpacks to more than `max_bytes`; not more than that was unpacked.
        zlib.error, zstandard.ZstdError, EOFError: it is cut off or damaged.
    """
    if value.startswith(GZIP):
        return gunzip(value, max_bytes)
    return unzstd(value, max_bytes) if value.startswith(ZSTD) else value


def gunzip(value: bytes, max_bytes: int) -> bytes:
    """All members of a gzip value."""
    unpacked = bytearray()
    while value:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        unpacked += member.decompress(value, max_bytes + 1 - len(unpacked))
        refuse_over(max_bytes, unpacked)
        if not member.eof:
            raise EOFError
        value = member.unused_data
    return bytes(unpacked)


def unzstd(value: bytes, max_bytes: int) -> bytes:
    """All frames of a zstd value; a frame that is cut off gives what it holds, and fails as JSON."""
    reader = zstandard.ZstdDecompressor().stream_reader(value, read_across_frames=True)
    unpacked = bytearray()
    while piece := reader.read(CHUNK_BYTES):  # it allocates what it is asked for
        unpacked += piece
        refuse_over(max_bytes, unpacked)
    return bytes(unpacked)


def refuse_over(max_bytes: int, unpacked: bytearray) -> None:
    """Raise TooLarge as soon as more than `max_bytes` are unpacked."""
    if len(unpacked) > max_bytes:
        raise TooLarge
