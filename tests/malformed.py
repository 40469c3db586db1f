"""Records gone wrong in every way that we could think of: a table of kinds, each a function of a seeded generator.

A kind gives the bytes of one record, or bytes and headers. Whatever becomes of it, it must have exactly one outcome;
those in HOPELESS cannot be read by anybody and must be rejected, byte for byte.
"""

import bz2
import gzip
import json
import lzma
import random
import zlib
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cramjam
import lz4.frame
import orjson
import zstandard

from ingest.formats import FORMATS

Made = bytes | tuple[bytes, tuple[tuple[str, bytes], ...]]

FIXTURES = Path(__file__).parent / "ingest" / "formats"
LOGS = [line for name in FORMATS for line in (FIXTURES / name / "in.jsonl").read_bytes().splitlines()]
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1.5e300,
    "",
    "\x00",
    " ",
    [],
    {},
    [[]],
    [None],
    {"": None},
    [1, "a", {}],
    {"type": 7},
)
PIXEL = b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff\xff\x7f\xff\xff\xff\x7f\x08\x02\x00\x00\x00" + bytes(40)
).decode()


def log_of(rng: random.Random) -> bytes:
    """A good log, of any format."""
    return rng.choice(LOGS)


def qta(rng: random.Random, **fields: Any) -> dict[str, Any]:
    """A record of our own format, with fields put in its place."""
    name = f"bad-{rng.getrandbits(64):016x}"
    return {"qta": 1, "question": "How deep?", "answer": "Nine.", "response_id": name, **fields}


def raw(rng: random.Random, field: bytes) -> bytes:
    """Our own format as text, its question not escaped."""
    return b'{"qta":1,"question":"' + field + b'","answer":"Nine.","response_id":"bad-%016x"}' % rng.getrandbits(64)


def junk(rng: random.Random, most: int = 200) -> bytes:
    """Random bytes."""
    return rng.randbytes(rng.randint(1, most))


def cut(rng: random.Random, value: bytes) -> bytes:
    """A value that ends early."""
    return value[: rng.randint(1, len(value) - 1)]


def wrong_type(rng: random.Random) -> bytes:
    """A log in which something, at any level, is of another type."""
    value = orjson.loads(log_of(rng))
    for _ in range(rng.randint(1, 3)):
        spoil(rng, value, deepcopy(rng.choice(WRONG)))
    return orjson.dumps(value, default=str)


def lacking(rng: random.Random) -> bytes:
    """A log from which something, at any level, is gone."""
    value = orjson.loads(log_of(rng))
    parent, key = place_in(rng, value)
    if parent is not None:
        del parent[key]
    return orjson.dumps(value)


def spoil(rng: random.Random, value: Any, wrong: Any) -> None:
    """Put something wrong into a place of `value`."""
    parent, key = place_in(rng, value)
    if parent is not None:
        parent[key] = wrong if abs(wrong if isinstance(wrong, int) else 0) < 2**63 else 2**63 - 1


def place_in(rng: random.Random, value: Any) -> tuple[Any, Any]:
    """A container somewhere in `value`, and a key of it."""
    found: tuple[Any, Any] = (None, None)
    while isinstance(value, dict | list) and value:
        key: Any = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        found = (value, key)
        if rng.random() < 0.2:
            break
        value = value[key]
    return found


def nested(rng: random.Random, depth: int) -> bytes:
    """Our own format with a deep field."""
    return raw(rng, b"x")[:-1] + b',"more":' + b"[" * depth + b"]" * depth + b"}"


def event(data: Any, **fields: Any) -> dict[str, Any]:
    """A CloudEvent."""
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": data} | fields


def quoted_event(rng: random.Random, times: int) -> bytes:
    """CloudEvents, each the base64 data of the next."""
    value = orjson.dumps(qta(rng))
    for _ in range(times):
        value = orjson.dumps(event(None, data_base64=b64encode(value).decode()))
    return value


def image(rng: random.Random, data: str) -> bytes:
    """Our own format with one image."""
    return orjson.dumps(qta(rng, images=[data]))


def span(rng: random.Random, **fields: Any) -> bytes:
    """A span with something wrong in it."""
    whole = {"traceId": f"{rng.getrandbits(128):032x}", "spanId": f"{rng.getrandbits(64):016x}", "name": "chat"}
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [whole | fields]}]}]})


def snappy(value: bytes) -> bytes:
    """A Snappy frame."""
    return bytes(cramjam.snappy.compress(value))


BOMB = bytes(300_000_000)
BOMBS = [gzip.compress(BOMB, 1), zstandard.compress(BOMB), lz4.frame.compress(BOMB)]
del BOMB
OTLP = bytes.fromhex("0a2a12280a26") + b"\x0a\x10" + b"t" * 16 + b"\x12\x08" + b"s" * 8 + b"\x2a\x04chat"

