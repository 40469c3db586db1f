"""An image without what is written beside its pixels: EXIF, XMP, IPTC, comments, text, thumbnails, what trails behind.

Segments and chunks are taken out of the file as it is; the pixels are not decoded and stay bit for bit. Kept are the
parts that a decoder needs to show the same picture: colour profiles, transparency, animation, and of EXIF the
orientation alone. Whatever is not known to be needed goes.

Source: JPEG (ITU-T T.81, annex B), PNG (third edition, chapter 5), GIF89a, WebP container (RFC 9649, section 2).
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from ingest.qta import ImageBlob, ImageFailure, ImageReason

EXIF_HEAD = b"Exif\0\0"
ICC_HEAD = b"ICC_PROFILE\0"
ORIENTATION_TAG, SHORT = 0x0112, 3

# PNG: critical chunks, and those that say how colours, transparency and frames are shown.
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP", b"mDCV"),
    *(b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}
WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
WEBP_FRAME_KEPT = {b"VP8 ", b"VP8L", b"ALPH"}
WEBP_FRAME_HEAD = 16
WEBP_EXIF_FLAG, WEBP_XMP_FLAG = 0x08, 0x04
GIF_LOOPS = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}


class Unstrippable(ValueError):
    """A file whose parts cannot be told from each other; a decoder may show it all the same."""


def without_metadata(image: ImageBlob | ImageFailure) -> ImageBlob | ImageFailure:
    """The image with nothing beside its pixels; one that cannot be stripped is not kept."""
    if isinstance(image, ImageFailure):
        return image
    try:
        data = strip(image.data, image.media_type)
    except Unstrippable:
        return ImageFailure(ImageReason.DECODE_ERROR, image.ref_kind, image.origin)
    return replace(image, data=data, sha256=hashlib.sha256(data).hexdigest())


def strip(data: bytes, media_type: str) -> bytes:
    """The file without its metadata.

    Args:
        data: the whole file; what is cut off at its end stays cut off.
        media_type: as sniffed.

    Raises:
        Unstrippable: it is not built as its type says, or is of no type that we take.
    """
    if media_type not in STRIPPERS:
        raise Unstrippable(media_type)
    try:
        return STRIPPERS[media_type](data)
    except (IndexError, struct.error) as error:
        raise Unstrippable(media_type) from error


def jpeg(data: bytes) -> bytes:
    """Keeps tables, frames and scans, JFIF without its thumbnail, the colour profile, Adobe's colour transform."""
    if data[:2] != b"\xff\xd8":
        raise Unstrippable("no JPEG")
    kept, orientation = [data[:2]], 1
    for marker, segment in jpeg_segments(data):
        body = segment[4:]
        if marker == 0xE1 and body.startswith(EXIF_HEAD):
            orientation = orientation_in(body[len(EXIF_HEAD) :]) or orientation
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            kept.append(b"\xff\xe0\x00\x10" + body[:12].ljust(12, b"\0") + b"\0\0")
        elif is_needed(marker, body):
            kept.append(segment)
    if orientation != 1:
        kept.insert(1, jpeg_segment(0xE1, EXIF_HEAD + exif_with(orientation)))
    return b"".join(kept)


def is_needed(marker: int, body: bytes) -> bool:
    """Whether a JPEG segment takes part in showing the picture."""
    if marker == 0xE2:
        return body.startswith(ICC_HEAD)
    return (marker == 0xEE and body.startswith(b"Adobe")) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment behind the first one, a scan's data with its header; up to the end of image."""
    at = 2
    while at < len(data) - 1:
        if data[at] != 0xFF:
            raise Unstrippable("no marker")
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker == 0xD9:
            yield marker, data[at : at + 2]
            return
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            end = at + 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0xDA:
                end = scan_end(data, end)
        if end < at + 2:
            raise Unstrippable("no length")
        yield marker, data[at:end]
        at = end


def scan_end(data: bytes, at: int) -> int:
    """Where a scan's data ends: at the next marker that is no restart and no stuffed byte."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] not in (0x00, *range(0xD0, 0xD8)):
            return at
        at += 2


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A segment with its length."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def png(data: bytes) -> bytes:
    """Keeps PNG_KEPT, up to the end chunk."""
    if not data.startswith(PNG_SIGNATURE):
        raise Unstrippable("no PNG")
    kept, orientation = [PNG_SIGNATURE], 1
    for kind, chunk in png_chunks(data):
        if kind == b"eXIf":
            orientation = orientation_in(chunk[8:-4]) or orientation
        elif kind in PNG_KEPT:
            kept.append(chunk)
    if orientation != 1:
        body = b"eXIf" + exif_with(orientation)
        kept.insert(2, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(kept)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and bytes of each chunk up to the end chunk; the last may be cut off."""
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(data):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end


