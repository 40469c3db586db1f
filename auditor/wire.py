r"""A judged range of one source partition as bytes, for the outcomes topic; and back.

A message is four bytes that say what follows, then JSON under zstd:

TAR\x01   a JudgedRange: its fields by name, bytes in base64, times as ISO 8601, enums by value
TAC\x01   a Claim: the message proper was too large for the topic and lies in the blob store, under its hash

Text travels in the message. The bytes of images never do: they lie in the blob store already, and the message has
their hash, size and dimensions. Of records, only those that were rejected travel with their bytes, key and headers.
A field that is added later needs a default, so that older messages can still be read; a change that older readers
would misread takes the next number in the fourth byte.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import zstandard
from pydantic import ConfigDict, TypeAdapter, ValidationError

from auditor.ranges import JudgedRange, adds_up, split
from ingest.qta import ImageBlob, Normalized, QTATriple
from ingest.source import Partition

RANGE, CLAIM = b"TAR\x01", b"TAC\x01"
MAX_UNPACKED_BYTES = 2**30  # guards the reader against a message that unpacks without end
LEVEL = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """Where the message lies that was too large for the topic.

    Attributes:
        sha256: of the message; its name in the blob store.
    """

    source: str
    partition: int
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to the topic.

    Attributes:
        blob: has to lie in the blob store, under its hash, before the message is sent.
    """

    value: bytes = field(repr=False)
    blob: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is none of ours, or damaged; `reason` is a word, `detail` is for a person, without content."""

    reason: str
    detail: str = ""


# In a list, since pydantic takes no settings for a plain dataclass at the top.
WITH_BYTES = ConfigDict(val_json_bytes="base64")
RANGES = TypeAdapter(list[JudgedRange], config=WITH_BYTES)
CLAIMS = TypeAdapter(list[Claim], config=WITH_BYTES)


def key_of(place: Partition) -> bytes:
    """The key of all messages of a source partition, so that they lie in one partition of the topic, in order."""
    return f"{place[0]}/{place[1]}".encode()


def encode(judged: JudgedRange, max_bytes: int, hash_of: Callable[[bytes], str]) -> Iterator[Message]:
    """The messages that say `judged`, in the order to send them.

    What does not fit into one is split between records; a single record that does not fit goes by claim.

    Args:
        judged: what to say.
        max_bytes: of a message, as the topic takes it.
        hash_of: names a blob by its content.
    """
    value = pack(RANGE, light(judged))
    if len(value) <= max_bytes:
        yield Message(value)
    elif halves := split(judged):
        for half in halves:
            yield from encode(half, max_bytes, hash_of)
    else:
        claim = Claim(*judged.place, judged.start, judged.end, hash_of(value))
        yield Message(pack(CLAIM, claim), value)


def decode(value: bytes, fetch: Callable[[str], bytes]) -> JudgedRange | Unreadable:
    """What a message says.

    Args:
        value: as it lay in the topic.
        fetch: the blob of that hash.

    Raises:
        Whatever `fetch` does, where the blob store cannot be read.
    """
    if value[:4] == CLAIM:
        claim = unpack(value, CLAIMS)
        if isinstance(claim, Unreadable):
            return claim
        value = fetch(claim.sha256)
    if value[:4] != RANGE:
        return Unreadable("not_an_outcomes_message", f"{len(value)} bytes without the mark of one")
    judged: JudgedRange | Unreadable = unpack(value, RANGES)
    if isinstance(judged, Unreadable) or adds_up(judged):
        return judged
    return Unreadable("offsets_do_not_add_up", f"{judged.source} partition {judged.partition} from {judged.start}")


def claim_of(value: bytes) -> Claim | None:
    """Where the message proper lies; None where this is it, or nothing of ours."""
    claim = unpack(value, CLAIMS) if value[:4] == CLAIM else None
    return claim if isinstance(claim, Claim) else None


def pack(mark: bytes, value: JudgedRange | Claim) -> bytes:
    """`value` as bytes behind its mark."""
    return mark + zstandard.compress(orjson.dumps([value], default=as_json), LEVEL)


def unpack(value: bytes, shape: TypeAdapter[list[Any]]) -> Any:
    """The one value of `shape` behind the mark, or Unreadable."""
    try:
        size = zstandard.frame_content_size(value[4:])
        if not 0 <= size <= MAX_UNPACKED_BYTES:
            return Unreadable("too_large_unpacked", f"{size} bytes")
        (found,) = shape.validate_json(zstandard.decompress(value[4:]))
    except zstandard.ZstdError:
        return Unreadable("not_zstd")
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"][1:])
        return Unreadable("bad_shape", where)
    except ValueError:
        return Unreadable("bad_shape", "not one value")
    return found


def as_json(value: object) -> str | list[object]:
    """Bytes and named tuples as JSON can carry them."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(type(value).__name__)


def light(judged: JudgedRange) -> JudgedRange:
    """Without what need not travel: bytes of images, and of records that were not rejected."""
    return replace(judged, items=tuple(light_item(item) for item in judged.items))


def light_item(item: Normalized) -> Normalized:
    """One item as it travels."""
    record = item.record if item.rejection else replace(item.record, value=b"", key=None, headers=())
    return replace(item, record=record, triples=tuple(light_triple(triple) for triple in item.triples))


def light_triple(triple: QTATriple) -> QTATriple:
    """A triple whose images are named by hash only."""
    images = (image.left_behind() if isinstance(image, ImageBlob) else image for image in triple.images)
    return replace(triple, images=tuple(images))
