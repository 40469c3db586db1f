"""Avro bytes and the schema that they were written with become JSON.

The schema comes from the registry and is trusted to mean no harm; the bytes are not. Two things that the library lets
them do are kept from them: an array of items without a byte each may be as long as they like, so that such schemas are
refused; and a schema that contains itself nests as deep as they like, so that it is read by Python, which knows where
to stop, and not by C, which does not.

Bytes become base64, times ISO 8601, decimals text. Source: Avro 1.12, "Binary encoding".
"""

import base64
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import fastavro
import orjson
from fastavro import _read_py as careful
from fastavro.schema import SchemaParseException

from ingest.envelopes.confluent import Schema
from ingest.formats.reading import FAULTS
from ingest.payload import Unreadable

NAMED = ("record", "error", "enum", "fixed")


class Readable:
    """A schema, ready to read bytes with.

    Raises:
        SchemaParseException, and what FAULTS names: it is no Avro schema.
    """

    def __init__(self, schema: Schema) -> None:
        names: dict[str, Any] = {}
        for text in schema.references:
            fastavro.parse_schema(orjson.loads(text), names)
        self.parsed = fastavro.parse_schema(orjson.loads(schema.text), names)
        self.names = {name: known for name, known in names.items() if isinstance(known, dict)}
        self.is_unbounded = any(is_empty(items, self.names) for items in array_items(self.parsed, self.names, ()))
        self.is_recursive = recurs(self.parsed, self.names, ())

    def read(self, body: bytes) -> Any:
        """What the bytes say; raises whatever broken bytes make the library raise."""
        file = io.BytesIO(body)
        read = careful.schemaless_reader if self.is_recursive else fastavro.schemaless_reader
        found = read(file, self.parsed, None)
        if file.read(1):
            raise ValueError("bytes behind the value")
        return orjson.loads(orjson.dumps(found, default=json_of, option=orjson.OPT_NON_STR_KEYS))


def decode(body: bytes, schema: Readable) -> Any | Unreadable:
    """The JSON of a value, or the reason why it is not of the schema that it names."""
    if schema.is_unbounded:
        return Unreadable("malformed_avro", "the schema has arrays of items that take no bytes")
    try:
        return schema.read(body)
    except (*FAULTS, EOFError, StopIteration) as error:
        return Unreadable("malformed_avro", type(error).__name__)


@lru_cache(maxsize=1000)
def readable(schema: Schema) -> Readable | Unreadable:
    """A schema made ready, once for all records of it, or the reason why it is none."""
    try:
        return Readable(schema)
    except (*FAULTS, SchemaParseException) as error:
        return Unreadable("bad_schema", type(error).__name__)


def json_of(value: Any) -> str:
    """What JSON has no type for."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def inside(schema: Any) -> Iterator[Any]:
    """The schemas that a schema is made of."""
    if isinstance(schema, list):
        yield from schema
    elif isinstance(schema, dict):
        yield from (field["type"] for field in schema.get("fields", ()))
        yield from (schema[name] for name in ("items", "values") if name in schema)
        if isinstance(schema.get("type"), dict | list):
            yield schema["type"]


def resolved(schema: Any, names: dict[str, Any]) -> Any:
    """The schema that a name stands for."""
    return names.get(schema, schema) if isinstance(schema, str) else schema


def recurs(schema: Any, names: dict[str, Any], above: tuple[str, ...]) -> bool:
    """Whether a schema contains itself."""
    known = resolved(schema, names)
    name = known.get("name") if isinstance(known, dict) else None
    if name in above:
        return True
    below = (*above, name) if name else above
    return any(recurs(part, names, below) for part in inside(known))


def array_items(schema: Any, names: dict[str, Any], above: tuple[str, ...]) -> Iterator[Any]:
    """The items of all arrays in a schema."""
    known = resolved(schema, names)
    name = known.get("name") if isinstance(known, dict) else None
    if name in above:
        return
    if isinstance(known, dict) and known.get("type") == "array":
        yield known["items"]
    for part in inside(known):
        yield from array_items(part, names, (*above, name) if name else above)


def is_empty(schema: Any, names: dict[str, Any], depth: int = 0) -> bool:
    """Whether a value of a schema may take no byte."""
    known = resolved(schema, names)
    kind = known.get("type") if isinstance(known, dict) else known
    if kind == "null" or depth > 100:
        return True
    if kind == "fixed":
        return not known["size"]
    if kind in ("record", "error"):
        return all(is_empty(field["type"], names, depth + 1) for field in known["fields"])
    return is_empty(kind, names, depth + 1) if isinstance(kind, dict) else False
