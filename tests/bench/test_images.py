"""What an image costs: against plain Pillow, and in CPU time of a triple, the decoding process included."""

import base64
import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from PIL import Image

from conf.schema import load
from ingest.images.child import KEEP_PAGES
from ingest.images.resolve import Resolver
from ingest.normalize import normalize
from ingest.qta import ImageBlob, Record
from tests.bench.measure import compare_times, machine
from tests.factories import make_record
from tests.ingest.images.drawn import photo

CONFIG = load()
MODEL_PIXELS = CONFIG.auditor.max_image_pixels
GUARD_PIXELS = 700 * 28 * 28  # an image of 700 tokens, which the goals are reckoned with
TEXT = "The moon pulls the water towards it, and the earth turns below. " * 8
TICKS = os.sysconf("SC_CLK_TCK")

# The ways that are compared, each in a process of its own so that its peak of memory can be told: seconds, then kB.
WAYS = """
import io, sys, time
from PIL import Image
from ingest.images.pixels import fit, look, load_decoders
from ingest.images.wire import Ask
path, way, max_pixels = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = open(path, "rb").read()
load_decoders()
def peak():  # of this program; ru_maxrss would count what the process held before it became this
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
base = peak()
def ours():
    look(data, Ask(len(data), 25_000_000, 200.0, 1, max_pixels))
def plain():
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.resize(fit(image.size, max_pixels), Image.Resampling.BICUBIC)
work = {"ours": ours, "plain": plain}[way]
began = time.process_time()
for _ in range(5):
    work()
print((time.process_time() - began) / 5, peak() - base)
"""


def measured(path: Path, way: str, max_pixels: int) -> tuple[float, int]:
    """CPU seconds an image, and kB of memory beyond what the libraries take."""
    command = [sys.executable, "-c", WAYS, str(path), way, str(max_pixels)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **KEEP_PAGES})
    seconds, memory_kb = run.stdout.split()
    return float(seconds), int(memory_kb)


@pytest.mark.parametrize("max_pixels", [GUARD_PIXELS, MODEL_PIXELS])
def test_a_photo_to_the_size_of_the_model_against_plain_pillow(tmp_path: Path, max_pixels: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo((4_000, 3_000)))
    peaks: dict[str, list[int]] = {"ours": [], "plain": []}

    def way(name: str) -> Callable[[], float]:
        def timed() -> float:
            seconds, peak = measured(path, name, max_pixels)
            peaks[name].append(peak)
            return seconds

        return timed

    compare_times(f"12 Mpx JPEG to {max_pixels:,} pixels, CPU", "image", 1, way("ours"), way("plain"))
    ratio = max(peaks["ours"]) / max(peaks["plain"])
    print(f"  peak memory: {ratio:.2f} of plain Pillow's, {max(peaks['ours']) / 1024:.0f} MB")


def cpu_s(resolver: Resolver) -> float:
    """CPU time of this process, and of the one that decodes."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    child = resolver.decoder.child
    if child is None:
        return own.ru_utime + own.ru_stime
    fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return own.ru_utime + own.ru_stime + (int(fields[11]) + int(fields[12])) / TICKS


def records(images: list[bytes], n: int) -> Iterator[Record]:
    shown = [f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" for data in images]
    for at in range(n):
        row = {"qta": 1, "question": f"{at} {TEXT}", "thinking": TEXT, "answer": TEXT, "images": shown}
        yield make_record(orjson.dumps(row), at)


@pytest.mark.parametrize(
    ("name", "size", "n"),
    [("text", None, 5_000), ("1 Mpx JPEG", (1_000, 1_000), 200), ("12 Mpx JPEG", (4_000, 3_000), 40)],
)
def test_cpu_time_of_a_triple(name: str, size: tuple[int, int] | None, n: int) -> None:
    resolver = Resolver(CONFIG.images, MODEL_PIXELS)
    images = [photo(size)] if size else []
    for record in records(images, 3):
        normalize(record, CONFIG.ingest, resolver)
    prepared = list(records(images, n))
    began, wall = cpu_s(resolver), time.perf_counter()
    for record in prepared:
        (triple,) = normalize(record, CONFIG.ingest, resolver).triples
        assert all(isinstance(image, ImageBlob) for image in triple.images)
    spent, wall = cpu_s(resolver) - began, time.perf_counter() - wall
    kb = sum(map(len, images)) / 1024
    for data in images:
        began, n_decodes = time.process_time(), 20
        for _ in range(n_decodes):
            Image.open(io.BytesIO(data)).load()
        print(f"\n{name}: {(time.process_time() - began) / n_decodes * 1000:.2f} ms for Pillow to decode it, no more")
    print(f"\n{name} ({kb:.0f} kB): {spent / n * 1000:.2f} ms of CPU a triple, {wall / n * 1000:.2f} ms of wall time")
    print(f"  on {machine()}")