KINDS: dict[str, Callable[[random.Random], Made]] = {
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "blank": lambda _: b"  \n\t ",
    "byte order mark alone": lambda _: b"\xef\xbb\xbf",
    "two byte order marks": lambda rng: b"\xef\xbb\xbf" * 2 + raw(rng, b"x"),
    "random bytes": junk,
    "random bytes in a string": lambda rng: raw(rng, b"\xff" + junk(rng)),
    "overlong UTF-8": lambda rng: raw(rng, b"\xc0\x80\xe0\x80\xaf"),
    "surrogate in UTF-8": lambda rng: raw(rng, b"\xed\xa0\x80"),
    "lone surrogate escape": lambda rng: raw(rng, rb"\ud800 and \udfff"),
    "null byte": lambda rng: raw(rng, b"a\x00b"),
    "escaped null": lambda rng: raw(rng, rb"a\u0000b"),
    "control characters": lambda rng: orjson.dumps(qta(rng, question="".join(map(chr, range(1, 32))))),
    "UTF-16": lambda rng: raw(rng, b"x").decode().encode("utf-16"),
    "UTF-32": lambda rng: raw(rng, b"x").decode().encode("utf-32"),
    "Latin-1": lambda rng: raw(rng, "Größe".encode("latin-1")),
    "cut off": lambda rng: cut(rng, log_of(rng)),
    "two values": lambda rng: log_of(rng) + b" " + log_of(rng),
    "trailing comma": lambda rng: raw(rng, b"x")[:-1] + b",}",
    "comment": lambda rng: b"/* log */ " + raw(rng, b"x"),
    "Python's repr": lambda rng: repr(qta(rng, thinking=None)).encode(),
    "NaN": lambda rng: raw(rng, b"x")[:-1] + b',"score":NaN}',
    "infinity": lambda rng: raw(rng, b"x")[:-1] + b',"score":-Infinity}',
    "number of 400 digits": lambda rng: raw(rng, b"x")[:-1] + b',"turn":' + b"9" * 400 + b"}",
    "number with a huge exponent": lambda rng: raw(rng, b"x")[:-1] + b',"turn":1e999}',
    "key twice": lambda rng: raw(rng, b"x")[:-1] + b',"answer":"Ten.","answer":7}',
    "version twice": lambda rng: raw(rng, b"x")[:-1] + b',"qta":2}',
    "deep arrays": lambda rng: nested(rng, rng.randint(1100, 100_000)),
    "deep within limits": lambda rng: nested(rng, 900),
    "wrong type": wrong_type,
    "field gone": lacking,
    "scalar": lambda rng: rng.choice([b"7", b"-0.0", b"true", b'"text"', b"[]", b"{}", b'""', b"[null]"]),
    "XML": lambda rng: b"<?xml version='1.0'?><log>" + junk(rng) + b"</log>",
    "CSV": lambda rng: b"question,answer\nHow deep?,Nine.\n" * rng.randint(1, 9),
    "gzip cut off": lambda rng: cut(rng, gzip.compress(log_of(rng))),
    "gzip of junk": lambda rng: gzip.compress(junk(rng)),
    "zstd cut off": lambda rng: cut(rng, zstandard.compress(log_of(rng))),
    "zstd's head": lambda rng: b"\x28\xb5\x2f\xfd" + junk(rng),
    "gzip bomb": lambda _: BOMBS[0],
    "zstd bomb": lambda _: BOMBS[1],
    "lz4 bomb": lambda _: BOMBS[2],
    "lz4 cut off": lambda rng: cut(rng, lz4.frame.compress(log_of(rng))),
    "snappy broken": lambda rng: snappy(log_of(rng))[:-3] + junk(rng, 5),
    "bzip2 cut off": lambda rng: cut(rng, bz2.compress(log_of(rng))),
    "xz cut off": lambda rng: cut(rng, lzma.compress(log_of(rng))),
    "zlib cut off": lambda rng: cut(rng, zlib.compress(log_of(rng))),
    "OTLP cut off": lambda rng: cut(rng, OTLP),
    "OTLP with a bit gone": lambda rng: bytes(byte ^ (1 << rng.randrange(8)) * (rng.random() < 0.05) for byte in OTLP),
    "schema that is not known": lambda rng: b"\0" + rng.randbytes(4) + b"\x02" + junk(rng),
    "frame cut off": lambda rng: b"\0" + rng.randbytes(rng.randint(0, 4)),
    "header that is no schema": lambda rng: (junk(rng), (("__value_schema_id", b"\x01" + rng.randbytes(16)),)),
    "stream cut off": lambda rng: cut(rng, b'data: {"choices":[{"delta":{"content":"Nine."}}]}\n\ndata: [DONE]\n\n'),
    "stream of junk": lambda rng: b"event: message_start\ndata: {" + b64encode(junk(rng)) + b"\n\n",
    "stream that only ends": lambda _: b"data: [DONE]\n\n",
    "base64 cut off": lambda rng: image(rng, "data:image/png;base64," + PIXEL[: rng.randint(1, 30)]),
    "base64 of junk": lambda rng: image(rng, b64encode(junk(rng, 2000)).decode()),
    "no base64": lambda rng: image(rng, "data:image/png;base64,*~*" * 20),
    "picture of 2 billion pixels a side": lambda rng: image(rng, f"data:image/png;base64,{PIXEL}"),
    "link to nowhere": lambda rng: image(rng, "file:///etc/passwd"),
    "envelopes too deep": lambda rng: quoted_event(rng, rng.randint(6, 12)),
    "quotes too deep": lambda rng: quoted(rng, rng.randint(6, 9)),
    "event without data": lambda _: orjson.dumps(event(None)),
    "event with broken data": lambda rng: orjson.dumps(event(None, data_base64="*" + b64encode(junk(rng)).decode())),
    "event headers of junk": lambda rng: (raw(rng, b"x"), (("ce_specversion", b"\xff"), ("ce_id", junk(rng)))),
    "tenant of junk": lambda rng: (raw(rng, b"x"), (("tenant", b"\xff\xfe\x00"),)),
    "change without a row": lambda _: b'{"op":"u","before":null,"after":"row","ts_ms":1}',
    "array of junk": lambda rng: orjson.dumps([rng.choice(WRONG[4:]), {}, {"a": 1}]),
    "array with one bad log": lambda rng: orjson.dumps([qta(rng), qta(rng, question=[7]), qta(rng)]),
    "lines of which one is cut": lambda rng: b"\n".join([raw(rng, b"x"), cut(rng, raw(rng, b"x")), raw(rng, b"x")]),
    "role that nobody has": lambda rng: conversation(rng, [{"role": "oracle", "content": "Nine."}]),
    "messages that are none": lambda rng: conversation(rng, [None, 7, "text", [], {"content": {}}]),
    "times that never were": lambda rng: orjson.dumps(qta(rng, occurred_at="9999-99-99T99:99:99Z")),
    "time beyond time": lambda rng: span(rng, startTimeUnixNano="9" * 40, endTimeUnixNano=-1),
    "attributes of wrong types": lambda rng: span(rng, attributes=[{"key": 7, "value": {"intValue": "x"}}, None, {}]),
    "choice number of a billion": lambda rng: conversation(
        rng, [], choices=[{"index": 10**9, "message": {"content": 7}}]
    ),
    "key of a megabyte": lambda rng: raw(rng, b"x")[:-1] + b',"' + b"k" * 1_000_000 + b'":1}',
    "a hundred thousand keys": lambda rng: orjson.dumps(qta(rng, **{f"k{at}": at for at in range(100_000)})),
}
N_HEAVY = 3
HEAVY = ("gzip bomb", "zstd bomb", "lz4 bomb", "key of a megabyte", "a hundred thousand keys", "deep arrays")
HOPELESS = (
    "random bytes in a string",
    "overlong UTF-8",
    "surrogate in UTF-8",
    "lone surrogate escape",
    "null byte",
    "UTF-16",
    "UTF-32",
    "Latin-1",
    "two values",
    "Python's repr",
    "NaN",
    "infinity",
    "deep arrays",
    "XML",
    "gzip cut off",
    "gzip of junk",
    "gzip bomb",
    "zstd bomb",
    "lz4 bomb",
    "lz4 cut off",
    "bzip2 cut off",
    "xz cut off",
    "zlib cut off",
    "schema that is not known",
    "header that is no schema",
    "envelopes too deep",
    "quotes too deep",
    "change without a row",
    "array with one bad log",
    "lines of which one is cut",
)


