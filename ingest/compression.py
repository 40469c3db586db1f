"""Compressed values are unpacked, told by their first bytes, and never further than allowed.

gzip, zstd, zlib, bzip2 and xz always; LZ4 and Snappy frames where the extra `kafka` brings their libraries.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

import zstandard

CHUNK_BYTES = 1 << 20
FIRST_BYTES = 1 << 8
XZ_MEMORY_BYTES = 1 << 28  # a dictionary may ask for up to 1.5 GB
SNAPPY_BLOCK_BYTES = 1 << 16  # "the uncompressed length … must not be longer than 65536 bytes"
SNAPPY_HEAD = b"\xff\x06\x00\x00sNaPpY"


class TooLarge(Exception):
    """A compressed value unpacks to more than is allowed."""


class Damaged(Exception):
    """A compressed value that is cut off or broken; the message names the kind of error, never content."""


class NotInstalled(Exception):
    """A compression whose library is not installed; the message names the extra."""


def decompress(value: bytes, max_bytes: int) -> bytes:
    """`value` unpacked when it is compressed, else as it is.

    Raises:
        TooLarge: it unpacks to more than `max_bytes`; not much more than that was unpacked.
        Damaged: it is cut off or broken.
        NotInstalled: its library is not there.
    """
    pieces = next((pieces_of for magic, pieces_of in COMPRESSIONS if value.startswith(magic)), None)
    if pieces is None:
        return value
    unpacked = bytearray()
    try:
        for piece in pieces(value, max_bytes):
            unpacked += piece
            if len(unpacked) > max_bytes:
                raise TooLarge
    except ImportError:
        raise NotInstalled("LZ4 and Snappy need the extra 'kafka'") from None
    except BROKEN as error:
        raise Damaged(type(error).__name__) from None
    return bytes(unpacked)


BROKEN = (zlib.error, zstandard.ZstdError, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError)


class Unpacker(Protocol):
    """One stream, as the libraries of zlib, bzip2, xz and LZ4 have it."""

    @property
    def eof(self) -> bool:
        """Whether the stream ended in what it was given."""

    @property
    def unused_data(self) -> bytes | None:
        """What it was given behind its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """The next piece; when it is shorter than `max_length`, all of `data` went into it."""


def with_streams(new: Callable[[], Any]) -> Callable[[bytes, int], Iterator[bytes]]:
    """The streams of a library that gives no more than it is asked for, one behind another.

    Each is given a little, then more: what it gives back unused is copied, and streams may be many and tiny.
    """

    def pieces(value: bytes, max_bytes: int) -> Iterator[bytes]:
        at = 0
        while at < len(value):
            stream: Unpacker = new()
            n_bytes = FIRST_BYTES
            while not stream.eof:
                if at >= len(value):
                    raise EOFError
                yield stream.decompress(value[at : at + n_bytes], max_bytes + 1)
                at = min(at + n_bytes, len(value))
                n_bytes *= 2
            at -= len(stream.unused_data or b"")

    return pieces


def unzstd(value: bytes, max_bytes: int) -> Iterator[bytes]:  # noqa: ARG001 - asked for piece by piece
    """All frames of a zstd value; a frame that is cut off gives what it holds, and fails as JSON."""
    reader = zstandard.ZstdDecompressor().stream_reader(value, read_across_frames=True)
    while piece := reader.read(CHUNK_BYTES):  # it allocates what it is asked for
        yield piece


def lz4_stream() -> Any:
    """A frame of LZ4."""
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


def unsnappy(value: bytes, max_bytes: int) -> Iterator[bytes]:  # noqa: ARG001 - block by block
    """The blocks of a Snappy frame; checksums are left alone, JSON that is damaged is not read.

    Source: google/snappy, framing_format.txt.
    """
    at = 0
    while at < len(value):
        kind, end = value[at], at + 4 + int.from_bytes(value[at + 1 : at + 4], "little")
        if end > len(value) or at + 4 > len(value):
            raise EOFError
        body = value[at + 8 : end]
        at = end
        if kind == 0:
            yield snappy_block(body)
        elif kind == 1:
            yield body
        elif 2 <= kind <= 0x7F:
            raise ValueError  # "reserved unskippable"


def snappy_block(body: bytes) -> bytes:
    """One block, unpacked."""
    import cramjam

    try:
        if cramjam.snappy.decompress_raw_len(body) > SNAPPY_BLOCK_BYTES:
            raise ValueError
        return bytes(cast("Any", cramjam.snappy.decompress_raw(body)))
    except cramjam.DecompressionError:  # of no kind that Python knows
        raise ValueError from None


# zlib's head is two bytes: deflate with a window of 32 kB, at four levels; "x" begins neither JSON nor a stream.
COMPRESSIONS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes, int], Iterator[bytes]]], ...] = (
    (b"\x1f\x8b", with_streams(lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16))),
    (b"\x28\xb5\x2f\xfd", unzstd),
    ((b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"), with_streams(zlib.decompressobj)),
    (b"BZh", with_streams(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ\x00", with_streams(lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES))),
    (b"\x04\x22\x4d\x18", with_streams(lz4_stream)),
    (SNAPPY_HEAD, unsnappy),
)
