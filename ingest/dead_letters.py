"""A record that cannot be read, as it is kept in the table and as it goes to a topic of dead letters.

A message there is the record byte for byte, with the headers that Kafka Connect gives to dead letters. Nothing that we
add to them is text of the log: stage and reason are words of ours, the detail names fields, types and numbers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.errors import SourceSyntax
from ingest.qta import Normalized, Position, Record
from ingest.topics import Topics, parse_topics

Headers = tuple[tuple[str, bytes], ...]

CONNECT = "__connect.errors."
OWN = "traceaudit."
CONNECTOR_NAME, CLASS_NAME = "traceaudit", "ingest.normalize"
NO_TRACE = "none"  # a stack trace would quote the log, and a bad record raises nothing
WITHHELD, TOO_LARGE = "withheld by masking", "larger than this topic takes; see the table dead_letters"

# Where on its way a record stopped, by reason.
STAGES: Mapping[str, str] = {
    "too_large": "decode",
    "bad_compression": "decode",
    "not_json": "decode",
    "too_many_envelopes": "decode",
    "malformed_cloudevents": "decode",
    "malformed_debezium": "decode",
    "malformed_avro": "decode",
    "no_registry": "decode",
    "unknown_schema_id": "decode",
    "bad_schema": "decode",
    "protobuf_not_supported": "decode",
    "unknown_format": "detect",
    "too_many_triples": "parse",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was rejected, and why.

    Attributes:
        record: as it was read; without its bytes where masking withholds them.
        stage: how far it came: "decode", "detect", "parse", or what `stage_of` says.
        sha256, n_bytes: of the value as it was read.
    """

    record: Record
    format: str | None
    stage: str
    reason: str
    detail: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to a topic."""

    value: bytes = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    headers: Headers = field(default=(), repr=False)


def letters_of(items: Iterable[Normalized]) -> list[DeadLetter]:
    """The dead letters among `items`, in order."""
    return [letter for item in items if (letter := letter_of(item))]


def letter_of(item: Normalized) -> DeadLetter | None:
    """The dead letter that a record is; None for a record that could be read."""
    if item.rejection is None:
        return None
    record, why = item.record, item.rejection
    sha256, n_bytes = identity_of(record)
    return DeadLetter(record, item.format, stage_of(why.reason), why.reason, why.detail, sha256, n_bytes)


def identity_of(record: Record) -> tuple[str, int]:
    """Hash and size of a record's value as it was read."""
    sha256 = record.withheld.sha256 if record.withheld else hashlib.sha256(record.value).hexdigest()
    return sha256, record.n_bytes


def stage_of(reason: str) -> str:
    """How far a record came that was rejected for `reason`."""
    return STAGES.get(reason) or ("parse" if reason.startswith("malformed_") else "normalize")


def message_of(letter: DeadLetter) -> Message:
    """The message for a topic of dead letters: the record with headers that say where it was read and why it stopped.

    Headers of its own come first and stay as they are, so that the last header of a name is ours.
    """
    record = letter.record
    if record.withheld:
        return without_value(letter, WITHHELD)
    return Message(record.value, record.key, (*record.headers, *error_headers(letter)))


def without_value(letter: DeadLetter, note: str) -> Message:
    """The message of a letter whose bytes cannot go to the topic: `note` says why."""
    return Message(b"", headers=(*error_headers(letter), (f"{OWN}note", note.encode())))


def error_headers(letter: DeadLetter) -> Headers:
    """Kafka Connect's headers for a dead letter, and a few of ours."""
    at = letter.record.position
    words = {
        f"{CONNECT}topic": topic_of(at),
        f"{CONNECT}partition": str(at.partition),
        f"{CONNECT}offset": str(at.offset),
        f"{CONNECT}connector.name": CONNECTOR_NAME,
        f"{CONNECT}task.id": "0",
        f"{CONNECT}stage": letter.stage,
        f"{CONNECT}class.name": CLASS_NAME,
        f"{CONNECT}exception.class.name": f"traceaudit.{letter.reason}",
        f"{CONNECT}exception.message": f"{letter.reason}: {letter.detail}" if letter.detail else letter.reason,
        f"{CONNECT}exception.stacktrace": NO_TRACE,
        f"{OWN}source": at.source,
        f"{OWN}sha256": letter.sha256,
        f"{OWN}n_bytes": str(letter.n_bytes),
    }
    if letter.record.timestamp_ms is not None:
        words[f"{OWN}timestamp_ms"] = str(letter.record.timestamp_ms)
    return tuple((name, word.encode(errors="replace")) for name, word in words.items())


def topic_of(position: Position) -> str:
    """The name of the topic, or of whatever else a record was read from."""
    kind, _, name = position.source.partition(":")
    return name.partition("/")[2] if kind == "kafka" else position.source


def target_of(text: str, sources: Sequence[str]) -> Topics:
    """Where dead letters go: `dead_letters.topic`, read.

    Args:
        text: kafka://host:port/topic, or a name, which is a topic on the cluster that is read.
        sources: SOURCE arguments of the command line.

    Raises:
        SourceSyntax: it names no topic, a bare name does not say where, or it is a topic that is read.
    """
    read = [parse_topics(source) for source in sources if source.startswith("kafka://")]
    target = parse_topics(text) if "://" in text else Topics(brokers_of(text, read), (text,))
    if len(target.names) > 1 or target.group:
        raise SourceSyntax(f"dead_letters.topic = {text!r}: write one topic, as kafka://host:port/topic")
    if any(target.names[0] in topics.names for topics in read if set(topics.brokers) & set(target.brokers)):
        raise SourceSyntax(f"dead_letters.topic = {text!r}: is read itself; its letters would come back for ever")
    return target


def brokers_of(name: str, read: Sequence[Topics]) -> tuple[str, ...]:
    """The brokers of the one cluster that is read."""
    clusters = {topics.brokers for topics in read}
    if len(clusters) != 1:
        many = "several clusters are read" if clusters else "no topic is read"
        raise SourceSyntax(f"dead_letters.topic = {name!r}: {many}; write it as kafka://host:port/topic")
    return clusters.pop()
