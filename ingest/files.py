"""A file becomes the values of its records, as bytes, with memory that does not grow with the file.

.jsonl, .ndjson  a line a record, so that offset + 1 is the line number
.json            an element of the array a record, or a top-level value a record
.parquet         a row a record, as JSON; binary columns in base64
anything else    one record of raw bytes
.gz, .zst        looked through
"""

import base64
import gzip
import io
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from ingest.json_values import split_values

CHUNK_BYTES = 1 << 20
PARQUET_ROWS = 64  # rows decoded at a time: images in a row group need not all be in memory
LINE_SUFFIXES = {".jsonl", ".ndjson"}


def values_of(path: Path, max_bytes: int, first: int = 0) -> Iterator[bytes]:
    """The values of the records of `path` from number `first` on.

    A value longer than `max_bytes` is cut to one byte more, so that it is seen to be too long. A file that is not what
    its suffix says, or a compressed stream that breaks off, ends with one record of its raw bytes: no format takes it.

    Raises:
        OSError: the file cannot be read.
    """
    suffix = content_suffix(path)
    if path.suffix == ".parquet":
        return parquet_rows(path, max_bytes, first)
    return islice(stream_values(path, suffix, max_bytes), first, None)


def content_suffix(path: Path) -> str:
    """The suffix below a compression suffix, in lower case."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in {".gz", ".zst"}:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def stream_values(path: Path, suffix: str, max_bytes: int) -> Iterator[bytes]:
    """The values of a file that is read from front to back."""
    try:
        with open_plain(path) as file:
            if suffix in LINE_SUFFIXES:
                yield from lines_of(file, max_bytes)
            elif suffix == ".json":
                yield from split_values(iter(lambda: file.read(CHUNK_BYTES), b""), max_bytes)
            else:
                yield file.read(max_bytes + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError):
        yield raw(path, max_bytes)


def open_plain(path: Path) -> BinaryIO:
    """The file's bytes, decompressed as its suffix says."""
    if path.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    file = path.open("rb")
    if path.suffix.lower() == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=True)
        return io.BufferedReader(cast("io.RawIOBase", reader), CHUNK_BYTES)
    return file


def lines_of(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Lines without their ends; the rest of a line that is too long is passed over."""
    while line := file.readline(max_bytes + 1):
        ended = line.endswith(b"\n")
        yield line.rstrip(b"\r\n") if ended else line
        while not ended and (rest := file.readline(CHUNK_BYTES)):
            ended = rest.endswith(b"\n")


def raw(path: Path, max_bytes: int) -> bytes:
    """The file as it lies on disk, cut as `values_of` says."""
    with path.open("rb") as file:
        return file.read(max_bytes + 1)


def parquet_rows(path: Path, max_bytes: int, first: int) -> Iterator[bytes]:
    """Rows from number `first` on; row groups before it are not read."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                n_rows = file.metadata.row_group(group).num_rows
                if number + n_rows <= first:
                    number += n_rows
                    continue
                for row in group_rows(file, group):
                    if number >= first:
                        yield row
                    number += 1
    except pa.ArrowException:
        if number >= first:
            yield raw(path, max_bytes)


def group_rows(file: pq.ParquetFile, group: int) -> Iterator[bytes]:
    """One row group's rows as JSON objects."""
    for batch in file.iter_batches(PARQUET_ROWS, row_groups=[group]):
        for row in batch.to_pylist():
            yield orjson.dumps(row, default=json_of, option=orjson.OPT_NON_STR_KEYS)


def json_of(value: Any) -> str:
    """What JSON has no type for: bytes in base64, decimals and the like as text."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)
