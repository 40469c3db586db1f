"""Confluent's wire format: which schema of a registry a value was written with, then the value.

value    00 | schema id, 4 bytes, big-endian | body                 the classic frame
header   __value_schema_id = 01 | GUID, 16 bytes, or 00 | id        newer serialisers; the value has no frame

JSON is read without the registry. Avro needs the schema, see `ingest.avro`. Of Protobuf the message index is passed
over: OTLP is read without its schema, nothing else is.

Source: Confluent, "Wire format" and "Schema ID in headers".
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.envelopes.opening import Headers, header

SchemaId = int | str
"""A number, or a GUID as text."""

ID_HEADER = "__value_schema_id"
FRAME, HEAD_BYTES, GUID_BYTES = 0, 5, 17
JSON_START = (b"{", b"[", b'"')
MAX_INDEXES = 64


@dataclass(frozen=True, slots=True)
class Framed:
    """A value and the schema that it was written with."""

    schema_id: SchemaId
    body: bytes

    @property
    def looks_like_json(self) -> bool:
        """Whether the body may be JSON, which needs no schema."""
        return self.body.lstrip()[:1] in JSON_START


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema as a registry has it.

    Attributes:
        type: "AVRO", "JSON" or "PROTOBUF".
        text: the schema itself.
        references: the schemas that it refers to, each behind those that it needs itself.
    """

    type: str
    text: str
    references: tuple[str, ...] = ()


SchemaOf = Callable[[SchemaId], Schema | None]
"""A registry: the schema of that id, or None when it knows none. Raises when it does not answer."""


def opens(value: Any, headers: Headers) -> Framed | None:
    """The frame; None when there is none."""
    if not isinstance(value, bytes):
        return None
    if named := id_in(header(headers, ID_HEADER)):
        return Framed(named, value)
    return Framed(int.from_bytes(value[1:HEAD_BYTES]), value[HEAD_BYTES:]) if is_framed(value) else None


def is_framed(value: bytes) -> bool:
    """Whether a value begins with a frame; no JSON, compression or Protobuf begins with a zero byte."""
    return len(value) > HEAD_BYTES and value[0] == FRAME


def id_in(named: bytes | None) -> SchemaId | None:
    """The id in a header; None when it is no id."""
    if named and len(named) == GUID_BYTES and named[0] == 1:
        return str(uuid.UUID(bytes=named[1:]))
    return int.from_bytes(named[1:]) if named and len(named) == HEAD_BYTES and named[0] == FRAME else None


def behind_indexes(body: bytes) -> bytes | None:
    """What stands behind Protobuf's message indexes; None when they are none.

    A zigzag count, then as many zigzag numbers; a single 0 stands for the first message.
    """
    count, at = zigzag(body, 0)
    if not 0 <= count <= MAX_INDEXES:
        return None
    for _ in range(count):
        _, at = zigzag(body, at)
    return body[at:] if at <= len(body) else None


def zigzag(body: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it; -1 where the body ends."""
    number = shift = 0
    for place in range(at, min(at + 5, len(body))):
        number |= (body[place] & 0x7F) << shift
        shift += 7
        if not body[place] & 0x80:
            return (number >> 1) ^ -(number & 1), place + 1
    return -1, len(body) + 1
