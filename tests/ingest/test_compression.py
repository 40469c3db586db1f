import bz2
import gzip
import lzma
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Callable

import cramjam
import lz4.frame
import pytest
import zstandard

from ingest.compression import Damaged, TooLarge, decompress

TEXT = b'{"qta": 1, "question": "How wide?", "answer": "' + b"Forty metres. " * 5000 + b'"}'


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(data))


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib fast": lambda data: zlib.compress(data, 1),
    "zlib best": lambda data: zlib.compress(data, 9),
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lz4": lz4.frame.compress,
    "snappy": snappy,
}
EACH = pytest.mark.parametrize("compress", COMPRESS.values(), ids=list(COMPRESS))


@EACH
def test_values_are_unpacked(compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(TEXT), len(TEXT)) == TEXT


@EACH
def test_streams_one_behind_another_are_one_value(compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(TEXT[:9]) + compress(TEXT[9:]), len(TEXT)) == TEXT


@EACH
def test_one_byte_too_many_is_refused(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge):
        decompress(compress(TEXT), len(TEXT) - 1)


@pytest.mark.parametrize("compress", [c for name, c in COMPRESS.items() if name != "zstd"])
def test_values_that_are_cut_off_are_damaged(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Damaged):
        decompress(compress(TEXT)[:-5], len(TEXT))


@EACH
def test_broken_values_raise_nothing_else(compress: Callable[[bytes], bytes]) -> None:
    value = bytearray(compress(TEXT[:500] + random.Random(7).randbytes(1500)))  # noqa: S311 - the same every time
    for at in [*range(40), *range(40, len(value), 7)]:
        broken = bytes(value[:at]) + bytes([value[at] ^ 0x55]) + bytes(value[at + 1 :])
        try:
            decompress(broken, 10_000)
        except (Damaged, TooLarge):
            continue


def test_what_is_not_compressed_stays_as_it_is() -> None:
    assert decompress(TEXT, 10) == TEXT


def test_many_tiny_streams_take_time_in_proportion() -> None:
    value = gzip.compress(b"") * 200_000
    began = time.process_time()
    assert decompress(value, 10) == b""
    assert time.process_time() - began < 20  # a second; hours, when what is left is copied for each


BOMB = """
import bz2, lzma, resource, sys, zlib
import lz4.frame, cramjam
from ingest.compression import TooLarge, decompress
zeros = bytes(200_000_000)
value = {"bz2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress, "lz4": lz4.frame.compress,
         "snappy": lambda data: bytes(cramjam.snappy.compress(data))}[sys.argv[1]](zeros)
del zeros
open("/proc/self/clear_refs", "w").write("5")  # the peak of the process begins anew
before = int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
try:
    decompress(value, 1_000_000)
except TooLarge:
    peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
    print((peak - before) // 1024)
"""


@pytest.mark.parametrize("name", ["bz2", "xz", "zlib", "lz4", "snappy"])
def test_a_bomb_is_not_unpacked(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", BOMB, name], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60  # MB, of 200