def gif(data: bytes) -> bytes:
    """Keeps screen, colours, frames with their timing, and loops; up to the trailer."""
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise Unstrippable("no GIF")
    at = 13 + colour_bytes(data[10])
    kept = [data[:at]]
    while at < len(data):
        end, is_kept = gif_block(data, at)
        if is_kept:
            kept.append(data[at:end])
        if data[at] == 0x3B:
            break
        at = end
    return b"".join(kept)


def gif_block(data: bytes, at: int) -> tuple[int, bool]:
    """Where the block at `at` ends, and whether it is kept."""
    if data[at] == 0x3B:
        return at + 1, True
    if data[at] == 0x2C:
        return sub_blocks_end(data, at + 11 + colour_bytes(data[at + 9])), True
    if data[at] != 0x21:
        raise Unstrippable("no block")
    is_kept = data[at + 1] == 0xF9 or (data[at + 1] == 0xFF and data[at + 3 : at + 14] in GIF_LOOPS)
    return sub_blocks_end(data, at + 2), is_kept


def colour_bytes(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def sub_blocks_end(data: bytes, at: int) -> int:
    """Where a chain of sub-blocks ends, its empty block included; at the end of a file that is cut off."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return min(at + 1, len(data))


def webp(data: bytes) -> bytes:
    """Keeps WEBP_KEPT, in frames WEBP_FRAME_KEPT; of EXIF the orientation."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise Unstrippable("no WebP")
    kept, orientation = [], 1
    for kind, body in riff_chunks(data[12 : 8 + int.from_bytes(data[4:8], "little")]):
        if kind == b"EXIF":
            orientation = orientation_in(body.removeprefix(EXIF_HEAD)) or orientation
        elif kind in WEBP_KEPT:
            kept.append((kind, webp_frame(body) if kind == b"ANMF" else body))
    has_exif = orientation != 1 and kept[0][0] == b"VP8X"
    if has_exif:
        kept.append((b"EXIF", exif_with(orientation)))
    if kept[0][0] == b"VP8X":
        kept[0] = (b"VP8X", webp_flags(kept[0][1], has_exif=has_exif))
    body = b"WEBP" + b"".join(riff_chunk(kind, body) for kind, body in kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_flags(body: bytes, *, has_exif: bool) -> bytes:
    """The extended header, which says whether metadata follow."""
    flags = body[0] & ~(WEBP_EXIF_FLAG | WEBP_XMP_FLAG) | (WEBP_EXIF_FLAG if has_exif else 0)
    return bytes((flags,)) + body[1:]


def webp_frame(body: bytes) -> bytes:
    """A frame without what is unknown in it."""
    chunks = riff_chunks(body[WEBP_FRAME_HEAD:])
    return body[:WEBP_FRAME_HEAD] + b"".join(riff_chunk(kind, part) for kind, part in chunks if kind in WEBP_FRAME_KEPT)


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length, padded to an even one."""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def orientation_in(exif: bytes) -> int | None:
    """How EXIF says that the picture is to be turned, 1 to 8; None where it does not say."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 10:
        return None
    (at,) = struct.unpack(f"{order}I", exif[4:8])
    count = int.from_bytes(exif[at : at + 2], "little" if order == "<" else "big")
    for entry in (exif[at + 2 + 12 * number : at + 14 + 12 * number] for number in range(count)):
        if len(entry) < 12:
            return None
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        if (tag, kind) == (ORIENTATION_TAG, SHORT):
            (value,) = struct.unpack(f"{order}H", entry[8:10])
            return value if 1 <= value <= 8 else None
    return None


def exif_with(orientation: int) -> bytes:
    """EXIF that says nothing but how the picture is to be turned."""
    entry = struct.pack(">HHIHH", ORIENTATION_TAG, SHORT, 1, orientation, 0)
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", 1) + entry + struct.pack(">I", 0)


STRIPPERS = {"image/jpeg": jpeg, "image/png": png, "image/gif": gif, "image/webp": webp}
