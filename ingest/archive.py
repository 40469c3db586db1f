"""A zip of JSON, as Inspect writes its .eval logs, becomes one JSON value; bounded, and all in memory.

    header.json, samples/<id>_epoch_<n>.json     -> {…header, "samples": […]}
    _journal/start.json in place of the header   -> a log whose run has not ended

Members are stored, deflated, or compressed with zstd, which the standard library of this Python cannot read.

Source: inspect_ai log/_recorders/eval.py; APPNOTE.TXT 4.4.5 for the numbers of the methods.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import zstandard

ZIP = b"PK\x03\x04"
HEADERS = ("header.json", "_journal/start.json")
SAMPLES = "samples/"
MAX_MEMBERS = 100_000
ENCRYPTED = 0x1
ZSTD_METHOD = 93
LOCAL_HEADER = struct.Struct("<4s5H3I2H")


class BadArchive(Exception):
    """Why a zip cannot be read.

    Attributes:
        reason: a word for `Rejection`.
        detail: for a person, without log content.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def unzipped(value: bytes, max_bytes: int) -> Any:
    """The log in a zip: its header with the samples in it.

    Raises:
        BadArchive: it is damaged, of another kind, encrypted, or unpacks to more than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(value)) as archive:
            return log_in(archive, value, max_bytes)
    except BadArchive:
        raise
    except (zipfile.BadZipFile, zlib.error, zstandard.ZstdError, EOFError, struct.error, ValueError, OSError) as error:
        raise BadArchive("bad_archive", f"a zip that is damaged: {type(error).__name__}") from None
    except (RuntimeError, NotImplementedError) as error:
        raise BadArchive("bad_archive", f"a zip that cannot be unpacked: {type(error).__name__}") from None


def log_in(archive: zipfile.ZipFile, value: bytes, max_bytes: int) -> Any:
    """The header with its samples; sizes are checked as declared, and again as they unpack."""
    members = {member.filename: member for member in archive.infolist()}
    if len(members) > MAX_MEMBERS:
        raise BadArchive("too_large", f"a zip of {len(members)} members; {MAX_MEMBERS} are read at most")
    name = next((name for name in HEADERS if name in members), None)
    if name is None:
        raise BadArchive("unknown_archive", "a zip without header.json or _journal/start.json")
    samples = sorted(
        (member for path, member in members.items() if path.startswith(SAMPLES) and path.endswith(".json")),
        key=lambda member: member.header_offset,
    )
    wanted = (members[name], *samples)
    if sum(member.file_size for member in wanted) > max_bytes:
        raise BadArchive("too_large", f"unpacks to over ingest.max_decompressed_bytes, {max_bytes}")
    header, *rest = parsed(archive, value, wanted, max_bytes)
    if not isinstance(header, dict):
        raise BadArchive("unknown_archive", "a zip whose header is no object")
    return {**header, "samples": rest}


def parsed(
    archive: zipfile.ZipFile, value: bytes, members: tuple[zipfile.ZipInfo, ...], max_bytes: int
) -> Iterator[Any]:
    """The members as JSON, until together they are larger than `max_bytes`."""
    room = max_bytes
    for member in members:
        data = content_of(archive, value, member, room)
        room -= len(data)
        if room < 0:
            raise BadArchive("too_large", f"unpacks to over ingest.max_decompressed_bytes, {max_bytes}")
        try:
            yield orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadArchive("not_json", f"a member of {len(data)} bytes, wrong at character {error.pos}") from None


def content_of(archive: zipfile.ZipFile, value: bytes, member: zipfile.ZipInfo, room: int) -> bytes:
    """What a member unpacks to, at most one byte more than `room`."""
    if member.flag_bits & ENCRYPTED:
        raise BadArchive("bad_archive", "a zip that is encrypted")
    if member.compress_type == ZSTD_METHOD:
        reader = zstandard.ZstdDecompressor().stream_reader(packed(value, member), read_across_frames=True)
        return reader.read(min(room, member.file_size) + 1)
    with archive.open(member) as file:
        return file.read(room + 1)


def packed(value: bytes, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes as they lie in the zip, behind a header of its own."""
    head = LOCAL_HEADER.unpack_from(value, member.header_offset)
    start = member.header_offset + LOCAL_HEADER.size + head[9] + head[10]
    return value[start : start + member.compress_size]