def quoted(rng: random.Random, times: int) -> bytes:
    """JSON in a JSON string in a JSON string …"""
    text = raw(rng, b"x").decode()
    for _ in range(times):
        text = json.dumps(text)
    return text.encode()


def conversation(rng: random.Random, messages: list[Any], **response: Any) -> bytes:
    """A pair of the Chat API."""
    whole = {"id": f"chatcmpl-{rng.getrandbits(64):016x}", "object": "chat.completion", "choices": []} | response
    return orjson.dumps({"request": {"messages": messages}, "response": whole})


@dataclass(frozen=True, slots=True)
class Bad:
    """One record gone wrong, with the name of its kind."""

    kind: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def bad_records(seed: int, count: int) -> list[Bad]:
    """`count` records, all kinds in turn; heavy ones are few."""
    rng = random.Random(seed)  # noqa: S311 - the same every time
    light = [name for name in KINDS if name not in HEAVY]
    names = [*HEAVY * N_HEAVY, *(light[at % len(light)] for at in range(count - N_HEAVY * len(HEAVY)))]
    return [made(name, rng) for name in names]


def made(name: str, rng: random.Random) -> Bad:
    """One record of a kind."""
    found = KINDS[name](rng)
    return Bad(name, found) if isinstance(found, bytes) else Bad(name, *found)
