"""Images decoded in a process of its own: whatever one does there, the others and the record are none the worse."""

import base64
import json
import os
import pickle
import signal
import threading
import time
import zlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
import pytest
from PIL import Image

from conf.schema import Images, load
from ingest.images.decoder import Decoded, Decoder, check
from ingest.images.pixels import shrink
from ingest.images.resolve import Resolver
from ingest.images.wire import Answer, Ask
from ingest.normalize import normalize
from ingest.qta import ImageBlob, ImageFailure, ImageReason
from tests.factories import make_record
from tests.ingest.images.drawn import encoded, photo, picture, png_chunk, png_header, png_of_zeros

HOSTILE = Path(__file__).parents[3] / ".." / "shared" / "samples" / "hostile-images"
CONFIG = load()
LIMITS = CONFIG.images
MODEL_PIXELS = CONFIG.auditor.max_image_pixels
GOOD = encoded(picture())
MB = 2**20


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    resolver = Resolver(LIMITS, MODEL_PIXELS)
    yield resolver
    resolver.decoder.close()


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(limits(), MODEL_PIXELS)
    yield decoder
    decoder.close()


def limits(**changes: float) -> Images:
    return LIMITS.model_copy(update=changes)


def seen(data: bytes, resolver: Resolver) -> ImageBlob | ImageFailure:
    """What became of an image that a record brings; the record itself always becomes a triple."""
    row = {"qta": 1, "question": "What is it?", "answer": "A picture.", "images": [{"data": base64.b64encode(data)}]}
    item = normalize(make_record(orjson.dumps(row, default=bytes.decode)), CONFIG.ingest, resolver)
    assert len(item.triples) == 1
    return item.triples[0].images[0]


def peak_bytes(resolver: Resolver) -> int:
    """The most memory that the child ever held."""
    assert resolver.decoder.child
    status = Path(f"/proc/{resolver.decoder.child.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def slow_jpeg(n_scans: int = 90, side: int = 4_000) -> bytes:
    """Few enough scans to be looked at, and each is a pass over 16 million pixels."""
    data = encoded(Image.new("L", (side, side)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * n_scans + data[-2:]


def animation(kind: str, n_frames: int) -> bytes:
    frames = [Image.new("P", (40, 40), n % 256) for n in range(n_frames)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """A good PNG with one more chunk behind its header."""
    return GOOD[:33] + png_chunk(kind + body) + GOOD[33:]


def deflated(n_bytes: int) -> bytes:
    return zlib.compress(bytes(n_bytes), 9)


HOSTILE_DRAWN = {
    "1 bit, 65,500 squared": png_of_zeros(65_500, 2_000).replace(png_header(65_500, 2_000), png_header(65_500, 65_500)),
    "GIF of 2,000 frames": animation("GIF", 2_000),
    "APNG of 500 frames": animation("PNG", 500),
    "zTXt bomb": with_chunk(b"zTXt", b"Comment\0\0" + deflated(200 * MB)),
    "iCCP bomb": with_chunk(b"iCCP", b"icc\0\0" + deflated(200 * MB)),
    "cut off": photo((800, 600))[:9_000],
    "polyglot": GOOD + b"PK\x03\x04<script>alert(1)</script>%PDF-1.7",
    "JPEG of 300 scans": slow_jpeg(300, 400),
    "header only": png_header(3_000, 3_000),
    "random behind a signature": GOOD[:40] + os.urandom(5_000),
}


@pytest.mark.parametrize("name", HOSTILE_DRAWN)
def test_hostile_images_of_our_own_are_contained(name: str, resolver: Resolver) -> None:
    began = time.monotonic()
    found = seen(HOSTILE_DRAWN[name], resolver)
    assert isinstance(found, ImageBlob) or found.reason in {
        ImageReason.DECODE_ERROR,
        ImageReason.DECOMPRESSION_BOMB,
    }
    assert time.monotonic() - began < 5
    assert isinstance(seen(GOOD, resolver), ImageBlob)
    assert peak_bytes(resolver) < 512 * MB


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="shared samples are not beside this checkout")
def test_hostile_images_end_in_bounded_time_and_memory(resolver: Resolver) -> None:
    """Each of the 75 files is part of a record that gives a triple; the child lives within 512 MB all the while."""
    names = [file["file"] for file in json.loads((HOSTILE / "manifest.json").read_text())["files"]]
    assert len(names) == 75
    for name in names:
        began = time.monotonic()
        found = seen((HOSTILE / name).read_bytes(), resolver)
        assert time.monotonic() - began < 5, name
        assert isinstance(found, ImageBlob | ImageFailure)
    assert isinstance(seen(GOOD, resolver), ImageBlob)
    assert peak_bytes(resolver) < 512 * MB


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "CMYK"), ("PNG", "I;16"), ("PNG", "LA")])
def test_the_largest_images_allowed_fit_into_the_memory_allowed(kind: str, mode: str, resolver: Resolver) -> None:
    assert isinstance(seen(encoded(Image.new(mode, (5_000, 5_000)), kind), resolver), ImageBlob)


def test_an_image_that_needs_too_much_memory_is_refused_and_the_next_is_not() -> None:
    resolver = Resolver(limits(decode_memory_bytes=80 * MB), MODEL_PIXELS)
    found = seen(encoded(Image.new("RGBA", (5_000, 5_000)), "PNG"), resolver)
    assert isinstance(found, ImageFailure)
    assert found.reason is ImageReason.DECOMPRESSION_BOMB
    assert isinstance(seen(GOOD, resolver), ImageBlob)


