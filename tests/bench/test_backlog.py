"""Memory of an audit with a tenfold backlog against a onefold one: what waits in the topic must not be in memory."""

import base64
import json
import random
import re
import subprocess
import sys
import time
from functools import cache
from io import BytesIO
from pathlib import Path
from statistics import median

import pytest
from PIL import Image

from tests.bench.measure import machine
from tests.bench.test_consume import PARTITIONS, chat_record
from tests.broker import Broker

ROOT = Path(__file__).parents[2]
N_RECORDS = 3_000  # fetches are of up to 50 MB: with fewer records a onefold backlog is a fetch or two, and small
EVERY = 5  # one record in so many has an image; not a divisor of the partitions, which would put all images in one
N_DRAWN = 16
LOOK_S = 0.05
N_ONEFOLD = 3  # runs, of which the one in the middle counts: when a peak comes is a matter of luck

pytestmark = pytest.mark.kafka


@cache
def drawn(seed: int, side: int = 1000) -> bytes:
    """A photograph-like JPEG of one megapixel."""
    noise = Image.frombytes("RGB", (50, 50), random.Random(seed).randbytes(50 * 50 * 3))  # noqa: S311 - no secret
    held = BytesIO()
    noise.resize((side, side), Image.Resampling.BICUBIC).save(held, "JPEG", quality=85)
    return held.getvalue()


def jpeg(number: int) -> bytes:
    """One of a few photographs, made another image by a comment in it: drawing each would take most of the time."""
    photo, comment = drawn(number % N_DRAWN), f"{number}".encode()
    return photo[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + photo[2:]


def image_record(number: int) -> bytes:
    """A record in our own format with an image of one megapixel."""
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg(number)).decode()
    line = {"qta": 1, "question": f"What is this? {number}", "answer": "A cloud.", "images": [url]}
    return json.dumps(line | {"response_id": f"image-{number}"}).encode()


def fill(broker: Broker, topic: str, n_records: int) -> str:
    """A topic of chats, some with images."""
    broker.create_topic(topic, PARTITIONS)
    broker.produce(topic, (image_record(n) if n % EVERY == 0 else chat_record(n) for n in range(n_records)))
    return f"kafka://{broker.bootstrap}/{topic}"


def peak_mb(source: str, db: Path) -> float:
    """Peak memory of `traceaudit run` on `source`, in MB, as it stood shortly before its end.

    What the system says of a process that has ended would count what this one held when it was made.
    """
    words = ["run", source, "--backend", "scripted", "--db", str(db), "--set", "batching.max_records=64"]
    process = subprocess.Popen([sys.executable, "-m", "auditor", *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    peak_kb = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak_kb = max([peak_kb, *(int(kb) for kb in re.findall(r"VmHWM:\s+(\d+)", status))])
        time.sleep(LOOK_S)
    assert process.returncode == 0
    return peak_kb / 1024


def test_memory_of_a_tenfold_backlog(broker: Broker, tmp_path: Path) -> None:
    small, large = fill(broker, "bench-onefold", N_RECORDS), fill(broker, "bench-tenfold", 10 * N_RECORDS)
    onefold = sorted(peak_mb(small, tmp_path / f"{n}.duckdb") for n in range(N_ONEFOLD))
    tenfold = peak_mb(large, tmp_path / "tenfold.duckdb")
    shown = ", ".join(f"{peak:.0f}" for peak in onefold)
    print(f"\nmemory of a tenfold backlog: {tenfold / median(onefold):.2f} times that of a onefold")
    print(f"  {tenfold:.0f} MB against {shown} MB\n  on {machine()}")
