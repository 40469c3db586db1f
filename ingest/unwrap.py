"""A record's value is unwrapped: envelopes are opened one in another, until what a format can read is left.

bytes --cloudevents? confluent?--> --payload--> JSON --debezium? connect? shipper? quoted?--> --array?--> logs

Arrays and JSON lines hold a log each, unless a format knows them as one log, such as the chunks of a stream.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from conf.schema import Ingest
from ingest import avro
from ingest.envelopes import ENVELOPES
from ingest.envelopes.confluent import Framed, SchemaOf, behind_indexes
from ingest.envelopes.opening import NOWHERE, Around, Headers, Nothing, Opened
from ingest.payload import Lines, Unreadable, decode

MAX_ENVELOPES = 5


@dataclass(frozen=True, slots=True)
class Log:
    """One log, unwrapped.

    Attributes:
        value: JSON, or the text of a stream.
        around: what the envelopes said of it.
    """

    value: Any
    around: Around = NOWHERE


@dataclass(frozen=True, slots=True)
class Unwrapping:
    """What unwrapping depends on.

    Attributes:
        is_one: whether an array is one log.
        schema_of: the registry; None when there is none.
    """

    limits: Ingest
    is_one: Callable[[list[Any]], bool]
    schema_of: SchemaOf | None = None


def unwrap(value: bytes, headers: Headers, how: Unwrapping) -> list[Log | Nothing | Unreadable]:
    """Everything that a record holds: its logs, and for each place that holds none the reason; never empty.

    Args:
        value: as read.
        headers: the record's own.
        how: limits, and what only others know.

    Raises:
        RegistryUnavailable: a schema is needed and the registry does not answer.
    """
    return list(opened(value, headers, NOWHERE, how))


def opened(value: Any, headers: Headers, around: Around, how: Unwrapping) -> Iterator[Log | Nothing | Unreadable]:
    """What is in a value, however deep."""
    if len(around.names) > MAX_ENVELOPES:
        yield Unreadable("too_many_envelopes", f"more than {MAX_ENVELOPES}, one in another")
        return
    for name, opens in ENVELOPES.items():
        found = opens(value, headers)
        found = unframed(found, how) if isinstance(found, Framed) else found
        if isinstance(found, Opened):
            yield from opened(found.value, found.headers, around.holding(name, found.around), how)
        elif found is not None:
            yield found
        if found is not None:
            return
    yield from plain(value, around, how)


def plain(value: Any, around: Around, how: Unwrapping) -> Iterator[Log | Nothing | Unreadable]:
    """What is in a value that no envelope is around: bytes that are to be decoded, several logs, or one."""
    if value is None or value == b"":  # how a log compacted by key deletes
        yield Nothing("tombstone")
    elif isinstance(value, bytes):
        found = decode(value, how.limits)
        yield from [found] if isinstance(found, Unreadable) else opened(found, (), around, how)
    elif isinstance(value, Lines):
        yield from several([decode(line, how.limits) for line in value.values], "lines", around, how)
    elif isinstance(value, list):
        yield from several(value, "array", around, how)
    else:
        yield Log(value, around)


def several(values: list[Any], name: str, around: Around, how: Unwrapping) -> Iterator[Log | Nothing | Unreadable]:
    """What is in each of several values, or the one log that they are."""
    broken = any(isinstance(value, Unreadable) for value in values)
    if not broken and (not holds_logs(values) or (not several_responses(values) and how.is_one(values))):
        yield Log(values, around)
        return
    if len(values) > how.limits.max_triples:
        yield Unreadable("too_many_triples", f"{len(values)} {name}; ingest.max_triples is {how.limits.max_triples}")
        return
    for number, value in enumerate(values):
        if isinstance(value, Unreadable):
            yield value
        else:
            yield from opened(value, (), around.element(number).holding(name, NOWHERE), how)


def holds_logs(values: list[Any]) -> bool:
    """Whether an array may be one of logs: of objects, or of text that may be JSON, and not of messages."""
    if not values or not all(isinstance(value, dict | str | None) for value in values):
        return False
    return not any(isinstance(value, dict) and "role" in value for value in values)


def several_responses(values: list[Any]) -> bool:
    """Whether an array holds responses with different ids; the chunks of one stream share theirs."""
    ids = (
        value.get("responseId") or ("choices" in value and value.get("id"))
        for value in values
        if isinstance(value, dict)
    )
    return len({name for name in ids if isinstance(name, str)}) > 1


def unframed(framed: Framed, how: Unwrapping) -> Opened | Unreadable:
    """What is in Confluent's frame."""
    if framed.looks_like_json:
        found = decode(framed.body, how.limits)
        if not isinstance(found, Unreadable):
            return Opened(found)
    if how.schema_of is None:
        return Unreadable("no_registry", "written with a schema of a registry; say where it is with registry.url")
    schema = how.schema_of(framed.schema_id)
    if schema is None:
        return Unreadable("unknown_schema_id", f"the registry knows no schema {framed.schema_id}")
    if schema.type == "PROTOBUF":
        return protobuf(framed.body, how.limits)
    if schema.type != "AVRO":
        return Opened(framed.body)
    ready = avro.readable(schema)
    found = ready if isinstance(ready, Unreadable) else avro.decode(framed.body, ready)
    return found if isinstance(found, Unreadable) else Opened(found)


def protobuf(body: bytes, limits: Ingest) -> Opened | Unreadable:
    """OTLP behind Protobuf's message index; no other Protobuf is read."""
    inner = behind_indexes(body)
    found = Unreadable("", "") if not inner else decode(inner, limits)
    if isinstance(found, Unreadable):
        return Unreadable("protobuf_not_supported", "Protobuf of a registry is read where it is OTLP")
    return Opened(found)