def test_an_image_that_takes_too_long_is_given_up_and_the_next_is_not() -> None:
    resolver = Resolver(limits(decode_timeout_s=0.5), MODEL_PIXELS)
    assert isinstance(seen(GOOD, resolver), ImageBlob)
    began = time.monotonic()
    found = seen(slow_jpeg(), resolver)
    assert isinstance(found, ImageFailure)
    assert found.reason is ImageReason.TIMEOUT
    assert time.monotonic() - began < 3
    assert isinstance(seen(GOOD, resolver), ImageBlob)


def test_a_child_that_stands_still_is_given_up() -> None:
    decoder = Decoder(limits(decode_timeout_s=0.3))
    pid = decoder.running().process.pid
    os.kill(pid, signal.SIGSTOP)
    assert decoder.decode(GOOD) is ImageReason.TIMEOUT
    assert isinstance(decoder.decode(GOOD), Decoded)


def cpu_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def kill_at_work(pid: int) -> None:
    """SIGKILL, once the process has worked for a while on what it was given."""
    before = cpu_ticks(pid)
    while cpu_ticks(pid) < before + 10:
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)


def test_a_child_killed_in_the_middle_of_an_image_costs_that_image_only(resolver: Resolver) -> None:
    data = slow_jpeg()
    threading.Thread(target=kill_at_work, args=(resolver.decoder.running().process.pid,)).start()
    found = seen(data, resolver)
    assert isinstance(found, ImageFailure)
    assert found.reason is ImageReason.DECODE_ERROR
    assert isinstance(seen(GOOD, resolver), ImageBlob)


def test_a_child_killed_between_images_costs_none(decoder: Decoder) -> None:
    child = decoder.running()
    child.process.kill()
    child.process.wait()
    assert isinstance(decoder.decode(GOOD), Decoded)


def test_one_child_serves_all_images_and_none_is_started_for_text() -> None:
    decoder = Decoder(LIMITS)
    assert decoder.child is None
    pids = {decoder.running().process.pid for _ in range(3) if decoder.decode(GOOD)}
    assert len(pids) == 1


def test_no_child_outlives_its_decoder() -> None:
    decoder = Decoder(LIMITS)
    process = decoder.running().process
    del decoder
    assert process.poll() is not None


def test_the_child_sees_nothing_of_the_environment(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    names = Path(f"/proc/{decoder.running().process.pid}/environ").read_bytes().split(b"\0")
    allowed = {b"PYTHONPATH", b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_TRIM_THRESHOLD_"}
    assert {name.split(b"=")[0] for name in names if name} == allowed


def decode_elsewhere(decoder: Decoder, target: Connection) -> None:
    found = decoder.decode(GOOD)
    target.send((type(found).__name__, decoder.running().process.pid))


def test_forks_and_daemons_start_children_of_their_own(decoder: Decoder) -> None:
    """As a worker of Spark does, which is forked from a process that may have decoded before, and is daemonic."""
    here = decoder.running().process.pid
    context = get_context("fork")
    target, source = context.Pipe()
    fork = context.Process(target=decode_elsewhere, args=(decoder, source), daemon=True)
    fork.start()
    name, there = target.recv()
    fork.join(10)
    assert (name, fork.exitcode) == ("Decoded", 0)
    assert there != here
    assert isinstance(decoder.decode(GOOD), Decoded)
    assert decoder.running().process.pid == here


def test_a_decoder_can_be_sent_to_another_process(decoder: Decoder) -> None:
    decoder.decode(GOOD)
    sent = pickle.loads(pickle.dumps(decoder))  # noqa: S301 - our own
    assert sent.child is None
    assert isinstance(sent.decode(GOOD), Decoded)


@pytest.mark.parametrize(
    "data",
    [
        photo((3_000, 2_000)),
        encoded(picture((50, 40)), "GIF"),
        encoded(Image.new("RGBA", (1_500, 1_100), (9, 80, 200, 70))),
        encoded(picture((1_200, 1_000)), "WEBP"),
        encoded(Image.new("I;16", (30, 20), 40_000)),
    ],
    ids=["JPEG", "GIF", "RGBA", "WEBP", "16 bit"],
)
def test_the_copy_is_what_shrinking_the_original_gives(data: bytes, decoder: Decoder) -> None:
    found, want = decoder.decode(data), shrink(data, MODEL_PIXELS)
    assert isinstance(found, Decoded)
    assert found.copy
    assert ((found.copy.width, found.copy.height), found.copy.pixels) == (want.size, want.tobytes())


def test_the_copy_is_small_enough_and_counts_among_the_bytes_held(resolver: Resolver) -> None:
    data = photo((3_000, 2_000))
    row = {"qta": 1, "question": "?", "answer": "!", "images": [{"data": base64.b64encode(data).decode()}]}
    record = make_record(orjson.dumps(row))
    item = normalize(record, CONFIG.ingest, resolver)
    (image,) = item.triples[0].images
    assert isinstance(image, ImageBlob)
    assert image.copy
    assert len(image.copy.pixels) <= 3 * MODEL_PIXELS
    assert item.n_bytes == len(record.value) + len(data) + len(image.copy.pixels)
    assert len(repr(image)) < 500


ASK = Ask(100, 1_000, 200.0, 1, 100)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", 10, 10, 11, 10, 330),
        Answer(b"", 10, 10, 10, 10, 299),
        Answer(b"", 0, 10, 10, 10, 300),
        Answer(b"", 100, 11, 10, 10, 300),
        Answer(b"", 10, 10, 0, 0, 0),
    ],
    ids=["too large", "too few bytes", "no size", "more than allowed", "no copy"],
)
def test_an_answer_that_does_not_fit_is_not_believed(answer: Answer) -> None:
    check(ASK, Answer(b"", 10, 10, 10, 10, 300))
    with pytest.raises(ValueError, match="does not fit"):
        check(ASK, answer)
