"""The records that are audited while things go wrong; a function of the seed."""

import base64
import json
import random
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import uuid4

from PIL import Image

from tests.e2e.test_spread_traces import parts_of

if TYPE_CHECKING:
    from tests.broker import Broker

PARTITIONS = 4


def values(seed: int, n: int) -> list[list[bytes]]:
    """For each partition its records: about `n` in all, of which some are sent twice, broken, or parts of a trace.

    What belongs together lies in one partition, in order, so that two audits become the same to the last byte.
    """
    luck = random.Random(seed)  # noqa: S311 - no secret
    partitions: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    for number in range(n):
        partitions[luck.randrange(PARTITIONS)] += some(number, luck)
    return partitions


def some(number: int, luck: random.Random) -> Iterator[bytes]:
    """One record or a few."""
    kind = luck.random()
    if kind < 0.06:
        yield b'{"qta": 1, "question": %d, broken' % number
    elif kind < 0.12:
        yield from (json.dumps(part).encode() for part in parts_of(number))
    else:
        line = {"qta": 1, "question": f"q{number}", "thinking": "t", "answer": "a", "response_id": f"response-{number}"}
        if kind < 0.2:
            line["images"] = [f"data:image/png;base64,{base64.b64encode(picture(luck)).decode()}"]
        yield json.dumps(line).encode()
        if kind > 0.92:
            yield json.dumps(line).encode()


def picture(luck: random.Random) -> bytes:
    """A small image, each another."""
    held = BytesIO()
    Image.frombytes("RGB", (8, 8), luck.randbytes(192)).save(held, "PNG")
    return held.getvalue()


def fill(broker: "Broker", seed: int, n: int) -> tuple[str, int]:
    """A new topic with the records of `values`: its SOURCE, and how many there are."""
    topic = broker.create_topic(f"chaos-{uuid4().hex[:8]}", PARTITIONS)
    partitions = values(seed, n)
    for number, records in enumerate(partitions):
        broker.produce(topic, records, partition=number)
    return f"kafka://{broker.bootstrap}/{topic}", sum(map(len, partitions))
